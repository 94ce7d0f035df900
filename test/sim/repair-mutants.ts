/**
 * Nodes whose self-healing is broken on purpose, in weather that asks for it. Each must be caught by the invariant that is meant
 * for it. (A node that acts on the first look at a difference is none of them: it does too much, and nothing wrong.)
 */
import type { Effect, Input } from "../../node/effects.ts";
import { Replica } from "../../node/replica.ts";
import type { StoreReader, Write } from "../../node/store.ts";
import type { RunOptions } from "../../sim/index.ts";
import type { Profile } from "../../sim/profile.ts";
import { storeKeyOf } from "../../sim/place.ts";
import { neverMs } from "../../sim/tuning.ts";
import type { CreateMachine } from "../../sim/world.ts";
import { deluded, tampered, type Mutation } from "./mutant.ts";

const everything = [new Uint8Array(0), Uint8Array.of(0xff)] as const;

/** The removal of all hints, or nothing. */
function withoutHints(store: StoreReader): Effect[] {
  const hints = [...store.scan("hints", ...everything)];
  const writes = hints.map(([key]): Write => ({ table: "hints", key, value: undefined }));
  return writes.length === 0 ? [] : [{ kind: "persist", writes, then: [] }];
}

/** Removes its hints whenever `isTime`. */
function forgetting(isTime: (input: Input) => boolean): CreateMachine {
  return (config, store, now) => {
    const replica = new Replica(config, store, now);
    return {
      step: (at, input) => [...replica.step(at, input), ...(isTime(input) ? withoutHints(store) : [])],
    };
  };
}

const dropsHintsAtStart = forgetting(({ kind }) => kind === "start");
const dropsHintsSoon = forgetting(({ kind }) => kind === "tick");

const nothing: Input = { kind: "tick", queuedBytes: 0, lagMs: 0 };

/** Whoever was away once is away for good. */
const takesNobodyBack: CreateMachine = (config, store, now) => {
  const replica = new Replica(config, store, now);
  const gone = new Set<string>();
  return {
    step: (at, input) => {
      if (input.kind === "linkDown") gone.add(input.node);
      return replica.step(at, input.kind === "linkUp" && gone.has(input.node) ? nothing : input);
    },
  };
};

/** A disk that was full once is full for good. */
const seesNoRoomAgain = deluded(
  (store) => store,
  (input) => (input.kind === "diskFull" && !input.isFull ? nothing : input),
);

/** It finds what differs, and sends nothing and takes nothing. */
const neverRepairs = tampered((effects, input) => {
  const isRepair =
    input.kind === "tick" ||
    (input.kind === "peer" && (input.message.kind === "TreeKeysReply" || input.message.kind === "ReplicaGetReply"));
  if (!isRepair) return effects;
  return effects.filter(
    (effect) =>
      !(effect.kind === "send" && effect.message.kind === "ReplicaPut" && effect.message.standsFor === undefined) &&
      !(effect.kind === "persist" && effect.writes.some(({ table }) => table === "objects")),
  );
});

/** Whatever is read is written again as it is. */
const writesWhatItReads: CreateMachine = (config, store, now) => {
  const replica = new Replica(config, store, now);
  return {
    step: (at, input) => {
      const effects = replica.step(at, input);
      if (input.kind !== "peer" || input.message.kind !== "ReplicaGet") return effects;
      const key = storeKeyOf({ config }, input.message.key);
      const value = store.get("objects", key);
      if (value === undefined) return effects;
      return [...effects, { kind: "persist", writes: [{ table: "objects", key, value }], then: [] }];
    },
  };
};

/** What a stand-in acknowledges counts as if the primary had done so. */
const countsStandInsAsPrimaries: CreateMachine = (config, store, now) => {
  const replica = new Replica(config, store, now);
  const standsFor = new Map<string, string>();
  return {
    step: (at, input) => {
      const isReply = input.kind === "peer" && input.message.kind === "ReplicaPutReply";
      const primary = isReply ? standsFor.get(`${input.node} ${input.message.id}`) : undefined;
      const effects = replica.step(at, primary === undefined ? input : ({ ...input, node: primary } as Input));
      for (const effect of effects)
        if (effect.kind === "send" && effect.message.kind === "ReplicaPut" && effect.message.standsFor !== undefined)
          standsFor.set(`${effect.node} ${effect.message.id}`, effect.message.standsFor);
      return effects;
    },
  };
};

