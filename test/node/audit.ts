/**
 * What a random play must hold, however it goes: told of every object that is written anywhere, and of every operation.
 *
 * - I0: no dot is issued for two operations. I2a: no replica's object goes down the lattice, but for tombstones that are collected.
 * - I2c: what a collected tombstone had seen is never live again.
 * - I1, in the end: every acknowledged write is in the context of what is left, or of a tombstone that was collected, and exactly
 *   those siblings are live that no applied write has seen.
 */
import { expect } from "vitest";
import { contains, emptyContext, includes, joinContexts, type CausalContext } from "../../src/causal-context.ts";
import { compareDots, type Dot } from "../../src/dot.ts";
import { hashKey } from "../../src/key.ts";
import { isIncluded, type StoredObject } from "../../src/object.ts";
import { isDeleted } from "../../src/shown.ts";
import { sequenceOf } from "../../src/op-id.ts";
import { decodeToken } from "../../src/token.ts";
import { dotText, keyOf, type Request } from "./cluster.ts";

/** Its place in the list is the sequence of its operation id. */
export interface Operation {
  readonly key: string;
  /** What its writer had seen. */
  readonly seen: CausalContext;
  readonly requests: readonly Request[];
}

interface Issue {
  readonly path: string;
  readonly dot: Dot;
  readonly operation: number;
}

export class Audit {
  collected = 0;
  /** By key and dot, of everything that was ever written on any disk. */
  readonly #issues = new Map<string, Issue>();
  /** What all collected tombstones of a key had seen. */
  readonly #buried = new Map<string, CausalContext>();

  /** A replica's object becomes another one, or is removed. */
  stored(path: string, before: StoredObject, after: StoredObject | undefined): void {
    if (after === undefined) return this.#bury(path, before);
    expect(isIncluded(before, after), "I2a: a replica's object goes down the lattice").toBe(true);
    this.see(path, after);
  }

  /** An object is written, as a hint perhaps. */
  see(path: string, { siblings }: StoredObject): void {
    for (const { dot, value, op } of siblings) {
      const name = `${path} ${dotText(dot)}`;
      const operation = sequenceOf(op);
      expect(this.#issues.get(name)?.operation ?? operation, `I0: ${name} names two operations`).toBe(operation);
      this.#issues.set(name, { path, dot, operation });
      const isDead = value !== undefined && contains(this.#buriedOf(path), dot);
      expect(isDead, `I2c: ${name} is live again`).toBe(false);
    }
  }

  /** @param end the join of all replicas, when nothing happens any more */
  check(path: string, end: StoredObject, operations: readonly Operation[]): void {
    const known = joinContexts(end.context, this.#buriedOf(path));
    for (const { key, requests } of operations)
      if (key === path)
        for (const request of requests)
          expect(
            includes(known, acknowledged(path, request) ?? emptyContext),
            "I1: an acknowledged write is lost",
          ).toBe(true);
    const applied = [...this.#issues.values()].filter((issue) => issue.path === path && contains(known, issue.dot));
    const seen = applied.map(({ operation }) => operations[operation]!.seen).reduce(joinContexts, emptyContext);
    const covered = joinContexts(seen, this.#buriedOf(path));
    const expected = applied.map(({ dot }) => dot).filter((dot) => !contains(covered, dot));
    expect(
      end.siblings.map(({ dot }) => dotText(dot)),
      "I1: exactly the siblings that nobody has seen",
    ).toEqual(expected.sort(compareDots).map(dotText));
  }

  #bury(path: string, before: StoredObject): void {
    expect(isDeleted(before), "a value is removed").toBe(true);
    this.collected++;
    this.#buried.set(path, joinContexts(this.#buriedOf(path), before.context));
  }

  #buriedOf(path: string): CausalContext {
    return this.#buried.get(path) ?? emptyContext;
  }
}

/** What the writer of a put that was acknowledged has seen now, its own write included. */
export function acknowledged(path: string, { answer }: Request): CausalContext | undefined {
  return answer?.kind === "PutReply" ? decodeToken(hashKey(keyOf(path)), answer.context).context : undefined;
}
