// Design §1 on real processes: every failure for as long as it takes to be noticed, and shorter. Five to eight minutes; test/e2e/chaos.test.ts
// has the short forms. Each ends with: heal, wait, read every key from every node; nothing acknowledged lost, nothing replaced back.
import { afterEach, describe, expect, test } from "vitest";
import { endAll } from "../e2e/processes.ts";
import { canMountSmallDisks, SmallDisk } from "../small-disk.ts";
import { ChaosCluster } from "./chaos-cluster.ts";
import * as scenarios from "./scenarios.ts";

/** Links are given up after some eight seconds of silence: once before, once after. */
const durationsMs = [3000, 10_000];

let cluster: ChaosCluster | undefined;
let disk: SmallDisk | undefined;

afterEach(async () => {
  cluster?.close();
  await endAll();
  disk?.unmount();
  cluster = disk = undefined;
});

async function play(scenario: scenarios.Scenario): Promise<void> {
  cluster = await ChaosCluster.start(disk);
  for (const lastsMs of durationsMs) {
    await cluster.load.progress(1000);
    await scenario.strike(cluster, lastsMs);
    cluster.network.heal();
    await cluster.nodes.linked();
  }
  await cluster.load.progress(1000);
  await cluster.expectWhole();
  expect(cluster.load.ledger.acknowledged).toBeGreaterThan(3000);
}

function mount(): SmallDisk {
  const mounted = SmallDisk.mount(32);
  if (typeof mounted === "string") throw new Error(mounted);
  disk = mounted;
  return mounted;
}

const { fullDisk, ...others } = scenarios;

describe("nothing is lost or comes back", () => {
  for (const scenario of Object.values(others)) test(scenario.name, () => play(scenario));

  test.runIf(canMountSmallDisks())(fullDisk.name, async () => {
    mount();
    await play(fullDisk);
  });

  test.runIf(canMountSmallDisks())("a node that is stopped while writes wait for room", async () => {
    cluster = await ChaosCluster.start(mount());
    await cluster.load.progress(1000);
    cluster.disk.fill();
    await cluster.load.progress(1000);
    const node = cluster.nodes.nodes.at(-1)!;
    // It cannot write that it stopped cleanly, and must not wait for that for ever.
    expect(await node.program.stop()).toMatchObject({ code: 0 });
    cluster.disk.makeRoom();
    await node.start();
    await cluster.expectWhole();
  });
});
