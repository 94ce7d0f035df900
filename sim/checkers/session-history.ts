/**
 * What sessions did and saw, as far as contexts tell: the history that `session-guarantees.ts` and `causal-past.ts` judge. A
 * context covers what was overwritten as well, so "has seen a write" is "its dot is in the context".
 */
import { contains, contextOf, type CausalContext } from "../../src/causal-context.ts";
import type { Dot } from "../../src/dot.ts";
import type { KeyName } from "../observation.ts";
import { grouped } from "./grouped.ts";

export interface SessionOperation {
  readonly number: number;
  readonly session: string;
  readonly key: KeyName;
  readonly kind: "read" | "write";
  readonly calledAtMs: number;
  /** A session may have several calls under way: only what has returned comes before what is called. */
  readonly returnedAtMs: number;
  /** Only to what was acknowledged anything is owed; but any write that shows up brings along what came before it. */
  readonly outcome: "ok" | "none" | "unknown";
  /** Of a write: what it was written under. Two, if it was tried at two coordinators. */
  readonly dots: readonly Dot[];
  /** Of a read what it has seen of the key; of an acknowledged write what the reply covers. */
  readonly context: CausalContext;
}

/** A replica's state is what somebody sees who looks there, and never looks anywhere else. */
export function stateAsRead(where: string, key: KeyName, context: CausalContext): SessionOperation {
  const times = { calledAtMs: -Infinity, returnedAtMs: Infinity };
  return { number: 0, session: where, key, kind: "read", ...times, outcome: "ok", dots: [], context };
}

export function isRead({ kind, outcome }: SessionOperation): boolean {
  return kind === "read" && outcome === "ok";
}

/** What later reads of its session owe to it: what it has seen, or written for sure. */
export function shownBy({ kind, outcome, dots, context }: SessionOperation): CausalContext {
  if (outcome !== "ok") return [];
  return kind === "read" ? context : contextOf(dots.filter((dot) => contains(context, dot)));
}

export function comesBefore(a: SessionOperation, b: SessionOperation): boolean {
  return a !== b && a.session === b.session && a.returnedAtMs <= b.calledAtMs;
}

export function bySession(operations: readonly SessionOperation[]): Map<string, SessionOperation[]> {
  return grouped(operations, ({ session }) => session);
}

export function formatSessionOperation({ session, kind, number, key }: SessionOperation): string {
  return `${session}'s ${kind} ${number} of ${key}`;
}
