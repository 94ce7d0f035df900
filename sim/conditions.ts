/** What is not as it should be, at this moment: nodes that are down or paused, disks that are full, clocks that are wrong, paths that fail. */
import type { Path } from "./network.ts";
import type { Platter } from "./platter.ts";
import type { Lane } from "./recorded.ts";
import type { Condition } from "./spans.ts";

/** A node, as far as something can be wrong with it. */
export interface Patient {
  readonly id: string;
  readonly phase: string;
  readonly isPaused: boolean;
  readonly platter: Platter;
  readonly clock: { readonly fault: string | undefined };
}

export function conditionsOfNodes(nodes: readonly Patient[], laneOf: (name: string) => Lane | undefined): Condition[] {
  return nodes.flatMap((node) => {
    const lane = laneOf(node.id)!;
    const { phase, clock, platter } = node;
    return [
      ...(phase === "serving" ? [] : [{ kind: phase, lane, text: phase }]),
      ...(node.isPaused ? [{ kind: "paused", lane, text: "paused" }] : []),
      ...(platter.isFull ? [{ kind: "disk full", lane, text: "disk full" }] : []),
      ...(platter.failingSyncs === "all" ? [{ kind: "disk broken", lane, text: "no sync succeeds" }] : []),
      ...(clock.fault === undefined ? [] : [{ kind: "clock", lane, text: clock.fault }]),
    ];
  });
}

export function conditionsOfPaths(
  paths: Iterable<Path>,
  nowMs: number,
  laneOf: (name: string) => Lane | undefined,
): Condition[] {
  const conditions: Condition[] = [];
  for (const path of paths) {
    const lane = laneOf(path.from);
    const toward = laneOf(path.to);
    if (lane === undefined || toward === undefined) continue;
    const found = (kind: string, text: string): unknown => conditions.push({ kind, lane, toward, text });
    if (path.isBlocked) found("blocked", "what is sent here vanishes");
    if (path.loss > 0) found("lossy", `${Math.round(path.loss * 100)} % of what is sent here is lost`);
    if (path.cloggedUntilMs > nowMs) found("clogged", "what is sent here waits");
  }
  return conditions;
}
