/**
 * `npm run bench:micro [-- --json]`: what the parts of the hot path cost by themselves, on values of the shape that the store has
 * most (one writer, one sibling, 100 bytes) and on some that hurt (five writers, five siblings).
 */
import { Bench } from "tinybench";
import { contextOf, joinContexts, type CausalContext } from "../src/causal-context.ts";
import { decodeFrame, encodeFrame } from "../src/codec.ts";
import { makeActor, type Dot } from "../src/dot.ts";
import { hashKey, makeKey } from "../src/key.ts";
import type { Message } from "../src/messages.ts";
import { emptyObject, sync, write, type StoredObject } from "../src/object.ts";
import { makeOpId } from "../src/op-id.ts";
import { decodeRecord, encodeRecord, recordProblem } from "../src/record.ts";
import { partitionOf, Ring } from "../src/ring.ts";
import { planRing } from "../src/ring-planner.ts";

const key = makeKey("bench", "key-4711");
const keyHash = hashKey(key);
const [seenBefore, seenSince] = [contextOfOne(9), contextOfOne(10)];
const [gapsHere, gapsThere] = [contextOfFive(1), contextOfFive(2)];
const before = objectOf(1, emptyObject);
const since = objectOf(1, before);
const [fiveHere, fiveThere] = [objectOf(5, emptyObject), objectOf(5, before)];
const record = encodeRecord(keyHash, since);
const ring = new Ring(planRing(membersOf(30), { partitions: 256, replicas: 3 }));
const copies = Array.from({ length: 32 }, (_, id) => replicaPut(id));
const frame = encodeFrame(copies);

const bench = new Bench({ time: 300, warmupTime: 100 })
  .add("context join: one actor, the newer covers the older", () => void joinContexts(seenBefore, seenSince))
  .add("context join: five actors with clouds", () => void joinContexts(gapsHere, gapsThere))
  .add("object sync: one sibling, the newer covers the older", () => void sync(since, before))
  .add("object sync: five siblings, concurrent", () => void sync(fiveHere, fiveThere))
  .add("record encode: one sibling", () => void encodeRecord(keyHash, since))
  .add("record check and decode: one sibling", () => void (recordProblem(record) ?? decodeRecord(record)))
  .add("frame encode: 32 ReplicaPuts", () => void encodeFrame(copies))
  .add("frame decode: 32 ReplicaPuts", () => void decodeFrame(frame))
  .add("primaries of a key: hash and lookup, 30 nodes", () => {
    ring.primaries(partitionOf(Number(hashKey(key) >> 32n), 256), 3);
  });

await bench.run();
const rows = bench.tasks.map(({ name, result }) => {
  if (result.state !== "completed") throw new Error(`${name} did not complete: ${result.state}`);
  return { name, medianNs: Math.round(result.latency.p50 * 1e6), perSecond: Math.round(result.throughput.p50) };
});
if (process.argv.includes("--json")) process.stdout.write(`${JSON.stringify(rows)}\n`);
else
  for (const { name, medianNs } of rows)
    process.stdout.write(`${name.padEnd(54)} ${medianNs.toLocaleString("en").padStart(9)} ns\n`);

function actor(at: number): string {
  return makeActor(`replica${at}`, 1);
}

function contextOfOne(base: number): CausalContext {
  return contextOf(dots(1, base));
}

/** Every second or third dot of each actor, so that bases end early and clouds are long. */
function contextOfFive(offset: number): CausalContext {
  return contextOf(dots(5, 20).filter(({ counter }) => counter % (offset + 1) === 0));
}

function dots(actors: number, counters: number): Dot[] {
  return Array.from({ length: actors * counters }, (_, at) => ({
    actor: actor(at % actors),
    counter: 1 + Math.floor(at / actors),
  }));
}

/** `writers` concurrent writes by clients who had all seen `start`. */
function objectOf(writers: number, start: StoredObject): StoredObject {
  let object = start;
  for (let at = 0; at < writers; at++) {
    const counter = 1 + (start.context.find((events) => events.actor === actor(at))?.base ?? 0);
    const timestamp = { ms: 1_700_000_000_000 + at, counter: 0 };
    const sibling = {
      dot: { actor: actor(at), counter },
      path: "",
      value: new Uint8Array(100),
      timestamp,
      op: makeOpId("client00", at),
    };
    object = write(object, start.context, [sibling], () => undefined);
  }
  return object;
}

function replicaPut(id: number): Message {
  return { kind: "ReplicaPut", id, key, record, timeoutMs: 5000, early: false, standsFor: undefined };
}

function membersOf(count: number): { id: string; url: string; zone: string; weight: number }[] {
  return Array.from({ length: count }, (_, at) => ({
    id: `n${at}`,
    url: `ws://10.0.0.${at}:7401`,
    zone: `z${at}`,
    weight: 1,
  }));
}
