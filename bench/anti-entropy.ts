/**
 * `npm run bench:anti-entropy [-- --keys 100000 --differing 10]`: what it costs two nodes to find and repair what they hold
 * differently: bytes on the wire, messages, virtual and processor time. Both nodes run in this process, each on a store in memory,
 * with a clock that the benchmark moves: what is measured is the node's own code and the frames that it would send.
 */
import { parseArgs } from "node:util";
import { fromBinary, toBinary } from "../src/bytes.ts";
import { encodeFrame } from "../src/codec.ts";
import { makeActor } from "../src/dot.ts";
import { hashKey, makeKey } from "../src/key.ts";
import type { PeerMessage } from "../src/messages.ts";
import { emptyObject, write, type StoredObject } from "../src/object.ts";
import { makeOpId } from "../src/op-id.ts";
import { encodeRecord } from "../src/record.ts";
import { Ring } from "../src/ring.ts";
import { planRing } from "../src/ring-planner.ts";
import type { Effect, Input, Instant } from "../node/effects.ts";
import { Replica } from "../node/replica.ts";
import type { Batch, StoreReader, Table } from "../node/store.ts";
import { defaultTuning, type Tuning } from "../node/tuning.ts";

const { values: flags } = parseArgs({
  options: {
    keys: { type: "string", default: "100000" },
    differing: { type: "string", default: "0,10,10000" },
    partitions: { type: "string", default: "256" },
    value: { type: "string", default: "100" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const usage =
  "bench:anti-entropy [--keys 100000] [--differing 0,10,10000] [--partitions 256] [--value 100] [--json]\n" +
  "keys on each of two nodes; how many of them differ (one run each); partitions of the ring; bytes of a value\n";

const tickMs = 10;
const epochMs = 1_700_000_000_000;
const virtualMsMax = 3_600_000;
const valueBytes = Number(flags.value);

interface Shape {
  readonly keys: number;
  readonly differing: number;
  readonly partitions: number;
}

/** What stood on the wire, both ways. */
interface Tally {
  bytes: number;
  messages: number;
}

/** Sorted by partition, so that a scan costs what it yields. */
class SortedStore implements StoreReader {
  readonly #values = new Map<string, Uint8Array>();
  readonly #sorted = new Map<string, string[]>();

  get size(): number {
    return this.#values.size;
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.#values.get(table + toBinary(key));
  }

  *scan(table: Table, from: Uint8Array, to: Uint8Array): Generator<readonly [Uint8Array, Uint8Array]> {
    const prefix = table + toBinary(from.subarray(0, 2));
    const [first, end] = [table + toBinary(from), table + toBinary(to)];
    const names = this.#sorted.get(prefix) ?? [];
    for (let at = placeIn(names, first); at < names.length && names[at]! < end; at++)
      yield [fromBinary(names[at]!.slice(table.length)), this.#values.get(names[at]!)!];
  }

  commit({ writes }: Batch): void {
    for (const { table, key, value } of writes) if (value !== undefined) this.#set(table, key, value);
  }

  #set(table: Table, key: Uint8Array, value: Uint8Array): void {
    const name = table + toBinary(key);
    if (!this.#values.has(name)) {
      const prefix = name.slice(0, table.length + 2);
      if (!this.#sorted.has(prefix)) this.#sorted.set(prefix, []);
      const names = this.#sorted.get(prefix)!;
      names.splice(placeIn(names, name), 0, name);
    }
    this.#values.set(name, value);
  }
}

/** Two nodes, what flies between them, and the time. */
class Pair {
  readonly stores = [new SortedStore(), new SortedStore()] as const;
  readonly tally: Tally = { bytes: 0, messages: 0 };
  readonly #replicas: readonly Replica[];
  readonly #inFlight: { readonly to: number; readonly message: PeerMessage }[] = [];
  nowMs = 0;

  constructor({ partitions }: Shape, tuning: Tuning) {
    const members = ["n1", "n2"].map((id) => ({ id, url: `ws://${id}`, zone: id, weight: 1 }));
    const ring = new Ring(planRing(members, { partitions, replicas: 2 }));
    const options = { defaults: { n: 2 }, buckets: {} };
    for (const store of this.stores) store.commit({ writes: [{ table: "meta", key: settledKey, value: settledBits }] });
    this.#replicas = members.map(
      ({ id }, at) => new Replica({ id, ring, options, tuning }, this.stores[at]!, this.#instant()),
    );
  }

  start(): void {
    for (const at of [0, 1]) this.#step(at, { kind: "start", freshReplicaId: `replica${at}`, mayBeOlder: false });
  }

  link(): void {
    for (const at of [0, 1]) this.#step(at, { kind: "linkUp", node: nameOf(1 - at) });
  }

  tick(): void {
    this.nowMs += tickMs;
    for (const at of [0, 1]) this.#step(at, { kind: "tick", queuedBytes: 0, lagMs: 0 });
    for (let next = this.#inFlight.shift(); next !== undefined; next = this.#inFlight.shift())
      this.#step(next.to, { kind: "peer", node: nameOf(1 - next.to), message: next.message });
  }

  status(at: number): { antiEntropy: { treesReady: number; keysRepairedHere: number; keysRepairedThere: number } } {
    const effects = this.#replicas[at]!.step(this.#instant(), {
      kind: "client",
      connection: 0,
      message: { kind: "Status", id: 1 },
    });
    for (const effect of effects)
      if (effect.kind === "reply" && effect.message.kind === "StatusReply") return JSON.parse(effect.message.status);
    throw new Error("a node always answers a Status");
  }

  #step(at: number, input: Input): void {
    for (const effect of this.#replicas[at]!.step(this.#instant(), input)) this.#perform(at, effect);
  }

  #perform(at: number, effect: Effect): void {
    if (effect.kind === "deliver") return this.#step(at, effect.input);
    if (effect.kind === "persist") {
      this.stores[at]!.commit(effect);
      for (const then of effect.then) this.#perform(at, then);
    }
    if (effect.kind !== "send") return;
    this.tally.bytes += encodeFrame([effect.message]).length;
    this.tally.messages++;
    this.#inFlight.push({ to: 1 - at, message: effect.message });
  }

  #instant(): Instant {
    return { monotonicMs: this.nowMs, wallMs: epochMs + this.nowMs };
  }
}

/** Where node/freshness.ts keeps which partitions are fresh: none, these disks are old. */
const settledKey = Uint8Array.of(2);
const settledBits = new Uint8Array(512);

if (flags.help) process.stdout.write(usage);
else for (const differing of flags.differing.split(",")) report(Number(differing));

function report(differing: number): void {
  const shape = { keys: Number(flags.keys), differing, partitions: Number(flags.partitions) };
  const row = { ...shape, valueBytes, ...measure(shape) };
  process.stdout.write(flags.json ? `${JSON.stringify(row)}\n` : `${sentenceOf(row)}\n`);
}

function measure(shape: Shape): Record<string, number> {
  const pair = new Pair(shape, defaultTuning);
  fill(pair, shape);
  pair.start();
  const building = run(pair, () => [0, 1].every((at) => pair.status(at).antiEntropy.treesReady === shape.partitions));
  pair.link();
  const repaired = (): number =>
    [0, 1].reduce((sum, at) => {
      const { keysRepairedHere, keysRepairedThere } = pair.status(at).antiEntropy;
      return sum + keysRepairedHere + keysRepairedThere;
    }, 0);
  const untilMs = pair.nowMs + defaultTuning.antiEntropyIntervalMs;
  // With nothing to repair: one whole round.
  const isDone = (): boolean => (shape.differing === 0 ? pair.nowMs >= untilMs : repaired() >= shape.differing);
  const repairing = run(pair, isDone);
  const idle = run(pair, everyMs(pair, defaultTuning.antiEntropyIntervalMs));
  return {
    buildCpuSeconds: building.cpuSeconds / 2,
    buildSeconds: building.seconds,
    bytes: repairing.bytes,
    messages: repairing.messages,
    seconds: repairing.seconds,
    cpuSeconds: repairing.cpuSeconds,
    bytesAfterwards: idle.bytes,
    repaired: repaired(),
  };
}

function everyMs(pair: Pair, ms: number): () => boolean {
  const untilMs = pair.nowMs + ms;
  return () => pair.nowMs >= untilMs;
}

/** Ticks until something holds, and says what that took. */
function run(pair: Pair, isDone: () => boolean): Tally & { seconds: number; cpuSeconds: number } {
  const [before, beganAtMs, began] = [{ ...pair.tally }, pair.nowMs, process.cpuUsage()];
  while (!isDone()) {
    if (pair.nowMs - beganAtMs > virtualMsMax) throw new Error("no end after an hour of virtual time");
    pair.tick();
  }
  const { user, system } = process.cpuUsage(began);
  return {
    bytes: pair.tally.bytes - before.bytes,
    messages: pair.tally.messages - before.messages,
    seconds: (pair.nowMs - beganAtMs) / 1000,
    cpuSeconds: (user + system) / 1e6,
  };
}

/** All keys on both, then of the differing ones a quarter each: missing here, old here, missing there, old there. */
function fill({ stores }: Pair, { keys, differing, partitions }: Shape): void {
  const every = differing === 0 ? Infinity : keys / differing;
  for (let at = 0, next = 0, number = 0; at < keys; at++) {
    const key = makeKey("bench", `key-${at}`);
    const hash = hashKey(key);
    const before = change(emptyObject, at, 1);
    const [old, recent] = [before, change(before, at, 2)].map((object) => encodeRecord(hash, object).slice());
    const partition = Math.floor((Number(hash >> 32n) * partitions) / 2 ** 32);
    const storeKey = Uint8Array.of(partition >>> 8, partition & 0xff, ...key);
    const isDifferent = at >= next && number < differing;
    const kind = isDifferent ? number++ % 4 : -1;
    if (isDifferent) next += every;
    for (const side of [0, 1]) {
      const value = kind < 0 || kind % 2 !== side ? recent : kind < 2 ? undefined : old;
      if (value !== undefined) stores[side]!.commit({ writes: [{ table: "objects", key: storeKey, value }] });
    }
  }
}

function change(object: StoredObject, at: number, counter: number): StoredObject {
  const dot = { actor: makeActor("writer..", 1 + (at % 1000)), counter };
  const timestamp = { ms: epochMs - 1, counter };
  const sibling = {
    dot,
    path: "",
    value: new Uint8Array(valueBytes),
    timestamp,
    op: makeOpId("client..", at),
  };
  return write(object, object.context, [sibling], () => undefined);
}

function placeIn(names: readonly string[], name: string): number {
  let [low, high] = [0, names.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (names[middle]! < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

function nameOf(at: number): string {
  return `n${at + 1}`;
}

function sentenceOf(row: Record<string, number>): string {
  const shown = (name: string): string => row[name]!.toLocaleString("en", { maximumFractionDigits: 2 });
  return [
    `${shown("keys")} keys, ${shown("differing")} differing, ${shown("partitions")} partitions:`,
    `  trees built in ${shown("buildSeconds")} s, ${shown("buildCpuSeconds")} s of processor per node`,
    `  in step after ${shown("seconds")} s: ${shown("bytes")} bytes in ${shown("messages")} messages, ${shown("cpuSeconds")} s of processor`,
    `  ${shown("repaired")} keys repaired; afterwards ${shown("bytesAfterwards")} bytes an interval`,
  ].join("\n");
}
