/**
 * Random play with collection: clients, copies between replicas, crashes, lost and late messages, and time that passes in between.
 * I2c: once a replica has removed a tombstone, nothing that the tombstone had seen is ever live again, at any replica. I0: and no
 * dot is issued twice, though replicas forget what they issued.
 *
 * Messages may be lost, overtake each other and be late, but not by a lifetime: that is the one thing that the proof assumes.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { dotsOf as dotsIn } from "../../src/causal-context.ts";
import { has, type StoredObject } from "../../src/object.ts";
import { isDeleted } from "../../src/shown.ts";
import { sequenceOf } from "../../src/op-id.ts";
import { decodeRecord } from "../../src/record.ts";
import type { NodeId } from "../../src/ring.ts";
import type { Effect } from "../../node/effects.ts";
import { Cluster, dotText, keyOf, type Envelope } from "./cluster.ts";

const key = "carts/alice";
const nodes = ["n1", "n2", "n3"] as const;
const lifetimeMs = 8000;
const tickMs = 500;
/** Five seconds for a message, and one for a request: together less than a lifetime. */
const lateTicks = 10;

const node = fc.constantFrom(...nodes);
const commands = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant("put" as const), node, knows: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("delete" as const), node }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("copy" as const), node, other: node }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("deliver" as const), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("drop" as const), at: fc.nat() }) },
  // Kept back while others go on, and let go later.
  { weight: 4, arbitrary: fc.record({ do: fc.constant("hold" as const), at: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("release" as const), at: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("sync" as const), node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("crash" as const), node }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("tick" as const), count: fc.integer({ min: 1, max: 3 }) }) },
  // What a healthy hour does: everything arrives, replicas are copied, time passes.
  { weight: 4, arbitrary: fc.record({ do: fc.constant("rest" as const), count: fc.constantFrom(3, 6, 8, 30) }) },
);
type Command = typeof commands extends fc.Arbitrary<infer C> ? C : never;

interface Held {
  readonly envelope: Envelope;
  readonly sinceTick: number;
}

class Play {
  collected = 0;
  readonly #cluster = new Cluster({
    tuning: { tombstoneAgeMs: 1000, messageLifetimeMs: lifetimeMs },
    observe: (one, effect) => this.#observe(one, effect),
  });
  readonly #dead = new Set<string>();
  readonly #issued = new Map<string, number>();
  readonly #tokens: Uint8Array[] = [];
  readonly #held: Held[] = [];
  #ticks = 0;
  #operations = 0;

  run(script: readonly Command[]): void {
    for (const command of script) this.#take(command);
  }

  #take(command: Command): void {
    const cluster = this.#cluster;
    switch (command.do) {
      case "put":
        return this.#write(command.node, "tea", this.#tokens.at(-command.knows));
      case "delete":
        return this.#delete(command.node);
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
      case "tick":
        return this.#pass(command.count);
      case "rest":
        return this.#rest(command.count);
    }
  }

  #write(at: NodeId, value: string | undefined, context: Uint8Array | undefined): void {
    const request = this.#cluster.put(at, key, value, { context, w: 1, op: ++this.#operations, deadlineMs: 1000 });
    this.#cluster.sync(at);
    if (request.answer?.kind === "PutReply") this.#tokens.push(request.context);
  }

  /** Of all that one node knows. */
  #delete(at: NodeId): void {
    const get = this.#cluster.get(at, key, { r: 1, deadlineMs: 1000 });
    if (get.answer?.kind !== "GetReply") return;
    const token = get.token(key);
    this.#tokens.push(token);
    this.#write(at, undefined, token);
  }

  #copy(from: NodeId, to: NodeId): void {
    const record = this.#cluster.record(from, key);
    if (from === to || record === undefined) return;
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
    for (let left = ticks; left > 0; left--) this.#pass(1);
  }

  #observe(one: NodeId, effect: Effect): void {
    if (effect.kind !== "persist") return;
    for (const { table, value } of effect.writes) {
      if (table !== "objects") continue;
      if (value === undefined) this.#bury(this.#cluster.object(one, key));
      else this.#check(decodeRecord(value));
    }
  }

  #bury(before: StoredObject): void {
    expect(isDeleted(before), "a value is removed").toBe(true);
    this.collected++;
    for (const dot of dotsIn(before.context)) if (!has(before, dot)) this.#dead.add(dotText(dot));
  }

  #check({ siblings }: StoredObject): void {
    for (const { dot, op } of siblings) {
      expect(this.#dead.has(dotText(dot)), `I2c: ${dotText(dot)} is live again`).toBe(false);
      const before = this.#issued.get(dotText(dot)) ?? sequenceOf(op);
      expect(before, `I0: ${dotText(dot)} names two operations`).toBe(sequenceOf(op));
      this.#issued.set(dotText(dot), sequenceOf(op));
    }
  }
}

test("I2c and I0 hold through random play, and much is collected in it", () => {
  let collected = 0;
  fc.assert(
    fc.property(fc.array(commands, { minLength: 20, maxLength: 80, size: "max" }), (script) => {
      const play = new Play();
      play.run(script);
      collected += play.collected;
    }),
    { numRuns: 1000 },
  );
  expect(collected).toBeGreaterThan(500);
});
