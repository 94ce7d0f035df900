/**
 * Nodes that are broken on purpose, each in the way of a bug that such stores have had. Each must be caught by the invariant that
 * is meant for it, within a stated number of seeds: a checker that catches nothing is worse than none.
 */
import type { Effect, Input } from "../../node/effects.ts";
import { Replica } from "../../node/replica.ts";
import { emptyContext } from "../../src/causal-context.ts";
import { emptyObject } from "../../src/object.ts";
import { encodeRecord } from "../../src/record.ts";
import { hashKey } from "../../src/key.ts";
import { hash64 } from "../../src/hash.ts";
import type { PeerMessage, LeftoverCheck } from "../../src/messages.ts";
import type { RunOptions } from "../../sim/index.ts";
import type { CreateMachine } from "../../sim/world.ts";
import { buries } from "./burying.ts";
import { deluded, tampered, type Mutation } from "./mutant.ts";

const acknowledgesBeforeDurable = tampered((effects) =>
  effects.flatMap((effect) => (effect.kind === "persist" ? [{ ...effect, then: [] }, ...effect.then] : [effect])),
);

/** The directory says nothing of who it is, and the dice always say the same: epochs begin anew after every start. */
const reusesDots = deluded(
  (store) => ({
    get: (table, key) => (table === "meta" ? undefined : store.get(table, key)),
    scan: (...range) => store.scan(...range),
  }),
  (input, { id }) => (input.kind === "start" ? { ...input, freshReplicaId: id.padEnd(8, "x") } : input),
);

/** Every answer counts for another replica as well. */
const countsAnswersTwice: CreateMachine = (config, store, now) => {
  const replica = new Replica(config, store, now);
  return {
    step: (now, input) => {
      const effects = replica.step(now, input);
      if (input.kind !== "peer" || input.message.kind !== "ReplicaPutReply") return effects;
      const others = config.ring.table.members.filter(({ id }) => id !== input.node && id !== config.id);
      return [...effects, ...others.flatMap(({ id }) => replica.step(now, { ...input, node: id }))];
    },
  };
};

/** A copy from another replica takes the place of what is here, instead of being joined into it. */
export const overwritesSiblings = tampered((effects, input) => {
  if (input.kind !== "peer" || input.message.kind !== "ReplicaPut") return effects;
  const { record } = input.message;
  return effects.map((effect) =>
    effect.kind === "persist"
      ? { ...effect, writes: effect.writes.map((write) => ({ ...write, value: record })) }
      : effect,
  );
});

/** One write in some is acknowledged and never made. */
const forgetsSilently = tampered((effects) =>
  effects.map((effect) => {
    const value = effect.kind === "persist" ? effect.writes.find(({ table }) => table === "objects")?.value : undefined;
    return effect.kind === "persist" && value !== undefined && hash64(value) % 50n === 0n
      ? { ...effect, writes: [] }
      : effect;
  }),
);

/** A record that cannot be read is taken for one that never was. */
const saysAbsentForMissing = tampered((effects) =>
  effects.map((effect) =>
    effect.kind === "send" && effect.message.kind === "ReplicaGetReply" && effect.message.answer === "missing"
      ? { ...effect, message: { ...effect.message, answer: "absent" } }
      : effect,
  ),
);

/** What the writer has seen is ignored: its write stands beside what it meant to replace. */
const ignoresContexts: CreateMachine = (config, store, now) => {
  const replica = new Replica(config, store, now);
  const blind = (input: Input): Input => {
    if ((input.kind !== "client" && input.kind !== "peer") || input.message.kind !== "Put") return input;
    return { ...input, message: { ...input.message, context: undefined } };
  };
  return { step: (now, input) => replica.step(now, blind(input)) };
};

/** An error that may hide a write is told as one that does not. */
const promisesTooMuch = tampered((effects) =>
  effects.map((effect) => {
    const isFailure = (effect.kind === "reply" || effect.kind === "send") && effect.message.kind === "Failure";
    return isFailure ? { ...effect, message: { ...effect.message, outcome: "none" } } : effect;
  }),
);

/** Now and then an empty object is stored in the place of a record. */
const losesValues = tampered((effects) =>
  effects.map((effect) => {
    if (effect.kind !== "persist") return effect;
    const writes = effect.writes.map((write) =>
      write.table === "objects" && write.value !== undefined && hash64(write.value) % 40n === 0n
        ? { ...write, value: encodeRecord(hashKey(write.key.subarray(2)), { ...emptyObject, context: emptyContext }) }
        : write,
    );
    return { ...effect, writes };
  }),
);

