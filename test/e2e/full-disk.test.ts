// Design §14, R8: one node's disk fills up under load. Its writes are refused at once, its reads go on, nothing acknowledged is lost, and it
// writes again by itself when there is room. LMDB on a file system of its own, so that the errors are the kernel's.
import { symlinkSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { makeKey } from "../../src/key.ts";
import { plainPut, type Message } from "../../src/messages.ts";
import { agreed, soonEqual } from "../chaos/agreement.ts";
import { canMountSmallDisks, SmallDisk } from "../small-disk.ts";
import { connectTo, endAll, freePorts, Nodes, waiting } from "./processes.ts";
import { helloOfClient, RawLink, statusOf } from "./raw-link.ts";

const disks: SmallDisk[] = [];

afterEach(async () => {
  await endAll();
  for (const disk of disks.splice(0)) disk.unmount();
});

describe.runIf(canMountSmallDisks())("a node on a full disk", () => {
  test("refuses writes, reads on, and recovers without a restart", async () => {
    const { nodes, disk } = await threeNodes();
    const bucket = (await connectTo(nodes.urls)).bucket<string>("default");
    const value = "x".repeat(20_000);
    const keys = Array.from({ length: 100 }, (_, at) => `k${at}`);
    for (const key of keys) await bucket.put(key, `${key} ${value}`, { w: 3 });

    // Under load, so that some writes find the disk full that were accepted before anybody knew.
    const fill = Promise.resolve().then(() => disk.fill());
    const during = await Promise.allSettled(keys.map((key) => bucket.put(`${key}-during`, value)));
    await fill;
    await vi.waitFor(async () => expect(await statusOf(nodes.urls[2]!)).toMatchObject({ disk: "full" }), waiting);
    const acknowledged = keys.filter((_, at) => during[at]!.status === "fulfilled");

    expect(await putAt(nodes.urls[2]!)).toMatchObject({ code: "STORAGE", outcome: "none", retryable: true });
    await expect(bucket.put("all", "1", { w: 3, timeoutMs: 2000 })).rejects.toThrow("the disk of n3 is full");
    await bucket.put("most", "1");
    const read = await Promise.all(keys.map((key) => bucket.get(key, { r: 3 })));
    expect(read.map((found) => found.value)).toEqual(keys.map((key) => `${key} ${value}`));

    disk.makeRoom();
    await vi.waitFor(async () => expect(await statusOf(nodes.urls[2]!)).toMatchObject({ disk: "ok" }), waiting);
    await bucket.put("all again", "1", { w: 3 });
    const after = await agreed(
      nodes.urls,
      acknowledged.map((key) => makeKey("default", `${key}-during`)),
    );
    expect(after.filter((found) => found.length !== 1 || found[0]!.value !== value)).toEqual([]);
    expect(nodes.node("n3").program.stderr).toContain("disk full");
    expect((await nodes.node("n3").program.stop()).code).toBe(0);
  });

  test("does not start, says why, and starts when there is room", async () => {
    const { nodes, disk } = await threeNodes();
    const node = nodes.node("n3");
    await node.kill();
    disk.fill();
    await expect(node.start()).rejects.toThrow(
      /The disk under .* is full: \d+ bytes are free, and a node needs \d+ to start/,
    );
    disk.makeRoom();
    await node.start();
    await nodes.linked();
  });
});

async function threeNodes(): Promise<{ readonly nodes: Nodes; readonly disk: SmallDisk }> {
  const disk = SmallDisk.mount(24);
  if (typeof disk === "string") throw new Error(disk);
  disks.push(disk);
  const nodes = new Nodes(await freePorts(3), 3, { tuning: soonEqual });
  symlinkSync(disk.path, nodes.node("n3").data);
  await Promise.all(nodes.nodes.map((node) => node.start()));
  await nodes.linked();
  return { nodes, disk };
}

/** A put at this very node, without a client that would go on to the next one. */
async function putAt(url: string): Promise<Message> {
  const link = await RawLink.greet(url);
  const op = new Uint8Array(14);
  op.set(helloOfClient.identity);
  const put = { kind: "Put", id: 1, op, key: makeKey("default", "refused"), value: new Uint8Array(10) } as const;
  const rest = {
    ...plainPut,
    context: undefined,
    timeoutMs: 1000,
    options: undefined,
    returnValue: false,
    details: false,
  };
  const answer = await link.ask({ ...put, ...rest });
  link.close();
  return answer;
}
