/** node/io/start-node.ts: what a node takes itself for after it was stopped, killed or set back (design §4.3). */
import { cpSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "../../../client/index.ts";
import { startNode, type RunningNode } from "../../../node/io/index.ts";
import { freePorts } from "../../e2e/processes.ts";
import { makeTempDirectory } from "../../temp-directory.ts";

test("a clean stop keeps the replica id", async () => {
  // Design §4.3: after a clean stop the old epochs go on. The data must be as the stop left it, so nothing may write after it.
  const data = join(makeTempDirectory(), "n1");
  const first = await liveOnce(data);
  expect(await liveOnce(data)).toBe(first);
  expect(await liveOnce(data)).toBe(first);
});

test("a data file that was set back in its place after a clean stop gives a new replica id", async () => {
  // R10: an old snapshot forces a new actor. The older state knows of a clean stop as well, but not of the dots since.
  const data = join(makeTempDirectory(), "n1");
  const first = await liveOnce(data);
  cpSync(data, `${data}-backup`, { recursive: true });
  expect(await liveOnce(data)).toBe(first);
  cpSync(join(`${data}-backup`, "data.mdb"), join(data, "data.mdb"), { preserveTimestamps: true });
  expect(await liveOnce(data)).not.toBe(first);
});

test("a start that failed half-way is no clean stop", async () => {
  // It has taken back the mark of the stop before it, and nobody has put it there again.
  const data = join(makeTempDirectory(), "n1");
  const first = await liveOnce(data);
  const port = await freePorts(1);
  const squatter = createServer();
  onTestFinished(() => void squatter.close());
  await new Promise<void>((resolve) => void squatter.listen(port, "127.0.0.1", resolve));
  await expect(start(data, port)).rejects.toThrow("is taken by another process");
  expect(await liveOnce(data)).not.toBe(first);
});

test("traffic counts what was sent, once", async () => {
  // One node and one client: a Welcome, then one reply for each request, all in frames of their own.
  const node = await start(join(makeTempDirectory(), "n1"), await freePorts(1));
  expect(node.traffic).toEqual({ messages: 0, bytes: 0 });
  const client = await connect([node.url]);
  await client.bucket("default").put("k", new Uint8Array(1000));
  const before = node.traffic;
  for (let request = 0; request < 10; request++) await client.bucket("default").get("k");
  expect(node.traffic.messages - before.messages).toBe(10);
  const bytesEach = (node.traffic.bytes - before.bytes) / 10;
  expect(bytesEach).toBeGreaterThan(1000);
  expect(bytesEach).toBeLessThan(1200);
  await client.close();
  await node.close();
});

function start(data: string, port: number): Promise<RunningNode> {
  return startNode({ id: "n1", members: [{ id: "n1", url: `ws://127.0.0.1:${port}` }], data, defaults: { n: 1 } });
}

/** Starts a node, writes something, and stops it cleanly. @returns its replica id */
async function liveOnce(data: string): Promise<string> {
  const node = await start(data, await freePorts(1));
  const client = await connect([node.url]);
  await client.bucket("default").put("k", "v");
  const [report] = await client.status();
  await client.close();
  await node.close();
  if (report === undefined || !("status" in report)) throw new Error("the node gave no status");
  return (report.status as { readonly replicaId: string }).replicaId;
}
