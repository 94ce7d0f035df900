/**
 * Nodes that are broken on purpose in what they do to replicated data types: each counts twice, removes too much or too little, or
 * chooses where it must not. Each must be caught by the invariant that is meant for it.
 */
import type { Effect, Input } from "../../node/effects.ts";
import { Replica } from "../../node/replica.ts";
import type { NodeConfig } from "../../node/self.ts";
import type { StoreReader } from "../../node/store.ts";
import { fromBinary } from "../../src/bytes.ts";
import { contains, contextOf, dotsOf } from "../../src/causal-context.ts";
import type { Change } from "../../src/crdt/change.ts";
import { isResetMark } from "../../src/crdt/counter.ts";
import { isWithin } from "../../src/crdt/path.ts";
import { hashKey } from "../../src/key.ts";
import type { Put } from "../../src/messages.ts";
import type { StoredObject } from "../../src/object.ts";
import { makeOpId } from "../../src/op-id.ts";
import { decodeRecord, encodeRecord } from "../../src/record.ts";
import { isLater } from "../../src/shown.ts";
import type { RunOptions } from "../../sim/index.ts";
import { recordInHint, storeKeyOf, targetAndKeyIn } from "../../sim/place.ts";
import type { Profile } from "../../sim/profile.ts";
import type { TypedMix } from "../../sim/typed-work.ts";
import type { CreateMachine } from "../../sim/world.ts";
import { tampered, type Mutation } from "./mutant.ts";

type Alter = (object: StoredObject) => StoredObject;

/** Every record that an effect writes or sends, or will when its batch is durable. */
function altered(effect: Effect, alter: Alter): Effect {
  const anew = (record: Uint8Array, key: Uint8Array): Uint8Array =>
    encodeRecord(hashKey(key), alter(decodeRecord(record)));
  if (effect.kind === "send" && effect.message.kind === "ReplicaPut") {
    const { message } = effect;
    return { ...effect, message: { ...message, record: anew(message.record, message.key) } };
  }
  if (effect.kind !== "persist") return effect;
  const writes = effect.writes.map((write) => {
    if (write.value === undefined) return write;
    if (write.table === "objects") return { ...write, value: anew(write.value, write.key.subarray(2)) };
    if (write.table !== "hints") return write;
    const record = recordInHint(write.value);
    const head = write.value.subarray(0, write.value.length - record.length);
    return { ...write, value: Uint8Array.of(...head, ...anew(record, targetAndKeyIn(write.key)[1])) };
  });
  return { ...effect, writes, then: effect.then.map((then) => altered(then, alter)) };
}

function changingPut(input: Input): (Put & { readonly changes: readonly Change[] }) | undefined {
  if ((input.kind !== "client" && input.kind !== "peer") || input.message.kind !== "Put") return undefined;
  const { message } = input;
  return message.changes === undefined ? undefined : { ...message, changes: message.changes };
}

/** Every try is an operation of its own to it. */
const countsRetriesTwice: CreateMachine = (config, store, now) => {
  const replica = new Replica(config, store, now);
  let tries = 0;
  return {
    step: (at, input) => {
      const put = changingPut(input);
      if (put === undefined) return replica.step(at, input);
      tries += 100;
      const op = fromBinary(makeOpId(config.id.padEnd(8, "!"), tries));
      return replica.step(at, { ...input, message: { ...put, op } } as Input);
    },
  };
};

/** What was replaced it forgets on the spot, and tells nobody of it. */
const forgetsSpent = tampered((effects) =>
  effects.map((effect) => altered(effect, (object) => ({ ...object, spent: [] }))),
);

/** Of concurrent writes of registers and values the join keeps the latest. */
const prunesInJoin = tampered((effects, input) => {
  if (input.kind !== "peer" || input.message.kind !== "ReplicaPut") return effects;
  const isAlone = ({ path }: { readonly path: string }): boolean => path === "" || path.endsWith("w");
  const prune: Alter = (object) => ({
    ...object,
    siblings: object.siblings.filter(
      (one) => !isAlone(one) || !object.siblings.some((other) => other.path === one.path && isLater(other, one)),
    ),
  });
  return effects.map((effect) => altered(effect, prune));
});

/** The drops that it hears of are others than were sent. */
function dropping(
  observe: (change: Change & { kind: "drop" }, object: StoredObject | undefined) => Change,
): CreateMachine {
  return (config: NodeConfig, store: StoreReader, now) => {
    const replica = new Replica(config, store, now);
    return {
      step: (at, input) => {
        const put = changingPut(input);
        if (put === undefined) return replica.step(at, input);
        const record = store.get("objects", storeKeyOf({ config }, put.key));
        const object = record && decodeRecord(record);
        const changes = put.changes.map((change) => (change.kind === "drop" ? observe(change, object) : change));
        return replica.step(at, { ...input, message: { ...put, changes } } as Input);
      },
    };
  };
}

