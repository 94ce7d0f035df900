/** What the process that compares and its client processes say to each other. */
import type { Run } from "./clients.ts";
import type { Tally } from "./recorder.ts";
import type { Address } from "./system.ts";

/** A client process's place among all of them. */
export interface Place {
  readonly self: number;
  readonly processes: number;
}

export type Command =
  | { readonly kind: "connect"; readonly address: Address }
  | { readonly kind: "fill"; readonly run: Run; readonly place: Place }
  /** Starts at once; times on the clock of `monotonic.ts`. */
  | { readonly kind: "measure"; readonly run: Run; readonly place: Place; readonly fromMs: number }
  | { readonly kind: "read-back"; readonly run: Run; readonly place: Place; readonly keys: Uint32Array };

export type Told =
  | { readonly kind: "ready" }
  | { readonly kind: "progress"; readonly done: number }
  | { readonly kind: "done"; readonly result: Result }
  | { readonly kind: "failed"; readonly message: string };

export type Result =
  | { readonly kind: "connect" }
  | { readonly kind: "fill" }
  | { readonly kind: "measure"; readonly tally: Tally; readonly cpuSeconds: number }
  | { readonly kind: "read-back"; readonly found: Found };

/** What all replicas together hold in the end. */
export interface Found {
  readonly keys: Uint32Array;
  /** As many entries per key as there are processes; of a counter the first is its value. */
  readonly vectors: Uint32Array;
  /** 0 where it could not be read. */
  readonly isTold: Uint8Array;
}
