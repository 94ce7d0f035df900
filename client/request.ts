/**
 * One request under way: tried at one node after another inside its deadline, every time under the same operation id. It is itself
 * what waits at a connection, so one that its first node answers takes a message, a promise and this, and no turn of its own.
 *
 *   trying ──answer──▶ over              paused ──time──▶ trying, every node anew
 *     ├──failure──▶ trying the next
 *     └──nobody left to try──▶ paused, or over with the error that says most
 *
 * - A node that answered "too few replicas" or "too late" is not asked again; each other primary is, once, since it may
 *   reach more. Then the error is out: as soon as it is known that nobody can help.
 * - Nodes that are gone, stopping or overloaded may be back: if none gave a verdict, further rounds follow, with backoff and
 *   jitter, until the deadline. What was refused for overload is sent again only as far as the client's successes pay for it.
 * - While there are others to try, one node gets half of the time that is left: it may be frozen.
 * - Once any try of a write may have happened, so may the whole of it: the outcome of the final error says so.
 */
import { closed, CoterieError, unavailable } from "../src/errors.ts";
import type { Answer, Get, Put } from "../src/messages.ts";
import type { Connection } from "./connection.ts";
import type { Operation } from "./operations.ts";
import type { Pool, Route } from "./pool.ts";
import type { Runtime } from "./runtime.ts";
import type { Waiting } from "./waiting-table.ts";

const backoffMs = { first: 10, most: 500 } as const;
const shortestTryMs = 50;

/** Where a request goes, and by whose means. */
export interface Call extends Route {
  readonly host: { readonly pool: Pool; readonly runtime: Runtime };
}

/** What is asked: each try writes its number and its time into it. */
export type Draft = (Get & Blanks) | (Put & Blanks & { ageMs: number });

interface Blanks {
  id: number;
  timeoutMs: number;
}

const noneTried: ReadonlySet<Connection> = new Set();

export abstract class Request<Reply extends Answer, Result, SpecificCall extends Call = Call> implements Waiting {
  readonly isWrite: boolean;
  id = 0;
  giveUpAtMs = 0;
  protected readonly call: SpecificCall;
  readonly #message: Draft;
  readonly #operation: Operation | undefined;
  #deadlineMs = 0;
  /** Where it is tried just now, or was last. */
  #connection: Connection | undefined;
  /** Nothing went wrong so far: `undefined`, as for almost all. */
  #trouble: Trouble | undefined;
  #resolve!: (result: Result) => void;
  #reject!: (error: unknown) => void;

  /** @param operation of a write */
  constructor(call: SpecificCall, message: Draft, operation?: Operation) {
    this.isWrite = operation !== undefined;
    this.call = call;
    this.#message = message;
    this.#operation = operation;
  }

  /** What its caller is told of the answer; what this throws the caller is told, too. */
  protected abstract resultOf(reply: Reply): Result;

  /** A write was answered, or failed for good: it is not tried again. */
  protected ended(_operation: Operation, _hasSucceeded: boolean): void {}

