/**
 * Calls of clients in time, drawn by fast-check, for histories that are true by construction: each call has a moment between its call
 * and its return at which it happens, and a model applies them in the order of these moments. And the slowest judge of such
 * histories: every order is tried.
 */
import * as fc from "fast-check";

export interface Times {
  readonly number: number;
  readonly client: string;
  readonly calledAtMs: number;
  readonly returnedAtMs: number;
}

export interface Call<What> extends Times {
  readonly what: What;
  /** When it happens, if it does. */
  readonly atMs: number;
}

/** Each client one call after another; in the order in which they happen. */
export function calls<What>(
  what: fc.Arbitrary<What>,
  clientsMax: number,
  callsMax: number,
): fc.Arbitrary<Call<What>[]> {
  const draw = fc.record({ what, client: fc.nat(clientsMax - 1), restMs: ms, leadMs: ms, lagMs: ms });
  return fc.array(draw, { minLength: 1, maxLength: callsMax, size: "max" }).map((draws) => {
    const nowMs = Array.from({ length: clientsMax }, () => 0);
    const timed = draws.map(({ what, client, restMs, leadMs, lagMs }, at) => {
      const calledAtMs = nowMs[client]! + restMs;
      const atMs = calledAtMs + leadMs;
      nowMs[client] = atMs + lagMs;
      return { number: at + 1, client: `c${client + 1}`, calledAtMs, returnedAtMs: nowMs[client], what, atMs };
    });
    return timed.sort((a, b) => a.atMs - b.atMs || a.number - b.number);
  });
}

/** Short, so that calls often overlap, and often meet in the same moment. */
const ms = fc.nat(6);

export function isBefore(a: Times, b: Times): boolean {
  return a.returnedAtMs < b.calledAtMs;
}

/**
 * Whether there is any order of all that must happen, and of some that may, in which each one is possible.
 * @param next the state after it; `undefined`: it is impossible there
 */
export function hasOrder<One extends Times, State>(
  must: readonly One[],
  may: readonly One[],
  state: State,
  next: (state: State, one: One) => { readonly state: State } | undefined,
): boolean {
  if (must.length === 0) return true;
  return [...must, ...may].some((one) => {
    const after = must.some((other) => other !== one && isBefore(other, one)) ? undefined : next(state, one);
    if (after === undefined) return false;
    const others = (list: readonly One[]): One[] => list.filter((other) => other !== one);
    return hasOrder(others(must), others(may), after.state, next);
  });
}
