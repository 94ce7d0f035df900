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

const getNames = ["n", "r", "pr", "timeoutMs", "fanout", "sloppy", "readRepair", "head", "details"];
const putNames = ["n", "w", "pw", "dw", "timeoutMs", "sloppy", "context", "returnValue", "details"];
export const optionNamesOf: Readonly<
  Record<"get" | "put" | "update" | "bucket" | "connect" | "status" | "conflicts", readonly string[]>
> = {
  get: getNames,
  put: putNames,
  update: [...new Set([...getNames, ...putNames])].filter((name) => name !== "context" && name !== "head"),
  bucket: [...optionNames, "resolver"],
  connect: ["auth", "connectTimeoutMs"],
  status: ["timeoutMs", "partitions"],
  conflicts: ["key", "limit", "timeoutMs"],
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
