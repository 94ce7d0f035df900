/**
 * A small simulator: random clients and faults on three replicas and one key, then the exact invariants of scenarios.md §2. The big one
 * in sim/ plays the shipped node over time; this one shrinks to a handful of commands.
 *
 * - I0: no dot is issued for two operations.
 * - I1: after all faults are over, every acknowledged write is in the joined context, and exactly those siblings are live that no
 *   applied write has seen.
 * - I2a: no replica's object ever goes down the lattice. I7: what is acknowledged from disk survives every crash.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { contains, emptyContext, joinContexts, type CausalContext } from "../../src/causal-context.ts";
import { compareDots, type Dot } from "../../src/dot.ts";
import { hashKey } from "../../src/key.ts";
import { emptyObject, isIncluded, sync, type StoredObject } from "../../src/object.ts";
import { sequenceOf } from "../../src/op-id.ts";
import { decodeRecord, recordProblem } from "../../src/record.ts";
import { decodeToken } from "../../src/token.ts";
import type { Effect } from "../../node/effects.ts";
import { Cluster, dotText, keyOf, type Request } from "./cluster.ts";

const key = "carts/alice";
const nodes = ["n1", "n2", "n3"] as const;
const clients = 2;

const node = fc.constantFrom(...nodes);
const commands = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("put" as const), node, client: fc.nat(clients - 1), isBlind: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete" as const), node, client: fc.nat(clients - 1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("retry" as const), node }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("read" as const), node, client: fc.nat(clients - 1) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom("deliver" as const, "drop" as const), at: fc.nat() }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("sync" as const), node, count: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("crash" as const, "stop" as const), node }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom("linkDown" as const, "linkUp" as const), node, other: node }),
  },
  // Only n3 loses a record: with w 2 another replica always has what was acknowledged.
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("forget" as const, "corrupt" as const) }) },
);
type Command = typeof commands extends fc.Arbitrary<infer C> ? C : never;

interface Operation {
  readonly seen: CausalContext;
  readonly value: string | undefined;
  readonly context: Uint8Array | undefined;
  readonly requests: Request[];
}

class Play {
  readonly operations: Operation[] = [];
  /** Dot → sequence of the operation, of everything that any replica ever stored. */
  readonly issued = new Map<string, { readonly dot: Dot; readonly operation: number }>();
  readonly #cluster: Cluster = new Cluster({ observe: (node, effect) => this.#observe(node, effect) });
  readonly #reads: { readonly client: number; readonly request: Request }[] = [];
  readonly #tokens: (Uint8Array | undefined)[] = [];

  run(script: readonly Command[]): StoredObject {
    for (const command of script) this.#take(command);
    for (const one of nodes) {
      if (this.#cluster.isUp(one)) this.#cluster.crash(one);
      this.#cluster.restart(one);
    }
    return nodes.map((one) => this.#objectOf(one)).reduce(sync, emptyObject);
  }

  #take(command: Command): void {
    const cluster = this.#cluster;
    switch (command.do) {
      case "put":
        return this.#write(
          command.node,
          `${this.operations.length}`,
          command.isBlind ? undefined : this.#tokenOf(command.client),
        );
      case "delete":
        return this.#write(command.node, undefined, this.#tokenOf(command.client));
      case "retry":
        return this.#retry(command.node);
      case "read":
        if (cluster.isUp(command.node))
          this.#reads.push({ client: command.client, request: cluster.get(command.node, key) });
        return;
      case "deliver":
      case "drop": {
        const envelope = cluster.inFlight[command.at % Math.max(1, cluster.inFlight.length)];
        if (envelope !== undefined) cluster[command.do](envelope.from, envelope.to, envelope.message.kind);
        return;
      }
      case "sync":
        return cluster.sync(command.node, command.count);
      case "crash":
        if (!cluster.isUp(command.node)) return cluster.restart(command.node);
        return cluster.crash(command.node);
      case "stop":
        return cluster.stop(command.node);
      case "linkDown":
      case "linkUp":
        if (command.node !== command.other) cluster[command.do](command.node, command.other);
        return;
      case "forget":
      case "corrupt":
        if (cluster.record("n3", key) !== undefined) cluster[command.do]("n3", key);
    }
  }

  #write(at: string, value: string | undefined, context: Uint8Array | undefined): void {
    if (!this.#cluster.isUp(at)) return;
    const seen = context === undefined ? emptyContext : decodeToken(hashKey(keyOf(key)), context).context;
    const request = this.#cluster.put(at, key, value, { context, op: this.operations.length });
    this.operations.push({ seen, value, context, requests: [request] });
  }

  /** The last operation that nobody acknowledged, again, perhaps elsewhere. */
  #retry(at: string): void {
    const operation = this.operations.findLastIndex(({ requests }) =>
      requests.every((request) => acknowledged(request) === undefined),
    );
    const found = this.operations[operation];
    if (found === undefined || !this.#cluster.isUp(at)) return;
    found.requests.push(this.#cluster.put(at, key, found.value, { context: found.context, op: operation }));
  }

  /** The token of the client's last read or write that was answered. */
  #tokenOf(client: number): Uint8Array | undefined {
    for (const { request } of this.#reads.filter((read) => read.client === client))
      if (request.answer?.kind === "GetReply" && request.answer.record !== undefined)
        this.#tokens[client] = request.token(key);
    return this.#tokens[client];
  }

  #objectOf(one: string): StoredObject {
    const record = this.#cluster.record(one, key);
    return record === undefined || recordProblem(record) !== undefined ? emptyObject : decodeRecord(record);
  }

  #observe(one: string, effect: Effect): void {
    if (effect.kind !== "persist") return;
    for (const { table, value } of effect.writes) {
      if (table !== "objects" || value === undefined) continue;
      const object = decodeRecord(value);
      expect(isIncluded(this.#objectOf(one), object), "I2a: a replica's object goes down the lattice").toBe(true);
      for (const { dot, op } of object.siblings) this.#issue(dot, sequenceOf(op));
    }
  }

  #issue(dot: Dot, operation: number): void {
    const before = this.issued.get(dotText(dot));
    expect(before?.operation ?? operation, `I0: ${dotText(dot)} names two operations`).toBe(operation);
    this.issued.set(dotText(dot), { dot, operation });
  }
}

function acknowledged(request: Request): CausalContext | undefined {
  if (request.answer?.kind !== "PutReply") return undefined;
  return decodeToken(hashKey(keyOf(key)), request.answer.context).context;
}

test("I0, I1, I2a, I7 hold whatever is lost, crashed, stopped, forgotten and retried", () => {
  // Scenarios.md §2, exact forms. Tokens are what the nodes gave out, so this covers get, put, forgotten records and recovery together.
  fc.assert(
    fc.property(fc.array(commands, { maxLength: 60, size: "max" }), (script) => {
      const play = new Play();
      const end = play.run(script);
      for (const { requests } of play.operations)
        for (const request of requests)
          for (const events of acknowledged(request) ?? [])
            expect(joinContexts(end.context, [events]), "I1: an acknowledged write is lost").toBe(end.context);
      const applied = [...play.issued.values()].filter(({ dot }) => contains(end.context, dot));
      const seen = applied.map(({ operation }) => play.operations[operation]!.seen).reduce(joinContexts, emptyContext);
      const expected = applied.filter(({ dot }) => !contains(seen, dot)).map(({ dot }) => dot);
      expect(
        end.siblings.map(({ dot }) => dotText(dot)),
        "I1: exactly the siblings that nobody has seen",
      ).toEqual(expected.sort(compareDots).map(dotText));
    }),
    { numRuns: 500 },
  );
});
