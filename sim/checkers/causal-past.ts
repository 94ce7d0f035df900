/**
 * I5, a second way: no session ever sees a state older than its past. Each write has a past, and a session takes over the pasts of all
 * that it sees; a read must show of its key what the session's past has of it.
 *
 * - Causal: the past of a write is all that its session had seen or written, with their pasts in turn.
 * - PRAM (pipelined): the past of a write is what its session had written before it, and no more.
 *
 * Causal consistency is the four guarantees of `session-guarantees.ts` made transitive, so it implies all of them; PRAM implies all
 * but that writes follow reads.
 *
 * Source: Ahamad et al.: Causal Memory (1995); Lipton, Sandberg: PRAM (1988); Brzezinski et al.: From Session Causality to Causal
 * Consistency (2004).
 */
import { contains, emptyContext, includes, joinContexts, type CausalContext } from "../../src/causal-context.ts";
import type { KeyName } from "../observation.ts";
import {
  bySession,
  comesBefore,
  formatSessionOperation,
  isRead,
  shownBy,
  type SessionOperation,
} from "./session-history.ts";

export type Model = "causal" | "PRAM";

type Past = ReadonlyMap<KeyName, CausalContext>;

const nothing: Past = new Map();

/** @returns one sentence for each read that is older than its session's past */
export function oldReads(operations: readonly SessionOperation[], model: Model): string[] {
  const pasts = new Pasts(operations, model);
  return operations
    .filter(isRead)
    .filter((read) => !includes(read.context, pasts.owedTo(read)))
    .map((read) => `${model}: ${formatSessionOperation(read)} is older than what its session had seen`);
}

class Pasts {
  readonly #model: Model;
  readonly #sessions: ReadonlyMap<string, readonly SessionOperation[]>;
  readonly #writes: readonly SessionOperation[];
  /** What is being worked out stands as nothing: somebody has seen a write before it was made. */
  readonly #known = new Map<SessionOperation, Past>();

  constructor(operations: readonly SessionOperation[], model: Model) {
    this.#model = model;
    this.#sessions = bySession(operations);
    this.#writes = operations.filter(({ dots }) => dots.length > 0);
  }

  owedTo(read: SessionOperation): CausalContext {
    const before = this.#before(read).map((one) => this.#shown(one));
    return join([...before, this.#shown(read)]).get(read.key) ?? emptyContext;
  }

  /** What an operation makes known to its session: what it shows, and the pasts of that. */
  #shown(operation: SessionOperation): Past {
    const shown = shownBy(operation);
    const own: Past = new Map([[operation.key, shown]]);
    if (!isRead(operation)) return own;
    const seen = this.#writes.filter(
      ({ key, dots }) => key === operation.key && dots.some((dot) => contains(operation.context, dot)),
    );
    return join([own, ...seen.map((write) => this.#pastOf(write))]);
  }

  #pastOf(write: SessionOperation): Past {
    const known = this.#known.get(write);
    if (known !== undefined) return known;
    this.#known.set(write, nothing);
    const before = this.#before(write).filter((one) => this.#model === "causal" || !isRead(one));
    const past = join(before.map((one) => this.#shown(one)));
    this.#known.set(write, past);
    return past;
  }

  #before(operation: SessionOperation): readonly SessionOperation[] {
    return (this.#sessions.get(operation.session) ?? []).filter((one) => comesBefore(one, operation));
  }
}

function join(pasts: readonly Past[]): Past {
  const joined = new Map<KeyName, CausalContext>();
  for (const past of pasts)
    for (const [key, context] of past) joined.set(key, joinContexts(joined.get(key) ?? emptyContext, context));
  return joined;
}
