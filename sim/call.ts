/**
 * What a client does next, and what it was told. A workload is a generator of these: it yields what is to be done and is given what
 * came of it, so that every call can be left out (as one that was refused) and the rest of the run played again.
 */
import type { ErrorCode } from "../src/errors.ts";
import { formatLiteral } from "../src/literal.ts";
import type { RequestOptions } from "../src/options.ts";
import type { Wish } from "./wish.ts";

/**
 * What a write replaces. `remembered`: what this client has read or written of the key, as in real life. `nothing`: it is blind. `last
 * read`: exactly what the client's last read showed. A number: some context that some client was once given for the key, whichever
 * this picks.
 */
export type Seen = "remembered" | "nothing" | "last read" | number;

interface OfKey {
  readonly bucket: string;
  readonly key: string;
  /** Beside those of the bucket. */
  readonly options?: RequestOptions | undefined;
}

export type Call =
  | (OfKey & { readonly kind: "get" })
  | (OfKey & { readonly kind: "put"; readonly value: unknown; readonly seen?: Seen | undefined })
  | (OfKey & { readonly kind: "delete"; readonly seen?: Seen | undefined })
  /** Reads, changes, and writes with the context of the read. It must not change what it is given. */
  | (OfKey & { readonly kind: "update"; readonly change: (value: never) => unknown })
  /** Reads a replicated data type. */
  | (OfKey & { readonly kind: "look" })
  /** Changes a replicated data type, in one operation. */
  | (OfKey & {
      readonly kind: "change";
      readonly wishes: readonly Wish[];
      readonly seen?: Seen | undefined;
      /** When it is over, and so long after it was begun, it is tried again, whatever came of it: at a node that this number picks. */
      readonly again?: Again | undefined;
    })
  /** Puts a value, or without one deletes, as a register that is the whole of its key. */
  | (OfKey & { readonly kind: "assign"; readonly value?: string | undefined; readonly seen?: Seen | undefined })
  /** The client is thrown away; the next call is another one's. `isSilent`: it does not say which of its operations are over. */
  | { readonly kind: "leave"; readonly isSilent?: boolean | undefined };

export interface Again {
  readonly afterMs: number;
  readonly node: number;
}

/** Time passes. */
export interface Think {
  readonly kind: "think";
  readonly lastsMs: number;
}

export type Step = Call | Think;

/** What came of a call. `none`: it failed and certainly never happens. `unknown`: it may have happened, or may yet. */
export type Told =
  | {
      readonly outcome: "ok";
      /** Of a read: the only sibling, or what the bucket's resolver makes of several. */
      readonly value: unknown;
      readonly siblings: readonly unknown[];
    }
  | { readonly outcome: "none" | "unknown"; readonly error: ErrorCode };

/** Yields steps and is given what came of each; `undefined` after a `think` or a `leave`. */
export type Workload = Generator<Step, void, Told | undefined>;

/** As it stands in a scenario: `{ kind: "put", bucket: "b", key: "k1", value: "v" }`. */
export function formatCall(call: Call): string {
  const fields = Object.entries(call).filter(([, value]) => value !== undefined);
  return `{ ${fields.map(([name, value]) => `${name}: ${formatLiteral(value)}`).join(", ")} }`;
}

/** What tells one written value from another, in a history. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : formatLiteral(value);
}