/** It removes whatever it has there, seen or not. */
const removesUnseen = dropping((change, object) => {
  const here = object?.siblings.filter(({ path }) => isWithin(path, change.path) && !/[pc]$/.test(path)) ?? [];
  return { ...change, observed: contextOf(here.map(({ dot }) => dot)) };
});

/** It removes what it has of what was seen; what has not come yet stays. */
const forgetsUnheld = dropping((change, object) => {
  const held = [...dotsOf(change.observed)].filter((dot) => object !== undefined && contains(object.context, dot));
  return { ...change, observed: contextOf(held) };
});

/** A reset is the removal of the increments that are there. */
const resetsByDropping = tampered((effects, input) => {
  const paths = new Set(changingPut(input)?.changes.flatMap(({ kind, path }) => (kind === "reset" ? [path] : [])));
  if (paths.size === 0) return effects;
  const drop: Alter = (object) => ({
    ...object,
    siblings: object.siblings.filter((sibling) => !paths.has(sibling.path) || isResetMark(sibling)),
    spent: object.spent.filter((sibling) => !paths.has(sibling.path)),
  });
  return effects.map((effect) => altered(effect, drop));
});

/** Little else than data types, on three nodes that lag, and of which one is away now and then. */
function typed(types: TypedMix["types"], mix: Partial<TypedMix> = {}): RunOptions["adjust"] {
  return (profile: Profile): Profile => ({
    ...profile,
    shape: {
      ...profile.shape,
      nodes: 3,
      n: 3,
      options: { defaults: { n: 3 }, buckets: {} },
      tuning: { ...profile.shape.tuning, retryWindowMs: 10_000, tombstoneAgeMs: 1e12 },
    },
    safetyMs: 10_000,
    work: {
      ...profile.work,
      buckets: [{ name: "b", n: 3 }],
      clients: 6,
      thinkMeanMs: 50,
      burst: undefined,
      timeoutMs: 1000,
      r: [1],
      w: [1],
      dwMin: 1,
      narrow: 0,
      primary: 0,
      typed: {
        bucket: { name: "t", n: 3 },
        dwMin: 1,
        share: 0.9,
        keys: 1,
        types,
        reads: 0.2,
        removes: 0.4,
        clears: 0,
        batches: 0,
        fresh: 0.4,
        stale: 0.1,
        blind: 0,
        again: 0.2,
        againMsMax: 3000,
        vanishes: 0,
        ...mix,
      },
    },
    faults: { ...profile.faults, kinds: ["crash", "partition"], paceMs: 1000, lastsMs: 1000, damagedNodesMax: 0 },
  });
}

const onCounters = typed(["pnCounter", "gCounter"]);
const onCountersThatAreReset = typed(["pnCounter", "map"], { clears: 0.2 });
const onRegisters = typed(["lwwRegister", "lww"]);
const onSets = typed(["orSet", "ewFlag"]);

/** Nodes that learn late of what the others have, and many sets that are soon left as they are. */
const onSetsThatLag: RunOptions["adjust"] = (profile) => {
  const { shape, work, ...rest } = onSets!(profile);
  const tuning = { ...shape.tuning, antiEntropyIntervalMs: 2000, hintBytesMax: 0, readRepairShare: 0 };
  const { faults } = rest;
  return {
    ...rest,
    shape: { ...shape, tuning },
    work: { ...work, clients: 8, thinkMeanMs: 20, keyLifeMs: 500, readRepair: ["off"] },
    faults: { ...faults, kinds: ["partition"], paceMs: 500, lastsMs: 2000 },
  };
};

export const typeMutants: readonly Mutation[] = [
  {
    name: "counts a retry twice",
    createMachine: countsRetriesTwice,
    invariants: ["I6", "I9"],
    seedsMax: 3,
    adjust: onCounters,
  },
  {
    name: "forgets spent operations at once",
    createMachine: forgetsSpent,
    invariants: ["I6", "I9"],
    seedsMax: 3,
    adjust: onCounters,
  },
  {
    name: "prunes inside the join",
    createMachine: prunesInJoin,
    invariants: ["I6", "I1"],
    seedsMax: 3,
    adjust: onRegisters,
  },
  {
    name: "removes what nobody has seen",
    createMachine: removesUnseen,
    invariants: ["I6"],
    seedsMax: 3,
    adjust: onSets,
  },
  {
    name: "removes only what it has",
    createMachine: forgetsUnheld,
    invariants: ["I6", "I2"],
    seedsMax: 20,
    adjust: onSetsThatLag,
  },
  {
    name: "resets by dropping",
    createMachine: resetsByDropping,
    invariants: ["I6"],
    seedsMax: 3,
    adjust: onCountersThatAreReset,
  },
];
