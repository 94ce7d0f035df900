/** What callers may choose, per kind of call. The options of `RequestOptions` are explained there. */
import { invalidArgument } from "../src/errors.ts";
import { optionNames, type RequestOptions } from "../src/options.ts";
import type { Context } from "./context.ts";
import type { Resolver } from "./resolver.ts";

export interface GetOptions<T = unknown> extends Pick<
  RequestOptions,
  "n" | "r" | "pr" | "timeoutMs" | "fanout" | "sloppy" | "readRepair"
> {
  /** What becomes of siblings, instead of what the bucket handle says. */
  readonly resolver?: Resolver<T> | undefined;
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
  /**
   * `lww`: take the place of whatever the coordinating node has, seen or not; of what is written elsewhere at the same time the latest
   * holds. Any other: stand beside what the context does not cover.
   */
  readonly resolver?: Pick<Resolver<never>, "kind"> | undefined;
  /** Return the siblings as they are after the write. */
  readonly returnValue?: boolean | undefined;
  readonly details?: boolean | undefined;
}

/** Of the read and of the write after it; what both know holds for each. */
export interface UpdateOptions<T = unknown>
  extends
    Omit<PutOptions, "context" | "resolver">,
    Pick<GetOptions<T>, "r" | "pr" | "fanout" | "readRepair" | "resolver"> {}

/** Of a read of a replicated data type. */
export type ReadOptions = Omit<GetOptions, "head" | "resolver">;

/** Of a change of a replicated data type, and of the read before it if it takes away something. */
export interface EditOptions extends Omit<UpdateOptions, "resolver"> {
  /** The result of an earlier `get` of the key: what is taken away is what that has shown, and nothing is read now. */
  readonly seen?: object | undefined;
}

const getNames = ["n", "r", "pr", "timeoutMs", "fanout", "sloppy", "readRepair", "head", "details", "resolver"];
const putNames = ["n", "w", "pw", "dw", "timeoutMs", "sloppy", "context", "resolver", "returnValue", "details"];
const dataNames = optionNames.filter((name) => name !== "resolver");
const readNames = ["n", "r", "pr", "timeoutMs", "fanout", "sloppy", "readRepair", "details"];
const optionNamesOf: Readonly<
  Record<
    | "get"
    | "put"
    | "update"
    | "bucket"
    | "read"
    | "edit"
    | "data"
    | "set"
    | "flag"
    | "connect"
    | "status"
    | "conflicts",
    readonly string[]
  >
> = {
  get: getNames,
  put: putNames,
  update: [...new Set([...getNames, ...putNames])].filter((name) => name !== "context" && name !== "head"),
  bucket: [...optionNames, "resolveOnRead"],
  read: readNames,
  edit: [...readNames, "w", "pw", "dw", "returnValue", "seen"],
  data: dataNames,
  set: [...dataNames, "wins"],
  flag: [...dataNames, "wins"],
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
