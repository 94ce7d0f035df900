/** What callers may choose, per kind of call. The options of `RequestOptions` are explained there. */
import { invalidArgument } from "../src/errors.ts";
import { optionNames, type RequestOptions } from "../src/options.ts";
import type { Context } from "./context.ts";

export interface GetOptions extends Pick<
  RequestOptions,
  "n" | "r" | "pr" | "timeoutMs" | "fanout" | "sloppy" | "readRepair"
> {
  /** Leave the values out: `siblings` then holds an `undefined` for each. */
  readonly head?: boolean | undefined;
  /** Say which nodes answered. */
  readonly details?: boolean | undefined;
}

export interface PutOptions extends Pick<RequestOptions, "n" | "w" | "pw" | "dw" | "timeoutMs" | "sloppy"> {
  /**
   * What this write replaces. Left out: all that this client has read or written of the key. `null`: nothing, a blind
   * write that becomes a sibling of whatever is there.
   */
  readonly context?: Context | string | null | undefined;
  /** Return the siblings as they are after the write. */
  readonly returnValue?: boolean | undefined;
  readonly details?: boolean | undefined;
}

/** Of the read and of the write after it; what both know holds for each. */
export interface UpdateOptions
  extends Omit<PutOptions, "context">, Pick<RequestOptions, "r" | "pr" | "fanout" | "readRepair"> {}

/** Of a read of a replicated data type. */
export type ReadOptions = Omit<GetOptions, "head">;

/** Of a change of a replicated data type, and of the read before it if it takes away something. */
export interface EditOptions extends UpdateOptions {
  /** The result of an earlier `get` of the key: what is taken away is what that has shown, and nothing is read now. */
  readonly seen?: object | undefined;
}

const getNames = ["n", "r", "pr", "timeoutMs", "fanout", "sloppy", "readRepair", "head", "details"];
const readNames = getNames.filter((name) => name !== "head");
const putNames = ["n", "w", "pw", "dw", "timeoutMs", "sloppy", "context", "returnValue", "details"];
const updateNames = [...new Set([...readNames, ...putNames])].filter((name) => name !== "context");
const requestNames = optionNames.filter((name) => name !== "resolver");
export const optionNamesOf: Readonly<
  Record<
    "get" | "put" | "update" | "bucket" | "read" | "edit" | "data" | "set" | "flag" | "connect" | "status",
    readonly string[]
  >
> = {
  get: getNames,
  put: putNames,
  update: updateNames,
  bucket: [...requestNames, "resolver"],
  read: readNames,
  edit: [...updateNames, "seen"],
  data: requestNames,
  set: [...requestNames, "wins"],
  flag: [...requestNames, "wins"],
  connect: ["auth", "connectTimeoutMs"],
  status: ["timeoutMs", "partitions"],
};

/** A misspelt option must not be ignored: `{ W: 3 }` would write with the default. @throws INVALID_ARGUMENT */
export function checkNames(kind: keyof typeof optionNamesOf, options: object): void {
  if (options === null || typeof options !== "object")
    throw invalidArgument(`options are an object, not ${String(options)}`);
  for (const name of Object.keys(options)) {
    if (name === "ifMatch" || name === "ifNoneMatch")
      throw invalidArgument(
        `${name} needs a bucket of the strong level: on the eventual level it could not be honoured`,
      );
    if (!optionNamesOf[kind].includes(name))
      throw invalidArgument(`${name} is no option of ${kind}; there are ${optionNamesOf[kind].join(", ")}`);
  }
}
