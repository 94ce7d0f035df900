/**
 * Nodes that are broken on purpose in what they tell their clients, or write for them: each tells something that is false and looks
 * right, so that only what follows from it would show. Each must be caught by the invariant that is meant for it.
 */
import type { Effect, Input } from "../../node/effects.ts";
import { Replica } from "../../node/replica.ts";
import { fromBinary, toBinary } from "../../src/bytes.ts";
import { hashKey } from "../../src/key.ts";
import type { Put, PutReply } from "../../src/messages.ts";
import { latest, type Sibling } from "../../src/object.ts";
import { makeOpId } from "../../src/op-id.ts";
import { decodeRecord, encodeRecord } from "../../src/record.ts";
import type { NodeId } from "../../src/ring.ts";
import { earliest } from "../../src/timestamp.ts";
import { decodeToken, encodeToken } from "../../src/token.ts";
import { storeKeyOf } from "../../sim/place.ts";
import type { CreateMachine } from "../../sim/world.ts";
import type { RunOptions } from "../../sim/index.ts";
import { deluded, tampered, type Mutation } from "./mutant.ts";

function putIn(input: Input): Put | undefined {
  if (input.kind !== "client" && input.kind !== "peer") return undefined;
  return input.message.kind === "Put" ? input.message : undefined;
}

/** Of several siblings it shows one, with a context that covers all of them: the next write with it replaces the others unseen. */
const hidesSiblings = tampered((effects) =>
  effects.map((effect) => {
    if (effect.kind !== "reply" || effect.message.kind !== "GetReply" || effect.message.record === undefined)
      return effect;
    const object = decodeRecord(effect.message.record);
    const { siblings } = object;
    const record = encodeRecord(0n, { ...object, siblings: siblings.slice(0, 1) });
    return siblings.length < 2 ? effect : { ...effect, message: { ...effect.message, record } };
  }),
);

/** It writes something else than it was told to. */
const changesValues = deluded(
  (store) => store,
  (input) => {
    const value = putIn(input)?.value;
    if (value === undefined || value.length < 5) return input;
    const changed = Uint8Array.from(value, (byte, at) => (at === value.length - 1 ? byte ^ 1 : byte));
    return { ...input, message: { ...putIn(input)!, value: changed } } as Input;
  },
);

/** The answer to a put covers all that is there, whether or not the writer has seen it. */
const coversUnseen: CreateMachine = (config, store, now) => {
  const replica = new Replica(config, store, now);
  const keys = new Map<string, Uint8Array>();
  const widened = (message: PutReply, key: Uint8Array): PutReply => {
    const record = store.get("objects", storeKeyOf({ config }, key));
    const object = record && decodeRecord(record);
    if (object === undefined) return message;
    return { ...message, context: encodeToken(hashKey(key), { context: object.context, latest: latest(object) }) };
  };
  return {
    step: (at, input) => {
      const put = putIn(input);
      if (put !== undefined && input.kind === "client") keys.set(`${input.connection} ${put.id}`, put.key);
      return replica.step(at, input).map((effect) => {
        if (effect.kind !== "reply" || effect.message.kind !== "PutReply") return effect;
        const key = keys.get(`${effect.connection} ${effect.message.id}`);
        return key === undefined ? effect : { ...effect, message: widened(effect.message, key) };
      });
    },
  };
};

/** Every try is a new operation to it. */
const forgetsOperations: CreateMachine = (config, store, now) => {
  const replica = new Replica(config, store, now);
  const real = new Map<string, string>();
  const honest = (record: Uint8Array, key: Uint8Array): Uint8Array => {
    const { siblings, spent, context } = decodeRecord(record);
    const named = (sibling: Sibling): Sibling => ({ ...sibling, op: real.get(sibling.op) ?? sibling.op });
    return encodeRecord(hashKey(key), { siblings: siblings.map(named), spent: spent.map(named), context });
  };
  const restored = (effect: Effect): Effect => {
    if (effect.kind === "send" && effect.message.kind === "ReplicaPut") {
      const { message } = effect;
      return { ...effect, message: { ...message, record: honest(message.record, message.key) } };
    }
    if (effect.kind !== "persist") return effect;
    const writes = effect.writes.map((write) =>
      write.table === "objects" && write.value !== undefined
        ? { ...write, value: honest(write.value, write.key.subarray(2)) }
        : write,
    );
    return { ...effect, writes, then: effect.then.map(restored) };
  };
  return {
    step: (at, input) => {
      const put = putIn(input);
      if (put === undefined) return replica.step(at, input).map(restored);
      const op = makeOpId("forgets!", real.size + 1);
      real.set(op, toBinary(put.op));
      return replica.step(at, { ...input, message: { ...put, op: fromBinary(op) } } as Input).map(restored);
    },
  };
};