/** A get's reply leaves out what the others have that the coordinator has not. */
const answersAlone: CreateMachine = (config, store, now) => {
  const replica = new Replica(config, store, now);
  return {
    step: (now, input) => {
      const isRecord =
        input.kind === "peer" && input.message.kind === "ReplicaGetReply" && input.message.answer === "record";
      if (!isRecord) return replica.step(now, input);
      return replica.step(now, {
        ...input,
        message: { ...input.message, answer: "absent", record: undefined },
      });
    },
  };
};

/** Agrees to everything: nobody is ever found to hold something older. */
const agreesBlindly = tampered((effects, input) => {
  if (input.kind !== "peer" || input.message.kind !== "LeftoverCheck") return effects;
  const agreed = [...input.message.states.keys()];
  const lie = (effect: Effect): Effect =>
    effect.kind === "send" && effect.message.kind === "LeftoverCheckReply"
      ? { ...effect, message: { ...effect.message, agreed } }
      : effect;
  return effects.map((effect) => (effect.kind === "persist" ? { ...effect, then: effect.then.map(lie) } : effect));
});

/** Collects after one check: what was on its way then arrives behind the drops. */
const checksOnce: CreateMachine = (config, store, now) => {
  const replica = new Replica(config, store, now);
  const others = config.ring.table.members.map(({ id }) => id).filter((id) => id !== config.id);
  let check: LeftoverCheck | undefined;
  let awaited = 0;
  let agreed: readonly number[] = [];
  return {
    step: (now, input) => {
      const effects = replica.step(now, input);
      for (const message of effects.flatMap(sentLater)) {
        if (message.kind !== "LeftoverCheck") continue;
        check = message;
        awaited = others.length;
        agreed = [...message.states.keys()];
      }
      if (input.kind !== "peer" || input.message.kind !== "LeftoverCheckReply") return effects;
      const reply = input.message;
      if (reply.id !== check?.id) return effects;
      agreed = agreed.filter((at) => reply.agreed.includes(at));
      if (--awaited > 0) return effects;
      const message = { kind: "LeftoverDrop", id: 0, states: agreed.map((at) => check!.states[at]!) } as const;
      const own = replica.step(now, { kind: "peer", node: others[0]!, message });
      return [...effects, ...own, ...others.map((node) => ({ kind: "send", node, message }) as const)];
    },
  };
};

function sentLater(effect: Effect): PeerMessage[] {
  if (effect.kind !== "persist") return [];
  return effect.then.flatMap((then) => (then.kind === "send" ? [then.message] : []));
}

/** Records go bad so often that some are read before they are written anew. */
const flipsMany: RunOptions["adjust"] = (profile) => ({
  ...profile,
  work: { ...profile.work, buckets: [{ name: "b", n: 3 }], w: [3], dwMin: 3, r: [2], keys: 3 },
  shape: { ...profile.shape, nodes: 3, n: 3, options: { defaults: { n: 3 }, buckets: {} } },
  faults: { ...profile.faults, kinds: ["bit flip"], paceMs: 500, lastsMs: 500, damagedNodesMax: 2 },
});

export const storingMutants: readonly Mutation[] = [
  {
    name: "acknowledges before durable",
    createMachine: acknowledgesBeforeDurable,
    invariants: ["I7", "I12"],
    seedsMax: 3,
  },
  { name: "reuses dots after a restart", createMachine: reusesDots, invariants: ["I0", "I2a"], seedsMax: 10 },
  { name: "counts an answer twice", createMachine: countsAnswersTwice, invariants: ["I12"], seedsMax: 10 },
  { name: "overwrites instead of joining", createMachine: overwritesSiblings, invariants: ["I2a", "I7"], seedsMax: 10 },
  { name: "forgets a record silently", createMachine: forgetsSilently, invariants: ["I7", "I9", "I12"], seedsMax: 5 },
  { name: "loses a value and its context", createMachine: losesValues, invariants: ["I2a", "I7", "I9"], seedsMax: 5 },
  {
    name: "says absent for a bad record",
    createMachine: saysAbsentForMissing,
    invariants: ["I12"],
    seedsMax: 5,
    adjust: flipsMany,
  },
  { name: "ignores contexts", createMachine: ignoresContexts, invariants: ["I10"], seedsMax: 3 },
  { name: "promises too much", createMachine: promisesTooMuch, invariants: ["I14"], seedsMax: 10 },
  { name: "answers a get alone", createMachine: answersAlone, invariants: ["I12"], seedsMax: 10 },
  {
    name: "agrees blindly to the end of a tombstone",
    createMachine: agreesBlindly,
    invariants: ["I2", "I2c"],
    seedsMax: 60,
    adjust: buries,
  },
  {
    name: "collects tombstones after one check",
    createMachine: checksOnce,
    invariants: ["I0", "I2", "I2c"],
    seedsMax: 5,
    adjust: buries,
  },
];
