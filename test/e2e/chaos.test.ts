// Design §1 on real processes, LMDB and sockets: what was acknowledged is there, what was replaced stays away, whatever breaks meanwhile.
// The short forms; `npm run chaos` plays the long ones. Kills are in crash.test.ts.
import { afterEach, expect, test } from "vitest";
import { ChaosCluster } from "../chaos/chaos-cluster.ts";
import { delay, drip, flap, fullDisk, partition, partitionOneWay, stopOne } from "../chaos/scenarios.ts";
import { canMountSmallDisks, SmallDisk } from "../small-disk.ts";
import { endAll } from "./processes.ts";

const lastsMs = 1500;

let cluster: ChaosCluster | undefined;
let disk: SmallDisk | undefined;

afterEach(async () => {
  cluster?.close();
  await endAll();
  disk?.unmount();
  cluster = disk = undefined;
});

test.each([
  ["a node that stands still, and links that are cut", [stopOne, flap]],
  ["partitions", [partition, partitionOneWay]],
  ["slow links", [delay, drip]],
])("nothing is lost or comes back: %s", async (_, scenarios) => {
  cluster = await ChaosCluster.start();
  for (const scenario of scenarios) {
    await cluster.load.progress();
    await scenario.strike(cluster, lastsMs);
    cluster.network.heal();
  }
  await cluster.expectWhole();
  expect(cluster.load.ledger.acknowledged).toBeGreaterThan(300);
});

test.runIf(canMountSmallDisks())("nothing is lost or comes back: a full disk", async () => {
  const mounted = SmallDisk.mount(24);
  if (typeof mounted === "string") throw new Error(mounted);
  disk = mounted;
  cluster = await ChaosCluster.start(disk);
  await cluster.load.progress();
  await fullDisk.strike(cluster, lastsMs);
  await cluster.expectWhole();
});
