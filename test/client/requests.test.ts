// What every kind of bucket sends its requests with: one id for all tries, the tries' age, and options settled before anything is sent.
import { beforeEach, expect, it } from "vitest";
import type { Client } from "../../client/client.ts";
import { connectTo, FakeNode } from "./fake-node.ts";
import type { FakeRuntime } from "./fake-runtime.ts";

const busy = { code: "OVERLOADED", message: "busy", outcome: "none", retryable: true, details: {} } as const;
let node: FakeNode;
let client: Client;
let runtime: FakeRuntime;

beforeEach(async () => {
  node = new FakeNode("n1");
  ({ client, runtime } = await connectTo(node));
});

it.each<[string, () => Promise<unknown>]>([
  ["a put", () => client.bucket("b").put("k", 1)],
  ["an increment", () => client.counter("b").increment("k")],
])("tries %s again under the same id, and says how old it is", async (_, write) => {
  node.failures.push(busy);
  await runtime.run(write());
  const [first, second] = node.requests;
  expect(first).toMatchObject({ kind: "Put", ageMs: 0 });
  expect(second).toMatchObject({ kind: "Put", op: (first as { op: Uint8Array }).op });
  expect((second as { ageMs: number }).ageMs).toBeGreaterThan(0);
});

it("says with each write which operations before it are settled, of whatever kind", async () => {
  await runtime.run(client.bucket("b").put("k", 1));
  await runtime.run(client.set("s").addAll("k", ["x", "y"]));
  await runtime.run(client.bucket("b").put("k", 2));
  expect(node.requests.map((request) => request.kind === "Put" && [request.op.at(-1), request.settled])).toEqual([
    [1, [0]],
    [2, [0]],
    [4, [0]],
  ]);
});

it("takes a write for over that failed for good, or whose answer cannot be read", async () => {
  // What is never over holds back every later word of what is settled.
  node.failures.push({ ...busy, code: "INVALID_ARGUMENT", retryable: false });
  await expect(runtime.run(client.bucket("b").put("k", 1))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  node.echo = Uint8Array.of(0xc1);
  await expect(runtime.run(client.bucket("b").put("k", 1))).rejects.toMatchObject({ code: "PROTOCOL" });
  node.echo = undefined;
  await runtime.run(client.bucket("b").put("k", 2));
  expect(node.requests.at(-1)).toMatchObject({ settled: [0] });
});

it("does not say of a write that nothing happened when its echo cannot be read", async () => {
  // Design §6: outcome none is a promise.
  node.echo = Uint8Array.of(0xc1);
  await expect(runtime.run(client.bucket("b").put("k", 1))).rejects.toMatchObject({
    code: "PROTOCOL",
    outcome: "unknown",
  });
  await expect(runtime.run(client.bucket("b").get("k"))).rejects.toMatchObject({ code: "PROTOCOL" });
});

it("sends nothing of a call that makes no sense", async () => {
  await expect(client.bucket("b").put("k", 1, { w: 4 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(client.counter("b").increment("k", 1, { w: 4 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  expect(node.requests).toHaveLength(0);
});
