/**
 * Random play with everything that mends the cluster switched on: hints, stand-ins, read repair, anti-entropy, the scrub, liveness and
 * the collection of tombstones, under crashes, clean stops, empty disks, full disks, lost links and lost messages.
 *
 * - I0: no dot is issued twice. I2a: no replica's object goes down the lattice, but for tombstones that are collected.
 * - I2c: what a collected tombstone had seen is never live again.
 * - Hash trees are as their records are: no walk of the scrub ever finds another one.
 * - When all faults are over, the replicas become equal, no hint is left and none is counted, no acknowledged write is lost, and
 *   exactly those siblings are live that no applied write has seen.
 *
 * What the design takes for granted is kept: messages are not older than a lifetime, and a disk is lost only while the others have
 * all of it.
 */
import { hexOf, toBinary } from "../../src/bytes.ts";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { emptyContext } from "../../src/causal-context.ts";
import { hashKey } from "../../src/key.ts";
import { emptyObject, sync } from "../../src/object.ts";
import { decodeRecord } from "../../src/record.ts";
import type { NodeId } from "../../src/ring.ts";
import { decodeToken } from "../../src/token.ts";
import type { Effect } from "../../node/effects.ts";
import { acknowledged, Audit, type Operation } from "./audit.ts";
import { Cluster, dotText, keyOf, type Envelope, type Request } from "./cluster.ts";

const keys = ["carts/alice", "carts/bob"] as const;
const nodes = ["n1", "n2", "n3", "n4", "n5"] as const;
const primaries: readonly NodeId[] = nodes.slice(0, 3);
const clients = 2;
const tickMs = 50;
/** A message is lost when it has not arrived by then; a request ends by then, and a put is given up for a retry. */
const lateMs = 400;
const timeoutMs = 300;
/** Of a request, its hints or repairs, and their way, together less than a lifetime. */
const lifetimeMs = 5000;
/** More than a node needs to have everything collected that can be. */
const collectedMs = 16_000;
const convergedMs = 120_000;

const node = fc.constantFrom(...nodes);
const primary = fc.constantFrom("n1" as const, "n2" as const, "n3" as const);
const aside = fc.constantFrom("n4" as const, "n5" as const);
const key = fc.constantFrom(...keys);
const client = fc.nat(clients - 1);
const put = fc.record({
  do: fc.constant("put" as const),
  node,
  key,
  client,
  isBlind: fc.boolean(),
  isDelete: fc.boolean(),
  w: fc.constantFrom(1, 2, 3),
  n: fc.constantFrom(1, 3, 3, 3),
  sloppy: fc.boolean(),
});
const commands = fc.oneof(
  { weight: 8, arbitrary: put },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("retry" as const), node }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("get" as const),
      node,
      key,
      client,
      r: fc.constantFrom(1, 2, 3),
      readRepair: fc.constantFrom("async" as const, "blocking" as const),
      sloppy: fc.boolean(),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom("deliver" as const, "drop" as const), at: fc.nat() }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("flow" as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("sync" as const), node, count: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("crash" as const, "stop" as const), node }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("cut" as const, "link" as const), node, other: node }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("isolate" as const, "rejoin" as const), node }) },
  // One beside the primaries that sees none of them, or one again: it stands in, and hands over.
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom("part" as const, "meet" as const), node: aside, other: primary }),
  },
  { weight: 4, arbitrary: put.map((one) => ({ ...one, do: "put" as const, node: "n4" as const })) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("full" as const, "room" as const), node }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("pass" as const), ticks: fc.constantFrom(1, 2, 7, 30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("rest" as const, "wipe" as const), node }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("clear" as const), node, key, client }) },
);
type Command = typeof commands extends fc.Arbitrary<infer C> ? C : never;
type Put = Extract<Command, { readonly do: "put" }>;

interface Try extends Operation {
  readonly command: Put;
  readonly context: Uint8Array | undefined;
  readonly sinceMs: number;
  readonly requests: Request[];
}

