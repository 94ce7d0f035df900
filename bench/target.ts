/** Called once per request, never before `Issue` has returned. */
export type Done = (error?: Error) => void;

export type RequestKind = "put" | "get";

/** Starts one request on the key of this number and calls `done` when it is answered. */
export type Issue = (kind: RequestKind, keyNumber: number, done: Done) => void;

/** What is asked of a target: answers needed by a get and by a put, of 3 replicas, and the size of the values. */
export interface Workload {
  readonly r: number;
  readonly w: number;
  readonly valueBytes: number;
}

/** A cluster of three nodes to be measured, with its client in this process. */
export interface Target {
  readonly name: string;
  start(): Promise<void>;
  /** The way to issue requests of this workload; whatever does not differ between them is prepared here. */
  prepare(workload: Workload): Issue;
  /** Ends every process it started and removes their data; harmless when it was not started. */
  stop(): Promise<void>;
}