/** What it has is the same as what anybody has. */
const saysSame = tampered((effects) =>
  effects.map((effect) =>
    effect.kind === "send" && effect.message.kind === "ReplicaGetReply" && effect.message.answer === "record"
      ? { ...effect, message: { ...effect.message, answer: "same", record: undefined } }
      : effect,
  ),
);

/** It goes by its own clock, whatever it replaces. */
const trustsItsClock = deluded(
  (store) => store,
  (input) => {
    const put = putIn(input);
    if (put?.context === undefined) return input;
    const hash = hashKey(put.key);
    const context = encodeToken(hash, { ...decodeToken(hash, put.context), latest: earliest });
    return { ...input, message: { ...put, context } } as Input;
  },
);

/** Who stands in for a primary counts beside it. */
const countsStandInsBesidePrimaries: CreateMachine = (config, store, now) => {
  const replica = new Replica(config, store, now);
  const puts = new Map<number, { readonly asked: Map<NodeId, NodeId>; readonly silent: Set<NodeId> }>();
  const note = (effect: Effect): void => {
    if (effect.kind === "persist") effect.then.forEach(note);
    if (effect.kind !== "send" || effect.message.kind !== "ReplicaPut") return;
    const { id, standsFor } = effect.message;
    const put = puts.get(id) ?? { asked: new Map(), silent: new Set() };
    puts.set(id, put);
    if (standsFor === undefined) put.silent.add(effect.node);
    else put.asked.set(effect.node, standsFor);
  };
  return {
    step: (at, input) => {
      let heard = input;
      if (input.kind === "peer" && input.message.kind === "ReplicaPutReply") {
        const put = puts.get(input.message.id);
        put?.silent.delete(input.node);
        const standsFor = put?.asked.get(input.node);
        const [other] = put?.silent ?? [];
        if (standsFor !== undefined && other !== undefined && !put!.silent.has(standsFor))
          heard = { ...input, node: other };
      }
      const effects = replica.step(at, heard);
      effects.forEach(note);
      return effects;
    },
  };
};

/** Five nodes, all of three wanted, and now and then one of them away. */
const asksStandIns: RunOptions["adjust"] = (profile) => ({
  ...profile,
  shape: { ...profile.shape, nodes: 5, n: 3, options: { defaults: { n: 3 }, buckets: {} } },
  work: {
    ...profile.work,
    buckets: [{ name: "b", n: 3 }],
    w: [3],
    dwMin: 1,
    r: [1],
    sloppy: 1,
    narrow: 0,
    clients: 6,
    thinkMeanMs: 20,
    timeoutMs: 1000,
    burst: undefined,
    primary: 0,
    puts: 0.7,
    deletes: 0,
    valueBytesMax: 10,
  },
  network: { ...profile.network, delayMeanMs: 10 },
  faults: {
    ...profile.faults,
    kinds: ["crash", "partition"],
    paceMs: 500,
    lastsMs: 300,
    damagedNodesMax: 0,
    whims: [],
    leavesCore: false,
  },
});

/** Clocks that differ, stand still and go back. */
const clocksDiffer: RunOptions["adjust"] = (profile) => ({
  ...profile,
  faults: { ...profile.faults, kinds: ["clock"], paceMs: 500, lastsMs: 1000 },
});

/** Calls that take long, so that they are tried again elsewhere, and at the same node. */
const triesAgain: RunOptions["adjust"] = (profile) => ({
  ...profile,
  work: { ...profile.work, timeoutMs: 2000, clients: 6 },
  network: { ...profile.network, loss: 0.2 },
});

export const honestyMutants: readonly Mutation[] = [
  { name: "hides siblings", createMachine: hidesSiblings, invariants: ["I12"], seedsMax: 5 },
  { name: "says that it has the same", createMachine: saysSame, invariants: ["I12"], seedsMax: 3 },
  {
    name: "goes by its own clock",
    createMachine: trustsItsClock,
    invariants: ["I11"],
    seedsMax: 5,
    adjust: clocksDiffer,
  },
  { name: "changes values", createMachine: changesValues, invariants: ["I1"], seedsMax: 3 },
  { name: "covers what its writer has not seen", createMachine: coversUnseen, invariants: ["I9"], seedsMax: 3 },
  {
    name: "forgets operations",
    createMachine: forgetsOperations,
    invariants: ["I1", "I9"],
    seedsMax: 10,
    adjust: triesAgain,
  },
  {
    name: "counts stand-ins beside their primaries",
    createMachine: countsStandInsBesidePrimaries,
    invariants: ["I12"],
    seedsMax: 20,
    adjust: asksStandIns,
  },
];
