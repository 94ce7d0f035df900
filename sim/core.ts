/**
 * A core of nodes that must do alone: the others stay broken, each in a way of its own, and the core must serve and become the same
 * within a bound all the same. What gets stuck here has a live lock that a healed network would hide.
 */
import { defaultTuning } from "../node/tuning.ts";
import type { Random } from "../src/random.ts";
import { waysBetween, waysFrom } from "./cuts.ts";
import type { Fault } from "./fault.ts";
import type { NodeProcess } from "./node-process.ts";
import type { Profile } from "./profile.ts";
import type { Stage } from "./stage.ts";
import { neverMs } from "./tuning.ts";

/** @returns the nodes of the core, large enough for what clients ask by default; `undefined`: there is none */
export function drawCore({ cluster, profile }: Stage, random: Random): readonly NodeProcess[] | undefined {
  const outsideMax = outsideNodesMax(profile);
  if (outsideMax < 1) return undefined;
  const outside = new Set<NodeProcess>();
  for (const size = random.between(1, outsideMax); outside.size < size;) outside.add(random.pick(cluster.nodes));
  return cluster.nodes.filter((node) => !outside.has(node));
}

/** Longer than a client waits between its write and its read. */
const hintAgeMsMin = 30_000;

/**
 * A quorum must be left of every key's primaries; or of all nodes, where the others stand in for those that are away, keep hints of
 * whatever size, and find out who is away.
 */
function outsideNodesMax({ shape, work }: Profile): number {
  const { hintBytesMax, hintAgeMsMax, probeIntervalMs } = shape.tuning;
  const most = Math.max(...work.buckets.map(({ n }) => n));
  const quorum = Math.floor(most / 2) + 1;
  const areHintsKept = hintBytesMax >= defaultTuning.hintBytesMax && hintAgeMsMax >= hintAgeMsMin;
  const isReplaced = areHintsKept && probeIntervalMs < neverMs;
  if (isReplaced) return shape.nodes - quorum;
  return Math.min(...work.buckets.map(({ n }) => n - (Math.floor(n / 2) + 1)));
}

/** Breaks everybody else for good. */
export function leaveOutside({ cluster, injector }: Stage, core: readonly NodeProcess[], random: Random): void {
  const inside = core.map(({ id }) => id);
  for (const node of cluster.nodes)
    if (!core.includes(node)) for (const fault of drawLasting(random, node, inside)) injector.inject(fault);
}

function drawLasting(random: Random, { id: node }: NodeProcess, core: readonly string[]): readonly Fault[] {
  switch (random.pick(["down", "paused", "cut off", "deaf", "dumb", "full", "read-only"] as const)) {
    case "down":
      return [{ kind: "cutPower", node }];
    case "paused":
      return [{ kind: "pause", node }];
    case "cut off":
      return [{ kind: "block", ways: waysBetween([node], core) }];
    case "deaf":
      return [{ kind: "block", ways: waysFrom(core, [node]) }];
    case "dumb":
      return [{ kind: "block", ways: waysFrom([node], core) }];
    case "full":
      return [{ kind: "fillDisk", node }];
    case "read-only":
      return [{ kind: "breakDisk", node }];
  }
}
