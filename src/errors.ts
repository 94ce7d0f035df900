/**
 * One error class. `code` is stable and made for programs; the text is free and made for people.
 * A code exists only if a caller would act differently on it.
 */
export const errorCodes = [
  "INVALID_ARGUMENT", // the call is wrong; correct it
  "TOO_LARGE", // a key, value or token is over its limit
  "BAD_CONTEXT", // the context belongs to another key, or no store issued it; read again
  "UNAVAILABLE", // too few replicas can answer; try again, or ask for fewer
  "TIMEOUT", // too few replicas answered in time
  "OVERLOADED", // a queue or a lease is exhausted; back off
  "CLOCK_SKEW", // clocks are further apart than allowed; have them mended
  "TOO_MANY_SIBLINGS", // read and write with the context before writing more
  "RETRY_EXPIRED", // too late to say whether an earlier try happened; read, and begin a new operation
  "MERGE_FAILED", // the application's merge threw or made no value; mend it, or replace the siblings by a write with the context
  "UNAUTHENTICATED", // wrong or missing credentials
  "PROTOCOL", // the other side speaks another version, or garbage
  "CLOSED", // this client or node was closed
  "STORAGE", // the disk refuses
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** `none`: the operation certainly did not happen and never will. `unknown`: it may have happened, or may yet. */
export type Outcome = "none" | "unknown";

export interface ErrorDetails {
  /** Answers needed and got, of what kind ("w", "pw", "r", …), and who gave them. */
  readonly need?: number;
  readonly got?: number;
  readonly of?: string;
  readonly answered?: readonly string[];
}

export interface ErrorOptions {
  readonly outcome?: Outcome;
  readonly retryable?: boolean;
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
}

export class CoterieError extends Error {
  readonly code: ErrorCode;
  readonly outcome: Outcome;
  /** The same call may succeed later or at another node. With outcome `unknown`, retry with the same operation id. */
  readonly retryable: boolean;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CoterieError";
    this.code = code;
    this.outcome = options.outcome ?? "none";
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }
}

export function invalidArgument(message: string): CoterieError {
  return new CoterieError("INVALID_ARGUMENT", message);
}

export function tooLarge(message: string): CoterieError {
  return new CoterieError("TOO_LARGE", message);
}

export function badContext(message: string, options: { readonly cause?: unknown } = {}): CoterieError {
  return new CoterieError("BAD_CONTEXT", message, options);
}

export function unavailable(message: string, outcome: Outcome, details?: ErrorDetails): CoterieError {
  return new CoterieError("UNAVAILABLE", message, { outcome, retryable: true, ...(details && { details }) });
}

export function timedOut(message: string, outcome: Outcome, details?: ErrorDetails): CoterieError {
  return new CoterieError("TIMEOUT", message, { outcome, retryable: true, ...(details && { details }) });
}

export function overloaded(message: string): CoterieError {
  return new CoterieError("OVERLOADED", message, { retryable: true });
}

export function clockSkew(message: string): CoterieError {
  return new CoterieError("CLOCK_SKEW", message, { retryable: true }); // another node's clock may be right
}

export function tooManySiblings(message: string): CoterieError {
  return new CoterieError("TOO_MANY_SIBLINGS", message);
}

export function retryExpired(message: string): CoterieError {
  return new CoterieError("RETRY_EXPIRED", message, { outcome: "unknown" });
}

/** @param options cause: what the merge threw */
export function mergeFailed(message: string, options: Pick<ErrorOptions, "cause"> = {}): CoterieError {
  return new CoterieError("MERGE_FAILED", message, options);
}

export function unauthenticated(message: string): CoterieError {
  return new CoterieError("UNAUTHENTICATED", message);
}

export function protocol(message: string): CoterieError {
  return new CoterieError("PROTOCOL", message);
}

export function closed(message: string, outcome: Outcome = "none"): CoterieError {
  return new CoterieError("CLOSED", message, { outcome });
}

/** @param options retryable: only this node's disk is the trouble, and it may pass */
export function storage(message: string, options: Pick<ErrorOptions, "cause" | "retryable"> = {}): CoterieError {
  return new CoterieError("STORAGE", message, options);
}
