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

/** Breaks everybody else for good. Clients are on the side of the core. */
export function leaveOutside(stage: Stage, core: readonly NodeProcess[], random: Random): void {
  const { cluster, injector, profile, clients } = stage;
  const inside = [...core.map(({ id }) => id), ...clients];
  // Nobody stands in for a node that can be reached, so a key all of whose nodes are full takes no writes.
  const mayFill = cluster.nodes.length - core.length < Math.min(...profile.work.buckets.map(({ n }) => n));
  for (const node of cluster.nodes)
    if (!core.includes(node)) for (const fault of drawLasting(random, node, inside, mayFill)) injector.inject(fault);
}

const lasting = ["down", "paused", "cut off", "deaf", "dumb", "read-only"] as const;

function drawLasting(
  random: Random,
  { id: node }: NodeProcess,
  core: readonly string[],
  mayFill: boolean,
): readonly Fault[] {
  switch (random.pick(mayFill ? ([...lasting, "full"] as const) : lasting)) {
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