class Play {
  readonly audit = new Audit();
  readonly #cluster = new Cluster({
    nodes: nodes.length,
    tuning: {
      probeIntervalMs: 400,
      probeTimeoutMs: 120,
      antiEntropyIntervalMs: 700,
      antiEntropyConfirmMs: 100,
      scrubIntervalMs: 2000,
      tombstoneAgeMs: 1000,
      messageLifetimeMs: lifetimeMs,
      hintAgeMsMax: 2000,
      readRepairShare: 0.3,
    },
    observe: (one, effect) => this.#observe(one, effect),
  });
  readonly #operations: Try[] = [];
  readonly #reads: { readonly client: number; readonly key: string; readonly request: Request }[] = [];
  readonly #tokens = new Map<string, Uint8Array>();
  readonly #cut = new Set<string>();
  /** Links that a node has cut by itself, which are dialled again. */
  readonly #dial: [NodeId, NodeId][] = [];
  readonly #full = new Set<NodeId>();
  /** They serve no clients any more, and may have stopped. */
  readonly #stopping = new Set<NodeId>();
  #sentAtMs = new WeakMap<Envelope, number>();
  #nowMs = 0;

  run(script: readonly Command[]): void {
    for (const command of script) this.#take(command);
  }

  #take(command: Command): void {
    const cluster = this.#cluster;
    switch (command.do) {
      case "put":
        return this.#put(command);
      case "retry":
        return this.#retry(command.node);
      case "get":
        return this.#get(command);
      case "deliver":
      case "drop": {
        const envelope = cluster.inFlight[command.at % Math.max(1, cluster.inFlight.length)];
        if (envelope !== undefined) cluster[command.do](envelope.from, envelope.to, envelope.message.kind);
        return;
      }
      case "flow":
        return this.#flow();
      case "sync":
        if (!this.#full.has(command.node)) cluster.sync(command.node, command.count);
        return;
      case "crash":
        if (!cluster.isUp(command.node)) return this.#restart(command.node);
        return this.#leave(command.node, () => cluster.crash(command.node));
      case "stop":
        this.#stopping.add(command.node);
        return this.#leave(command.node, () => cluster.stop(command.node));
      case "cut":
      case "link":
        return this.#link(command.node, command.other, command.do === "link");
      case "part":
        for (const other of primaries) this.#link(command.node, other, false);
        return;
      case "meet":
        this.#link(command.node, command.other, true);
        return this.#rest(1200);
      case "isolate":
      case "rejoin":
        for (const other of nodes) this.#link(command.node, other, command.do === "rejoin");
        return;
      case "full":
      case "room":
        return this.#fill(command.node, command.do === "full");
      case "pass":
        for (let left = command.ticks; left > 0; left--) this.#pass();
        return;
      case "rest":
        return this.#rest(collectedMs);
      case "wipe":
        return this.#wipe(command.node);
      case "clear":
        return this.#clear(command);
    }
  }

  // Clients

  #put(command: Put): void {
    const { key, client, isBlind, isDelete } = command;
    if (!this.#cluster.isUp(command.node)) return;
    const context = isBlind && !isDelete ? undefined : this.#tokenOf(client, key);
    const seen = context === undefined ? emptyContext : decodeToken(hashKey(keyOf(key)), context).context;
    this.#operations.push({ key, command, context, seen, sinceMs: this.#nowMs, requests: [] });
    this.#try(this.#operations.length - 1, command.node);
  }

  /** As a client does, before the operation is too old: the last one that nobody has acknowledged, perhaps elsewhere. */
  #retry(at: NodeId): void {
    const operation = this.#operations.findLastIndex(({ key: path, requests }) =>
      requests.every((one) => acknowledged(path, one) === undefined),
    );
    const found = this.#operations[operation];
    if (found !== undefined && this.#cluster.isUp(at) && this.#nowMs < found.sinceMs + lateMs) this.#try(operation, at);
  }

  #try(operation: number, at: NodeId): void {
    const { command, context, requests } = this.#operations[operation]!;
    const { key, isDelete, w, n, sloppy } = command;
    const choice = { context, op: operation, w: Math.min(w, n), n, sloppy, timeoutMs };
    requests.push(this.#cluster.put(at, key, isDelete ? undefined : `${operation}`, choice));
  }

  #get({ node: at, key: path, client: reader, r, readRepair, sloppy }: Extract<Command, { readonly do: "get" }>): void {
    if (!this.#cluster.isUp(at)) return;
    const request = this.#cluster.get(at, path, { r, readRepair, sloppy, timeoutMs });
    this.#reads.push({ client: reader, key: path, request });
  }

  /** Deletes all that can be read, and waits. */
  #clear({ node: at, key: path, client: reader }: Extract<Command, { readonly do: "clear" }>): void {
    this.#get({ do: "get", node: at, key: path, client: reader, r: 2, readRepair: "blocking", sloppy: false });
    this.#flow();
    const choice = { isBlind: false, isDelete: true, w: 2, n: 3, sloppy: false } as const;
    this.#put({ do: "put", node: at, key: path, client: reader, ...choice });
    this.#rest(collectedMs);
  }

  /** Of what the client has read, or written last. */
  #tokenOf(reader: number, path: string): Uint8Array | undefined {
    const name = `${reader} ${path}`;
    for (const { client: other, key: otherKey, request } of this.#reads)
      if (
        other === reader &&
        otherKey === path &&
        request.answer?.kind === "GetReply" &&
        request.answer.record !== undefined
      )
        this.#tokens.set(name, request.token(path));
    return this.#tokens.get(name);
  }

  // Faults

  #leave(one: NodeId, leave: () => void): void {
    if (!this.#cluster.isUp(one)) return;
    this.#fill(one, false);
    leave();
  }

  #link(a: NodeId, b: NodeId, isUp: boolean): void {
    const name = [a, b].sort().join();
    if (a === b || this.#cut.has(name) !== isUp) return;
    if (isUp) this.#cut.delete(name);
    else this.#cut.add(name);
    this.#cluster[isUp ? "linkUp" : "linkDown"](a, b);
  }

  #fill(one: NodeId, isFull: boolean): void {
    if (!this.#cluster.isUp(one) || this.#full.has(one) === isFull) return;
    if (isFull) this.#full.add(one);
    else this.#full.delete(one);
    this.#cluster.input(one, { kind: "diskFull", isFull });
  }

  /** Only while all others have everything, and nobody is away with a part of it. */
  #wipe(one: NodeId): void {
    this.#heal();
    this.#converge();
    this.#cluster.crash(one);
    this.#cluster.replaceDisk(one);
    this.#restart(one);
    if (primaries.includes(one)) this.#converge();
  }

  // Time

  /** What is sent arrives, and what is written is synced where there is room. */
  #flow(): void {
    const isWriting = (one: NodeId): boolean => !this.#full.has(one) && this.#cluster.store(one).unsynced > 0;
    while (this.#cluster.inFlight.length > 0 || nodes.some(isWriting)) {
      this.#cluster.deliverAll();
      for (const one of nodes) if (isWriting(one)) this.#cluster.sync(one);
    }
  }

  #pass(): void {
    const { inFlight } = this.#cluster;
    const inTime = inFlight.filter((envelope) => this.#nowMs < (this.#sentAtMs.get(envelope) ?? this.#nowMs) + lateMs);
    inFlight.splice(0, inFlight.length, ...inTime);
    for (const envelope of inFlight) if (!this.#sentAtMs.has(envelope)) this.#sentAtMs.set(envelope, this.#nowMs);
    this.#nowMs += tickMs;
    this.#cluster.tick(tickMs);
    for (const [a, b] of this.#dial.splice(0)) if (!this.#cut.has([a, b].sort().join())) this.#cluster.linkUp(a, b);
  }

  #rest(ms: number): void {
    for (let left = ms; left > 0; left -= tickMs) {
      this.#flow();
      this.#pass();
    }
    this.#flow();
  }

  // The end

  finish(): void {
    this.#heal();
    this.#converge();
    for (const path of keys) {
      const end = primaries.map((one) => this.#cluster.object(one, path)).reduce(sync, emptyObject);
      this.audit.check(path, end, this.#operations);
    }
    this.#rest(3000); // one more walk over all
    for (const one of nodes)
      expect(this.#cluster.status(one).counters.treesRebuilt, `a tree of ${one} was wrong`).toBe(0);
  }

  #heal(): void {
    for (const one of nodes) this.#fill(one, false);
    for (const one of this.#stopping) if (this.#cluster.isUp(one)) this.#cluster.crash(one);
    for (const one of nodes) if (!this.#cluster.isUp(one)) this.#restart(one);
    for (const a of nodes) for (const b of nodes) this.#link(a, b, true);
  }

  #restart(one: NodeId): void {
    this.#stopping.delete(one);
    this.#cluster.restart(one);
  }

  #converge(): void {
    for (let left = convergedMs; left > 0; left -= 500) {
      this.#rest(500);
      if (this.#isConverged()) return;
    }
    const state = nodes.map((one) => ({
      one,
      records: keys.map((path) => this.#cluster.object(one, path).siblings.map(({ dot }) => dotText(dot))),
      hints: this.#cluster.status(one).hints,
      fresh: this.#cluster.status(one).antiEntropy,
    }));
    expect.fail(`does not converge: ${JSON.stringify(state, undefined, 1)}`);
  }

  #isConverged(): boolean {
    const isSame = (path: string): boolean =>
      primaries.every((one) => hexIn(this.#cluster.record(one, path)) === hexIn(this.#cluster.record("n1", path)));
    const isEmpty = (one: NodeId): boolean => {
      const { hints, antiEntropy } = this.#cluster.status(one);
      const kept = [...this.#cluster.store(one).scan("hints", new Uint8Array(0), Uint8Array.of(0xff))];
      return kept.length === 0 && hints.count === 0 && hints.bytes === 0 && antiEntropy.freshPartitions === 0;
    };
    return keys.every(isSame) && nodes.every(isEmpty);
  }

  // What happens

  #observe(one: NodeId, effect: Effect): void {
    if (effect.kind === "cutLink") this.#dial.push([one, effect.node]);
    if (effect.kind !== "persist") return;
    for (const { table, key: storeKey, value } of effect.writes) {
      if (table === "meta") continue;
      const path = pathIn(table === "hints" ? storeKey.subarray(1 + storeKey[0]!) : storeKey);
      if (table === "hints" && value !== undefined) this.audit.see(path, decodeRecord(value.subarray(6)));
      if (table === "objects")
        this.audit.stored(path, this.#cluster.object(one, path), value === undefined ? undefined : decodeRecord(value));
    }
  }
}

/** The key behind two bytes of partition. */
function pathIn(storeKey: Uint8Array): string {
  const path = keys.find((one) => hexIn(keyOf(one)) === hexIn(storeKey.subarray(2)));
  if (path === undefined) throw new Error(`nobody wrote to ${hexIn(storeKey)}`);
  return path;
}

test("all mechanisms together lose nothing, bring nothing back, and come to rest", () => {
  let collected = 0;
  fc.assert(
    fc.property(fc.array(commands, { minLength: 10, maxLength: 100, size: "max" }), (script) => {
      const play = new Play();
      play.run(script);
      play.finish();
      collected += play.audit.collected;
    }),
    { numRuns: 60 },
  );
  expect(collected).toBeGreaterThan(10);
});

function hexIn(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : hexOf(toBinary(bytes));
}
