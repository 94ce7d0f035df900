// bench/compare/coterie-system.ts: real nodes that can be killed, brought back and slowed down, and of which nothing is left.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { connect, type Client } from "../../../client/index.ts";
import { CoterieSystem, type ClusterChoice } from "../../../dist/bench/compare/coterie-system.js";
import { makeTempDirectory } from "../../temp-directory.ts";

const patience = { timeout: 30_000 };

afterEach(() => vi.unstubAllEnvs());

test("a node that is killed comes back with its data", async () => {
  const { system, client } = await start({ nodes: 3 });
  const bucket = client.bucket<string>("b", { r: 3, w: 2, sloppy: false });
  await bucket.put("k", "before");
  await system.kill(2);
  await expect(bucket.get("k", { timeoutMs: 300 })).rejects.toThrow("3");
  await bucket.put("k", "meanwhile");
  await system.restart(2);
  expect((await bucket.get("k")).value).toBe("meanwhile");
});

test("what nodes send and the time they take is counted, and that one of them is gone is told", async () => {
  const { system, client } = await start({ nodes: 2, buckets: { b: { n: 2, w: 2 } } });
  const before = await system.usage();
  await client.bucket("b").put("k", new Uint8Array(10_000));
  const after = await system.usage();
  // The value goes from one node to the other, and nowhere else.
  const bytes = after.bytesSent! - before.bytesSent!;
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(20_000);
  expect(after.messagesSent!).toBeGreaterThan(before.messagesSent! + 2);
  expect(after.cpuSeconds).toBeGreaterThan(before.cpuSeconds);
  await system.kill(0);
  await expect(system.usage()).rejects.toThrow("a node of coterie ended with SIGKILL while it was measured");
});

test("a slow link delays what nodes say to each other, until it ends", async () => {
  const { system, client } = await start({ nodes: 2, isProxied: true, buckets: { b: { n: 2 } } });
  const bucket = client.bucket<string>("b", { r: 1, w: 2, sloppy: false });
  const put = (timeoutMs: number): Promise<string> =>
    bucket.put("k", "v", { timeoutMs }).then(
      () => "ok",
      () => "failed",
    );
  await expect.poll(() => put(5000), patience).toBe("ok");
  await system.slowDown(1, 5000);
  expect(await put(300)).toBe("failed");
  await system.slowDown(1, 0);
  await expect.poll(() => put(5000), patience).toBe("ok");
});

test("nothing is left of it", async () => {
  // A place of its own: others measure at the same time.
  vi.stubEnv("TMPDIR", makeTempDirectory());
  const { system } = await start({ nodes: 2 });
  expect(readdirSync(tmpdir())).toEqual([expect.stringMatching(/^coterie-bench-/)]);
  await system.stop();
  expect(readdirSync(tmpdir())).toEqual([]);
  await system.stop();
});

test("nothing is left of it when its process is killed", async () => {
  const place = makeTempDirectory();
  const program = join(import.meta.dirname, "../../fixtures/system-holder.mjs");
  const holder = spawn(process.execPath, [program], {
    env: { ...process.env, TMPDIR: place },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void holder.kill("SIGKILL"));
  expect(String((await once(holder.stdout, "data"))[0])).toBe("it serves\n");
  expect(readdirSync(place)).toHaveLength(2);
  holder.kill("SIGKILL");
  await expect.poll(() => readdirSync(place), patience).toEqual([]);
});

async function start(choice: ClusterChoice): Promise<{ readonly system: CoterieSystem; readonly client: Client }> {
  const system = new CoterieSystem(choice);
  onTestFinished(() => system.stop());
  const { nodes } = await system.start();
  const client = await connect(nodes);
  onTestFinished(() => client.close());
  return { system, client };
}
