/**
 * Rounds of anti-entropy between the nodes of test/node/cluster.ts: time goes on in small steps, and what is sent arrives at once.
 */
import { expect } from "vitest";
import type { PeerMessage } from "../../src/messages.ts";
import type { NodeStatus } from "../../node/status.ts";
import { Cluster, type Shape } from "./cluster.ts";

export const ids = ["n1", "n2", "n3"];
export const key = "carts/alice";
export const intervalMs = 1000;
export const tickMs = 50;

export function newCluster(shape: Shape = {}): Cluster {
  return new Cluster({
    ...shape,
    // No room for hints, which would do the work before anti-entropy finds it.
    tuning: { antiEntropyIntervalMs: intervalMs, antiEntropyConfirmMs: 100, hintBytesMax: 0, ...shape.tuning },
  });
}

/** Time goes on in small steps, and whatever is sent arrives at once. */
export function run(cluster: Cluster, ms: number): void {
  for (let left = ms; left > 0; left -= tickMs) {
    cluster.tick(tickMs);
    cluster.settle();
  }
}

/** The write reaches all but one node, and no coordinator waits for that one any more. */
export function putWithout(cluster: Cluster, missing: string, name: string, value: string | undefined): void {
  cluster.isolate(missing);
  cluster.put(
    ids.find((id) => id !== missing)!,
    name,
    value,
  );
  cluster.settle();
  for (const id of ids) if (id !== missing) cluster.linkUp(missing, id);
}

export function writes(cluster: Cluster): number[] {
  return ids.map((id) => cluster.store(id).objectBatches);
}

/** Everything that is said in so much time. */
export function talk(cluster: Cluster, ms: number): PeerMessage[] {
  const said: PeerMessage[] = [];
  for (let left = ms; left > 0; left -= tickMs) {
    cluster.tick(tickMs);
    while (cluster.inFlight.length > 0) {
      const { from, to, message } = cluster.inFlight[0]!;
      said.push(message);
      cluster.deliver(from, to);
    }
    for (const id of ids) if (cluster.isUp(id)) cluster.sync(id);
  }
  return said;
}

export function expectSame(cluster: Cluster, name = key): void {
  for (const id of ids) expect(cluster.record(id, name)).toEqual(cluster.record("n1", name));
}

export function counters(cluster: Cluster, node: string): NodeStatus["counters"] {
  return cluster.status(node).counters;
}

export interface Told {
  readonly freshPartitions: number;
  readonly treesReady: number;
  readonly lastRoundSeconds: Readonly<Record<string, number | null>>;
}

export function status(cluster: Cluster, node: string): Told {
  return (cluster.status(node) as unknown as { antiEntropy: Told }).antiEntropy;
}

/** What is said when there is nothing to repair. */
export function expectSilence(said: readonly PeerMessage[]): void {
  expect(new Set(said.map(({ kind }) => kind))).toEqual(new Set(["TreeRoots", "TreeRootsReply"]));
}
