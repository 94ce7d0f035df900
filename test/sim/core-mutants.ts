/** Nodes that get stuck as long as not everybody is well: a healed network would hide it. */
import type { Input } from "../../node/effects.ts";
import { Replica } from "../../node/replica.ts";
import type { Profile } from "../../sim/profile.ts";
import type { CreateMachine } from "../../sim/world.ts";
import type { Mutation } from "./mutant.ts";

/** Whoever was ever a member is up for ever: requests wait for those that never answer, and nobody stands in for them. */
const believesEverybodyUp: CreateMachine = (config, store, now) => {
  const replica = new Replica(config, store, now);
  const others = config.ring.table.members.filter(({ id }) => id !== config.id);
  return {
    step: (at, input) => {
      if (input.kind === "linkDown") return [];
      const effects = replica.step(at, input);
      if (input.kind !== "tick") return effects;
      const ups = others.map(({ id }): Input => ({ kind: "linkUp", node: id }));
      return [...effects, ...ups.flatMap((up) => replica.step(at, up))];
    },
  };
};

/** Anti-entropy begins only when every member can be reached. */
const comparesWithAllOrNobody: CreateMachine = (config, store, now) => {
  const replica = new Replica(config, store, now);
  const links = new Set<string>();
  return {
    step: (at, input) => {
      if (input.kind === "linkUp") links.add(input.node);
      if (input.kind === "linkDown") links.delete(input.node);
      const isComplete = links.size === config.ring.table.members.length - 1;
      return replica.step(at, input).filter((effect) => {
        const isRoots = effect.kind === "send" && effect.message.kind === "TreeRoots";
        return isComplete || !isRoots;
      });
    },
  };
};

/** Five nodes, of which some must always do alone in the end; what was written before differs. */
const leavesCore = (profile: Profile): Profile => ({
  ...profile,
  shape: {
    ...profile.shape,
    nodes: 5,
    n: 3,
    options: { defaults: { n: 3 }, buckets: {} },
    tuning: {
      ...profile.shape.tuning,
      probeIntervalMs: 300,
      probeTimeoutMs: 90,
      hintAgeMsMax: 1e12,
      hintBytesMax: 1024 ** 3,
      antiEntropyIntervalMs: 500,
      readRepairShare: 0,
    },
  },
  work: { ...profile.work, buckets: [{ name: "b", n: 3 }], timeoutMs: 1000, r: [1], w: [1], dwMin: 1 },
  faults: { ...profile.faults, kinds: ["crash", "partition", "clog"], leavesCore: true, damagedNodesMax: 0 },
});

/** The same, where hints mend nothing. */
const leavesCoreApart = (profile: Profile): Profile => {
  const { shape, ...rest } = leavesCore(profile);
  return { ...rest, shape: { ...shape, tuning: { ...shape.tuning, hintBytesMax: 0 } } };
};

export const coreMutants: readonly Mutation[] = [
  {
    name: "believes everybody up",
    createMachine: believesEverybodyUp,
    invariants: ["liveness", "I13"],
    seedsMax: 10,
    adjust: leavesCore,
  },
  {
    name: "compares with all or with nobody",
    createMachine: comparesWithAllOrNobody,
    invariants: ["liveness"],
    seedsMax: 10,
    adjust: leavesCoreApart,
  },
];