  /**
   * Sends it; once.
   * @throws the error that says most: a node's verdict before a connection's trouble
   */
  send(nowMs: number, timeoutMs: number): Promise<Result> {
    this.#deadlineMs = nowMs + timeoutMs;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#tryNext(nowMs);
    });
  }

  answer(reply: Reply): void {
    this.call.host.pool.retryBudget.succeeded();
    if (this.#operation !== undefined) this.ended(this.#operation, true);
    try {
      this.#resolve(this.resultOf(reply));
    } catch (error) {
      this.#reject(error);
    }
  }

  /** A try has failed. */
  fail(error: CoterieError): void {
    this.#note(error).tried.add(this.#connection!);
    this.#tryNext(this.call.host.runtime.now());
  }

  #tryNext(nowMs: number): void {
    const { pool } = this.call.host;
    const trouble = this.#trouble;
    const leftMs = this.#deadlineMs - nowMs;
    if (trouble !== undefined && (trouble.isFinal || leftMs <= 0)) return this.#failFor(trouble);
    const connection = this.#choose();
    if (connection === undefined) {
      const isAnyTried = trouble !== undefined && trouble.tried.size > 0;
      return this.#endRound(nowMs, isAnyTried ? trouble : this.#note(nobody(pool)));
    }
    if (trouble?.isOverload === true && !pool.retryBudget.take()) return this.#endRound(nowMs, trouble);
    this.#connection = connection;
    trouble?.tried.add(connection);
    const hasOthers = trouble === undefined ? pool.hasSeveral : this.#choose() !== undefined;
    const waitMs = Math.ceil(hasOthers ? Math.max(leftMs / 2, shortestTryMs) : Math.max(leftMs, 1));
    connection.ask(this.#messageFor(nowMs, waitMs), nowMs + waitMs, this);
  }

  /** The next node to try in this round, if there is one. */
  #choose(): Connection | undefined {
    const trouble = this.#trouble;
    return this.call.host.pool.choose(this.call, trouble?.tried ?? noneTried, trouble?.hasVerdict === true);
  }

  /** What was sent once stays as it is, for an outbox may hold it still: further tries send copies. */
  #messageFor(nowMs: number, waitMs: number): Draft {
    const message = this.#trouble === undefined ? this.#message : { ...this.#message };
    message.timeoutMs = waitMs;
    if (message.kind === "Put") message.ageMs = Math.round(nowMs - this.#operation!.beganAtMs);
    return message;
  }

  /** Nobody is left to try, or no successes are there to pay for another try: pauses, or gives up where that can help nothing. */
  #endRound(nowMs: number, trouble: Trouble): void {
    const { runtime } = this.call.host;
    const most = Math.min(backoffMs.first * 2 ** trouble.rounds++, backoffMs.most);
    const pauseMs = most * (0.5 + runtime.random.fraction() / 2);
    if (trouble.isFinal || trouble.hasVerdict || nowMs + pauseMs >= this.#deadlineMs) return this.#failFor(trouble);
    runtime.schedule(pauseMs, () => {
      trouble.tried.clear();
      this.#tryNext(runtime.now());
    });
  }

  #note(error: CoterieError): Trouble {
    this.#trouble ??= new Trouble();
    this.#trouble.add(error);
    if (error.outcome === "unknown" && this.#operation !== undefined) this.#operation.unknownTries++;
    return this.#trouble;
  }

  #failFor(trouble: Trouble): void {
    if (this.#operation !== undefined) this.ended(this.#operation, false);
    this.#reject(trouble.error());
  }
}

/** Why there was no connection to try. */
function nobody(pool: Pool): CoterieError {
  if (pool.isClosed) return closed("this client was closed");
  return pool.refusal ?? unavailable(`no node can be reached: ${pool.problems()}`, "none");
}

/** What went wrong so far, and what of it to tell. */
class Trouble {
  /** In this round. */
  readonly tried = new Set<Connection>();
  /** How many are over. */
  rounds = 0;
  #latest: CoterieError | undefined;
  #verdict: CoterieError | undefined;
  #mayHaveHappened = false;

  /** Whether no other try can help. */
  get isFinal(): boolean {
    return this.#latest?.retryable === false;
  }

  /** Whether the last node that was asked had too much to do. */
  get isOverload(): boolean {
    return this.#latest?.code === "OVERLOADED";
  }

  /** Whether a node has counted replicas for us, and found too few. */
  get hasVerdict(): boolean {
    return this.#verdict !== undefined;
  }

  add(error: CoterieError): void {
    this.#latest = error;
    if (error.outcome === "unknown") this.#mayHaveHappened = true;
    if (error.details.need !== undefined) this.#verdict = error;
  }

  error(): CoterieError {
    const error = this.isFinal ? this.#latest! : (this.#verdict ?? this.#latest!);
    if (!this.#mayHaveHappened || error.outcome === "unknown") return error;
    const { code, message, retryable, details } = error;
    return new CoterieError(code, message, { outcome: "unknown", retryable, details, cause: error });
  }
}
