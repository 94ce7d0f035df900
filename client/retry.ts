/**
 * Tries a request at one node after another inside its deadline, every time under the same operation id.
 *
 * - A node that answered "too few replicas" or "too late" is not asked again; each other primary is, once, since it may
 *   reach more. Then the error is out: as soon as it is known that nobody can help.
 * - Nodes that are gone, stopping or overloaded may be back: if none gave a verdict, further rounds follow, with backoff and
 *   jitter, until the deadline. What was refused for overload is sent again only as far as the client's successes pay for it.
 * - While there are others to try, one node gets half of the time that is left: it may be frozen.
 * - Once any try of a write may have happened, so may the whole of it: the outcome of the final error says so.
 */
import { closed, CoterieError, unavailable } from "../src/errors.ts";
import type { Answer } from "../src/messages.ts";
import type { Connection } from "./connection.ts";
import type { Operation } from "./operations.ts";
import type { Pool, Route } from "./pool.ts";
import type { Runtime } from "./runtime.ts";

const backoffMs = { first: 10, most: 500 } as const;
const shortestTryMs = 50;

type Try<Reply> = (connection: Connection, timeoutMs: number) => Promise<Reply>;

/**
 * @param operation of a write
 * @throws the error that says most: a node's verdict before a connection's trouble
 */
export async function withRetry<Reply extends Answer>(
  pool: Pool,
  runtime: Runtime,
  route: Route,
  timeoutMs: number,
  attempt: Try<Reply>,
  operation?: Operation,
): Promise<Reply> {
  const deadlineMs = runtime.now() + timeoutMs;
  const first = pool.choose(route, noneTried, false);
  if (first === undefined) return retry(pool, runtime, route, deadlineMs, attempt, new Set(), new Trouble(operation));
  try {
    const reply = await attempt(first, shareOf(timeoutMs, pool.hasSeveral));
    pool.retryBudget.succeeded();
    return reply;
  } catch (error) {
    const trouble = new Trouble(operation);
    trouble.add(error);
    return retry(pool, runtime, route, deadlineMs, attempt, new Set([first]), trouble);
  }
}

const noneTried: ReadonlySet<Connection> = new Set();

async function retry<Reply extends Answer>(
  pool: Pool,
  runtime: Runtime,
  route: Route,
  deadlineMs: number,
  attempt: Try<Reply>,
  tried: Set<Connection>,
  trouble: Trouble,
): Promise<Reply> {
  for (let round = 0; ; round++, tried.clear()) {
    let isHeldBack = false;
    for (;;) {
      const leftMs = deadlineMs - runtime.now();
      if (leftMs <= 0 && trouble.hasAny) throw trouble.error();
      const connection = pool.choose(route, tried, trouble.hasVerdict);
      if (connection === undefined) break;
      isHeldBack = trouble.isOverload && !pool.retryBudget.take();
      if (isHeldBack) break;
      tried.add(connection);
      const hasOthers = pool.choose(route, tried, trouble.hasVerdict) !== undefined;
      try {
        const reply = await attempt(connection, shareOf(leftMs, hasOthers));
        pool.retryBudget.succeeded();
        return reply;
      } catch (error) {
        trouble.add(error);
      }
    }
    if (tried.size === 0 && !isHeldBack) trouble.add(nobody(pool));
    const pauseMs = Math.min(backoffMs.first * 2 ** round, backoffMs.most) * (0.5 + runtime.random.fraction() / 2);
    if (trouble.hasVerdict || runtime.now() + pauseMs >= deadlineMs) throw trouble.error();
    await new Promise<void>((resolve) => void runtime.schedule(pauseMs, resolve));
  }
}

function shareOf(leftMs: number, hasOthers: boolean): number {
  return Math.ceil(hasOthers ? Math.max(leftMs / 2, shortestTryMs) : Math.max(leftMs, 1));
}

/** Why there was no connection to try. */
function nobody(pool: Pool): CoterieError {
  if (pool.isClosed) return closed("this client was closed");
  return pool.refusal ?? unavailable(`no node can be reached: ${pool.problems()}`, "none");
}

/** What went wrong so far, and what of it to tell. */
class Trouble {
  readonly #operation: Operation | undefined;
  #latest: CoterieError | undefined;
  #verdict: CoterieError | undefined;
  #mayHaveHappened = false;

  /** @param operation of a write: its tries are counted of which nobody knows whether they happened */
  constructor(operation: Operation | undefined) {
    this.#operation = operation;
  }

  get hasAny(): boolean {
    return this.#latest !== undefined;
  }

  /** Whether the last node that was asked had too much to do. */
  get isOverload(): boolean {
    return this.#latest?.code === "OVERLOADED";
  }

  /** Whether a node has counted replicas for us, and found too few. */
  get hasVerdict(): boolean {
    return this.#verdict !== undefined;
  }

  /** @throws the error at once if no other try can help */
  add(error: unknown): void {
    if (!(error instanceof CoterieError)) throw error;
    this.#latest = error;
    if (error.outcome === "unknown") this.#mayHaveHappened = true;
    if (error.outcome === "unknown" && this.#operation !== undefined) this.#operation.unknownTries++;
    if (error.details.need !== undefined) this.#verdict = error;
    if (!error.retryable) throw this.#told(error);
  }

  error(): CoterieError {
    return this.#told(this.#verdict ?? this.#latest!);
  }

  #told(error: CoterieError): CoterieError {
    if (!this.#mayHaveHappened || error.outcome === "unknown") return error;
    const { code, message, retryable, details } = error;
    return new CoterieError(code, message, { outcome: "unknown", retryable, details, cause: error });
  }
}
