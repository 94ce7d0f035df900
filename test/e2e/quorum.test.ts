// Design §1, 4 and 5: whatever reaches enough nodes is served, and an error says whether the operation may have happened.
import { afterEach, expect, test, vi } from "vitest";
import type { CoterieError } from "../../client/index.ts";
import { keyOf } from "./placement.ts";
import { connectTo, endAll, Nodes, runJson, settled, waiting } from "./processes.ts";
import { statusOf } from "./raw-link.ts";

afterEach(endAll);

test("one of three nodes serves what one can serve, and says at once what it cannot", async () => {
  const nodes = await Nodes.start(3);
  await settled(nodes.urls);
  const n1 = nodes.node("n1");
  const client = await connectTo([n1.url]);
  const bucket = client.bucket<string>("default");
  await bucket.put("before", "tea", { w: 3 });
  await Promise.all([nodes.node("n2").kill(), nodes.node("n3").kill()]);
  await vi.waitFor(async () => expect((await statusOf(n1.url)).links).toEqual({ n2: "down", n3: "down" }), waiting);

  // The timeout is far above the test's own: whoever waited for it would fail the test.
  const timeoutMs = 600_000;
  const put = await failureOf(bucket.put("k", "v", { w: 2, timeoutMs }));
  expect(put).toMatchObject({ code: "UNAVAILABLE", outcome: "none", retryable: true, details: { need: 2, of: "w" } });
  expect(put.details.got).toBeLessThan(2);
  expect(await failureOf(bucket.get("before", { r: 2, timeoutMs }))).toMatchObject({
    code: "UNAVAILABLE",
    outcome: "none",
    details: { need: 2, got: 1, of: "r", answered: ["n1"] },
  });
  expect(await failureOf(bucket.delete("before", { w: "all", timeoutMs }))).toMatchObject({
    code: "UNAVAILABLE",
    details: { need: 3 },
  });

  await bucket.put("k", "v", { w: 1 });
  expect((await bucket.get("k", { r: 1 })).value).toBe("v");
  expect((await bucket.get("before", { r: 1 })).value).toBe("tea");

  const env = { env: { COTERIE_URL: nodes.urls.join(",") } };
  expect(await runJson(["put", "k", "w", "--blind", "--timeout", "60000"], env)).toMatchObject({
    code: 1,
    json: { error: { code: "UNAVAILABLE", outcome: "none", retryable: true, details: { need: 2, of: "w" } } },
  });
  expect(await runJson(["put", "k", "w", "--w", "1"], env)).toMatchObject({
    code: 1,
    json: { error: { message: expect.stringContaining("Ask fewer nodes with --r") as string, outcome: "none" } },
  });
  expect(await runJson(["put", "k", "w", "--w", "1", "--r", "1"], env)).toMatchObject({ code: 0 });
  expect((await bucket.get("k", { r: 1 })).value).toBe("w");
});

test("a put that has begun when its replicas are lost fails at once, and says that it may have happened: it has", async () => {
  const nodes = await Nodes.start(3);
  await settled(nodes.urls);
  const key = keyOf(nodes, "n1");
  const client = await connectTo([nodes.node("n1").url]);
  const bucket = client.bucket<string>("default");
  await bucket.put("warm", "up");
  const others = [nodes.node("n2"), nodes.node("n3")];
  for (const node of others) node.pause();
  const put = failureOf(bucket.put(key, "v", { timeoutMs: 600_000 }));
  await vi.waitFor(async () => expect((await statusOf(nodes.node("n1").url)).openRequests).toBe(1), waiting);
  await Promise.all(others.map((node) => node.kill()));
  const failure = await put;
  expect(failure).toMatchObject({ code: "UNAVAILABLE", outcome: "unknown", details: { need: 2, of: "w" } });
  // Its own disk may have been slower than the others' end.
  expect(failure.details.got).toBeLessThan(2);
  expect((await bucket.get(key, { r: 1 })).value).toBe("v");
});

test("a frozen node delays nobody past the deadline, whoever is asked first, and is back when it thaws", async () => {
  const nodes = await Nodes.start(3);
  await settled(nodes.urls);
  const client = await connectTo(nodes.urls);
  const bucket = client.bucket<number>("default");
  const keys = Array.from({ length: 30 }, (_, at) => `k${at}`);
  await Promise.all(keys.map((key, at) => bucket.put(key, at, { w: 3 })));
  const frozen = nodes.node("n2");
  frozen.pause();
  await Promise.all(keys.map((key, at) => bucket.put(key, at + 100)));
  expect(await Promise.all(keys.map(async (key) => (await bucket.get(key)).value))).toEqual(
    keys.map((_, at) => at + 100),
  );
  expect(await failureOf(bucket.put("k0", 0, { w: 3, timeoutMs: 300 }))).toMatchObject({ outcome: "unknown" });
  frozen.resume();
  await vi.waitFor(() => bucket.update("k1", () => 7, { r: 3, w: 3, timeoutMs: 1000 }), waiting);
  expect((await bucket.get("k1", { r: 3 })).siblings).toEqual([7]);
});

async function failureOf(promise: Promise<unknown>): Promise<CoterieError> {
  return promise.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: CoterieError) => error,
  );
}
