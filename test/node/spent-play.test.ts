/**
 * Random play with operations that are tried again, anywhere and late, while what is spent is forgotten: clients, copies between
 * replicas, crashes, lost and late messages, and time that passes in between. I9: no operation counts twice, and one that was
 * acknowledged counts.
 *
 * Amounts are powers of four, so that the sum says of each operation how often it counts. Messages are never late by a lifetime: that is
 * the one thing that the proof assumes.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { counterValue } from "../../src/crdt/counter.ts";
import { rootPath } from "../../src/crdt/path.ts";
import { sync, type StoredObject } from "../../src/object.ts";
import { Cluster, keyOf, type Envelope, type Request } from "./cluster.ts";
import { count, key } from "./counting.ts";

const nodes = ["n1", "n2", "n3", "n4"] as const;
const primaries = ["n1", "n2", "n3"] as const;
const lifetimeMs = 8000;
const retryWindowMs = 12_000;
const tickMs = 500;
/** Five seconds for a message, and one for a request: together less than a lifetime. */
const lateTicks = 10;
/** Four to the power of it is still exact. */
const operationsMax = 26;

const node = fc.constantFrom(...nodes);
const commands = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("add" as const), node }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("retry" as const), node, at: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("copy" as const), node, other: node }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("deliver" as const), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("drop" as const), at: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("hold" as const), at: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("release" as const), at: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("sync" as const), node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("crash" as const), node }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("part" as const), node }) },
  { weight: 2, arbitrary: fc.constant({ do: "heal" as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("tick" as const), count: fc.integer({ min: 1, max: 3 }) }) },
  // What a healthy hour does: everything arrives, replicas are copied, time passes.
  { weight: 4, arbitrary: fc.record({ do: fc.constant("rest" as const), count: fc.constantFrom(3, 6, 20, 50) }) },
);
type Command = typeof commands extends fc.Arbitrary<infer C> ? C : never;

interface Begun {
  readonly op: number;
  readonly amount: number;
  readonly sinceTick: number;
  readonly tries: Request[];
}

class Play {
  readonly #cluster = new Cluster({
    nodes: 4,
    tuning: { retryWindowMs, tombstoneAgeMs: 1e9, messageLifetimeMs: lifetimeMs },
  });
  readonly #begun: Begun[] = [];
  readonly #held: { readonly envelope: Envelope; readonly sinceTick: number }[] = [];
  #ticks = 0;

  run(script: readonly Command[]): void {
    for (const command of script) this.#take(command);
    this.#heal();
    for (let round = 0; round < 3; round++) this.#rest(2);
    this.#check();
  }

  get forgotten(): number {
    return primaries.reduce((sum, one) => sum + this.#cluster.status(one).counters.operationsForgotten, 0);
  }

  /** Operations that were given dots by two coordinators. */
  get retried(): number {
    return this.#begun.filter(({ tries }) => tries.filter(({ answer }) => answer?.kind === "PutReply").length > 1)
      .length;
  }

  #take(command: Command): void {
    const cluster = this.#cluster;
    switch (command.do) {
      case "add":
        return this.#add(command.node);
      case "retry": {
        const begun = this.#begun.at(-1 - command.at);
        return begun && this.#try(command.node, begun);
      }
      case "copy":
        return this.#copy(command.node, command.other);
      case "deliver":
      case "drop": {
        const envelope = cluster.inFlight[command.at % Math.max(1, cluster.inFlight.length)];
        if (envelope !== undefined) cluster[command.do](envelope.from, envelope.to, envelope.message.kind);
        return;
      }
      case "hold": {
        const [envelope] = cluster.inFlight.splice(command.at % Math.max(1, cluster.inFlight.length), 1);
        if (envelope !== undefined) this.#held.push({ envelope, sinceTick: this.#ticks });
        return;
      }
      case "release": {
        const [held] = this.#held.splice(command.at % Math.max(1, this.#held.length), 1);
        if (held !== undefined) cluster.inFlight.unshift(held.envelope);
        return cluster.settle();
      }
      case "sync":
        return cluster.sync(command.node);
      case "crash":
        cluster.crash(command.node);
        return cluster.restart(command.node);
      case "part":
        return cluster.isolate(command.node);
      case "heal":
        return this.#heal();
      case "tick":
        return this.#pass(command.count);
      case "rest":
        return this.#rest(command.count);
    }
  }

  #add(at: (typeof nodes)[number]): void {
    if (this.#begun.length === operationsMax) return;
    const op = this.#begun.length + 1;
    const begun = { op, amount: 4 ** (op - 1), sinceTick: this.#ticks, tries: [] };
    this.#begun.push(begun);
    this.#try(at, begun);
  }

  #try(at: (typeof nodes)[number], { op, amount, sinceTick, tries }: Begun): void {
    const ageMs = (this.#ticks - sinceTick) * tickMs;
    tries.push(count(this.#cluster, at, { op, amount, ageMs }));
    this.#cluster.sync(at);
  }

  #heal(): void {
    for (const a of nodes) for (const b of nodes) if (a < b) this.#cluster.linkUp(a, b);
  }

  #copy(from: string, to: string): void {
    const record = this.#cluster.record(from, key);
    if (from === to || record === undefined || to === "n4") return;
    const put = { kind: "ReplicaPut", id: 0, key: keyOf(key), record, timeoutMs: 1000 } as const;
    this.#cluster.inFlight.push({ from, to, message: { ...put, early: false, standsFor: undefined } });
  }

  /** What is in flight arrives before long; what is held back is lost in the end. */
  #pass(ticks: number): void {
    for (let left = ticks; left > 0; left--) {
      this.#cluster.tick(tickMs);
      this.#ticks++;
      const late = this.#held.findIndex(({ sinceTick }) => this.#ticks - sinceTick <= lateTicks);
      this.#held.splice(0, late < 0 ? this.#held.length : late);
    }
    this.#cluster.settle();
  }

  #rest(ticks: number): void {
    for (const from of nodes) for (const to of nodes) this.#copy(from, to);
    this.#cluster.settle();
    for (let left = ticks; left > 0; left--) this.#pass(1);
  }

  #check(): void {
    const objects: StoredObject[] = primaries.map((one) => this.#cluster.object(one, key));
    const joined = objects.reduce((a, b) => sync(a, b));
    let left = BigInt(counterValue(joined, rootPath("pnCounter")));
    for (const { op, tries } of this.#begun) {
      const times = left % 4n;
      left /= 4n;
      expect(times, `I9: operation ${op} counts ${times} times`).toBeLessThanOrEqual(1n);
      const isAcknowledged = tries.some(({ answer }) => answer?.kind === "PutReply");
      if (isAcknowledged) expect(times, `operation ${op} was acknowledged, and does not count`).toBe(1n);
    }
    expect(left).toBe(0n);
  }
}

test("I9 holds through random play, in which operations are tried again, and forgotten", () => {
  let [forgotten, retried] = [0, 0];
  fc.assert(
    fc.property(fc.array(commands, { minLength: 20, maxLength: 80, size: "max" }), (script) => {
      const play = new Play();
      play.run(script);
      forgotten += play.forgotten;
      retried += play.retried;
    }),
    { numRuns: 500 },
  );
  expect(forgotten).toBeGreaterThan(200);
  expect(retried).toBeGreaterThan(200);
});
