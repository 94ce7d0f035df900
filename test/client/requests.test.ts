// What every kind of bucket sends its requests with: one id for all tries, the tries' age, and options settled before anything is sent.
import { beforeEach, expect, it } from "vitest";
import type { Client } from "../../client/client.ts";
import { merge } from "../../client/resolver.ts";
import { makeKey } from "../../src/key.ts";
import type { Get, Message, Put } from "../../src/messages.ts";
import { encodeValue } from "../../src/value.ts";
import { connectTo, FakeNode } from "./fake-node.ts";
import type { FakeRuntime } from "./fake-runtime.ts";

const busy = { code: "OVERLOADED", message: "busy", outcome: "none", retryable: true, details: {} } as const;
let node: FakeNode;
let client: Client;
let runtime: FakeRuntime;

/** The node's answers come as this makes them. @returns what changes that */
function alterAnswers(first: (message: Message) => Message): (next: (message: Message) => Message) => void {
  const socket = runtime.sockets.at(-1)!;
  const say = socket.say.bind(socket);
  let altered = first;
  socket.say = (...messages) => say(...messages.map((message) => altered(message)));
  return (next) => (altered = next);
}

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

it.each<[string, () => Promise<unknown>]>([
  ["a get", () => client.bucket("b").get("k", { r: 1, details: true })],
  ["a put", () => client.bucket("b").put("k", 1, { w: 1, returnValue: true })],
  ["an edit", () => client.set("s").addAll("k", ["x", "y"], { w: 1 })],
])("sends all of %s with each try", async (_, ask) => {
  node.failures.push(busy);
  await runtime.run(ask());
  const [first, second] = node.requests as [Get | Put, Get | Put];
  expect(first.timeoutMs).toBeGreaterThan(0);
  const { id, timeoutMs } = second;
  expect({ ...first, id, timeoutMs, ...("ageMs" in second && { ageMs: second.ageMs }) }).toEqual(second);
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

it("does not say of a write that nothing happened when what it brought back cannot be read", async () => {
  const alter = alterAnswers((message) =>
    message.kind === "PutReply" ? { ...message, context: Uint8Array.of(9) } : message,
  );
  await expect(runtime.run(client.counter("c").increment("k"))).rejects.toMatchObject({
    code: "BAD_CONTEXT",
    outcome: "unknown",
    message: expect.stringMatching(/^written, but: (?!written)/) as string,
  });
  alter((message) => (message.kind === "PutReply" ? { ...message, record: Uint8Array.of(9) } : message));
  await expect(runtime.run(client.bucket("b").put("k", 1, { returnValue: true }))).rejects.toMatchObject({
    code: "PROTOCOL",
    outcome: "unknown",
  });
});

it("knows of a write that it happened though what it brought back cannot be read", async () => {
  const bucket = client.bucket("b");
  const alter = alterAnswers((message) =>
    message.kind === "PutReply" ? { ...message, record: Uint8Array.of(9) } : message,
  );
  await expect(runtime.run(bucket.put("k", 1, { returnValue: true }))).rejects.toThrow();
  alter((message) => message);
  await runtime.run(bucket.put("k", 2));
  expect((await runtime.run(bucket.get("k"))).siblings).toEqual([2]);
});

it("lets a callback close the client: what else its frame answers is told as of unknown outcome, or none", async () => {
  const key = makeKey("b", "k");
  node.writeBlind(key, encodeValue(1));
  node.writeBlind(key, encodeValue(2));
  const resolver = merge<number>((a, b) => (void client.close(), Math.max(a, b)));
  const socket = runtime.sockets.at(-1)!;
  const say = socket.say.bind(socket);
  const answers: Message[] = [];
  socket.say = (...messages) => {
    answers.push(...messages);
    if (answers.length === 3) say(...answers);
  };
  const bucket = client.bucket<number>("b", { resolver });
  const asked = [bucket.get("k"), bucket.get("other"), bucket.put("third", 1)].map((one) => runtime.run(one));
  expect(await Promise.allSettled(asked)).toMatchObject([
    { value: { value: 2 } },
    { reason: { code: "CLOSED", outcome: "none" } },
    { reason: { code: "CLOSED", outcome: "unknown" } },
  ]);
});

it("sends nothing of a call that makes no sense", async () => {
  await expect(client.bucket("b").put("k", 1, { w: 4 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(client.counter("b").increment("k", 1, { w: 4 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  expect(node.requests).toHaveLength(0);
});