/** An empty disk that has not caught up takes what it lacks for what never was. */
const saysAbsentWhileFresh = tampered((effects) =>
  effects.map((effect) =>
    effect.kind === "send" && effect.message.kind === "ReplicaGetReply" && effect.message.answer === "fresh"
      ? { ...effect, message: { ...effect.message, answer: "absent" } }
      : effect,
  ),
);

/** Nodes come and go, so that others stand in for them and there is something to mend. */
const comesAndGoes = (profile: Profile): Profile => ({
  ...profile,
  safetyMs: 10_000,
  shape: {
    ...profile.shape,
    nodes: 5,
    n: 3,
    options: { defaults: { n: 3 }, buckets: {} },
    tuning: {
      ...profile.shape.tuning,
      hintAgeMsMax: neverMs,
      hintBytesMax: 1_000_000,
      antiEntropyIntervalMs: 500,
      antiEntropyConfirmMs: 10,
      backgroundBytesPerSecond: 10_000_000,
    },
  },
  work: {
    ...profile.work,
    buckets: [{ name: "b", n: 3 }],
    timeoutMs: 1000,
    w: [2],
    r: [2],
    dwMin: 2,
    sloppy: 1,
    primary: 0.5,
    narrow: 0,
    valueBytesMax: 10,
  },
  faults: { ...profile.faults, kinds: ["crash", "loss"], paceMs: 1000, lastsMs: 1000, damagedNodesMax: 1 },
});

/** The same, and nobody keeps anything for others. */
const withoutHintsKept: RunOptions["adjust"] = (profile) => {
  const { shape, ...rest } = comesAndGoes(profile);
  return { ...rest, shape: { ...shape, tuning: { ...shape.tuning, hintBytesMax: 0 } } };
};

/** The same, with disks that fill up. */
const fillsDisks: RunOptions["adjust"] = (profile) => {
  const { faults, ...rest } = comesAndGoes(profile);
  return { ...rest, faults: { ...faults, kinds: [...faults.kinds, "full disk"] } };
};

/** The same, with disks that are lost and never catch up. */
const losesDisks: RunOptions["adjust"] = (profile) => {
  const { shape, faults, ...rest } = comesAndGoes(profile);
  const tuning = { ...shape.tuning, antiEntropyIntervalMs: neverMs };
  return { ...rest, shape: { ...shape, tuning }, faults: { ...faults, kinds: [...faults.kinds, "wiped disk"] } };
};

export const repairMutants: readonly Mutation[] = [
  {
    name: "drops its hints when it starts",
    createMachine: dropsHintsAtStart,
    invariants: ["I8", "I7"],
    seedsMax: 3,
    adjust: comesAndGoes,
  },
  {
    name: "drops its hints before anybody has them",
    createMachine: dropsHintsSoon,
    invariants: ["I8"],
    seedsMax: 3,
    adjust: comesAndGoes,
  },
  {
    name: "takes back nobody who was away",
    createMachine: takesNobodyBack,
    invariants: ["I13", "I3", "liveness"],
    seedsMax: 3,
    adjust: comesAndGoes,
  },
  {
    name: "sees no room on its disk again",
    createMachine: seesNoRoomAgain,
    invariants: ["I13", "I3", "liveness"],
    seedsMax: 5,
    adjust: fillsDisks,
  },
  {
    name: "never repairs what differs",
    createMachine: neverRepairs,
    invariants: ["I3", "liveness"],
    seedsMax: 3,
    adjust: withoutHintsKept,
  },
  {
    name: "writes what it reads",
    createMachine: writesWhatItReads,
    invariants: ["I3"],
    seedsMax: 5,
    adjust: comesAndGoes,
  },
  {
    name: "counts stand-ins as primaries",
    createMachine: countsStandInsAsPrimaries,
    invariants: ["I12"],
    seedsMax: 5,
    adjust: comesAndGoes,
  },
  {
    name: 'says "absent" on an empty disk',
    createMachine: saysAbsentWhileFresh,
    invariants: ["I12"],
    seedsMax: 10,
    adjust: losesDisks,
  },
];
