/** A cluster that collects tombstones within seconds, and the steps that its tests are made of. */
import { expect } from "vitest";
import type { NodeId } from "../../src/ring.ts";
import type { Tuning } from "../../node/tuning.ts";
import { Cluster, keyOf, valuesOf, type Shape } from "./cluster.ts";

export const key: string = "carts/alice";
export const nodes: readonly ["n1", "n2", "n3"] = ["n1", "n2", "n3"];
/** What differs stays different: neither hints nor anti-entropy mend it. */
const tuning: Partial<Tuning> = {
  tombstoneAgeMs: 10_000,
  messageLifetimeMs: 4000,
  hintBytesMax: 0,
  antiEntropyIntervalMs: Infinity,
};
/** Long enough for two checks, whatever has to wait anew once. */
export const collectedMs: number = 40_000;
/** Shorter than a sleep: nodes notice when time jumps. */
export const tickMs: number = 500;

export function newCluster(more: Shape = {}): Cluster {
  return new Cluster({ ...more, tuning: { ...tuning, ...more.tuning } });
}

/** Time passes, everything that is sent arrives, everything that is written is synced. */
export function pass(cluster: Cluster, ms: number): void {
  for (let left = ms; left > 0; left -= tickMs) {
    cluster.tick(tickMs);
    cluster.settle();
  }
}

function isSecondCheckUnderWay(cluster: Cluster): boolean {
  cluster.sync("n1");
  return cluster.inFlight.some(({ message }) => message.kind === "LeftoverCheck" && message.isSecond);
}

/** The second check has been sent by n1, and nobody has got it. */
export function untilSecondCheck(cluster: Cluster): void {
  for (let left = collectedMs; left > 0; left -= tickMs) {
    cluster.tick(tickMs);
    if (isSecondCheckUnderWay(cluster)) return;
    cluster.settle();
  }
  throw new Error("nothing was checked twice");
}

/** Everybody has agreed twice, n1 has dropped the key, and the orders to the others are on their way. */
export function untilDrops(cluster: Cluster): void {
  untilSecondCheck(cluster);
  for (const one of ["n2", "n3"] as const) {
    cluster.deliver("n1", one, "LeftoverCheck");
    cluster.sync(one);
    cluster.deliver(one, "n1", "LeftoverCheckReply");
  }
  expect(cluster.inFlight.map(({ message }) => message.kind)).toEqual(["LeftoverDrop", "LeftoverDrop"]);
  expect(holders(cluster)).toEqual(["n2", "n3"]);
}

/** Writes a value and deletes it, with its context, everywhere. @returns the token of the delete */
export function deleted(cluster: Cluster, path: string = key): Uint8Array {
  const put = cluster.put("n1", path, "tea");
  cluster.settle();
  const deletion = cluster.put("n2", path, undefined, { context: put.context });
  cluster.settle();
  return deletion.context;
}

export function holders(cluster: Cluster, path: string = key): NodeId[] {
  return nodes.filter((one) => cluster.record(one, path) !== undefined);
}

/** What anti-entropy does: one node gets what another has. */
export function copy(cluster: Cluster, from: NodeId, to: NodeId, path: string = key): void {
  const record = cluster.record(from, path)!;
  const put = { kind: "ReplicaPut", id: 0, key: keyOf(path), record, timeoutMs: 1000 } as const;
  cluster.input(to, { kind: "peer", node: from, message: { ...put, early: false, standsFor: undefined } });
  cluster.settle();
}

export function read(cluster: Cluster, node: NodeId = "n1", path: string = key): string[] {
  const get = cluster.get(node, path, { r: 3 });
  cluster.settle();
  return valuesOf(get.object);
}
