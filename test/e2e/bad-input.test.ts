// Wrong commands and foreign bytes are refused in a sentence, and the nodes that got them go on as if nothing had been.
import { plainPut } from "../../src/messages.ts";
import { connect as connectTcp } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromBinary } from "../../src/bytes.ts";
import { makeKey } from "../../src/key.ts";
import { limits } from "../../src/limits.ts";
import { packValue } from "../../src/msgpack.ts";
import { makeOpId } from "../../src/op-id.ts";
import { frameOf, sealed } from "../src/sealed.ts";
import { connectTo, endAll, Nodes, run, runJson } from "./processes.ts";
import { helloOfClient, RawLink, statusOf } from "./raw-link.ts";

let nodes: Nodes;
let url: string;

beforeAll(async () => {
  nodes = await Nodes.start(3);
  url = nodes.urls[0]!;
  await (await connectTo(nodes.urls)).bucket("default").put("k", "before", { w: 3 });
});

/** Whatever the tests of this file did: nothing has changed, and everybody serves. */
afterAll(async () => {
  try {
    const bucket = (await connectTo(nodes.urls)).bucket("default");
    expect((await bucket.get("k", { r: 3 })).siblings).toEqual(["before"]);
    await bucket.put("k", "after", { w: 3 });
    for (const node of nodes.nodes) {
      expect(await statusOf(node.url)).toMatchObject({ openRequests: 0, counters: { badRecords: 0, amnesias: 0 } });
      expect(await node.program.stop()).toMatchObject({ code: 0 });
    }
  } finally {
    await endAll();
  }
});

describe("commands", () => {
  const long = "k".repeat(limits.keyBytesMax + 1);
  test.each<readonly [what: string, args: readonly string[], code: number, error: string, sentence: string]>([
    ["a count above n", ["put", "k", "x", "--w", "4"], 2, "INVALID_ARGUMENT", "w is 4, more than n, which is 3"],
    ["a count of nobody", ["put", "k", "x", "--w", "0"], 2, "INVALID_ARGUMENT", "w is 0: nobody would have to answer"],
    [
      "more primaries than answers",
      ["put", "k", "x", "--pw", "3"],
      2,
      "INVALID_ARGUMENT",
      "pw is 3, more than w, which is 2",
    ],
    [
      "more on disk than answers",
      ["put", "k", "x", "--dw", "3"],
      2,
      "INVALID_ARGUMENT",
      "dw is 3, more than w, which is 2",
    ],
    [
      "an n above the bucket's",
      ["put", "k", "x", "--n", "4"],
      2,
      "INVALID_ARGUMENT",
      "n is 4, but bucket default has n 3",
    ],
    [
      "a read's option of a delete",
      ["delete", "k", "--pr", "3"],
      2,
      "INVALID_ARGUMENT",
      "pr is 3, more than r, which is 2",
    ],
    ["a write's option of a get", ["get", "k", "--w", "4"], 2, "INVALID_ARGUMENT", "w is 4, more than n, which is 3"],
    [
      "counts that fit no cluster",
      ["get", "k", "--w", "2", "--dw", "3"],
      2,
      "INVALID_ARGUMENT",
      "dw is 3, more than w, which is 2",
    ],
    [
      "a count that is none",
      ["get", "k", "--r", "most"],
      2,
      "INVALID_ARGUMENT",
      "It is a number of nodes, one, quorum or all.",
    ],
    ["no time at all", ["get", "k", "--timeout", "0"], 2, "INVALID_ARGUMENT", "It is a whole number from 1 to 600000."],
    ["a bucket's name", ["get", "k", "--bucket", "a b"], 2, "INVALID_ARGUMENT", 'not "a b"'],
    ["an empty key", ["put", "", "x"], 2, "INVALID_ARGUMENT", "a key is a text of at least one character"],
    ["a long key", ["put", long, "x"], 1, "TOO_LARGE", "the key has 1025 bytes, the limit is 1024"],
    ["a context that is none", ["put", "k", "x", "--context", "tea"], 1, "BAD_CONTEXT", "this is not a context"],
    ["a context that a get cannot use", ["get", "k", "--context", "tea"], 1, "BAD_CONTEXT", "this is not a context"],
    [
      "a context and none",
      ["delete", "k", "--context", "AQ", "--blind"],
      2,
      "INVALID_ARGUMENT",
      "cannot be used with option",
    ],
    ["a watch of no time", ["status", "--watch", "0"], 2, "INVALID_ARGUMENT", "It is a number of seconds from 0.1"],
    [
      "mending that is none",
      ["get", "k", "--read-repair", "on"],
      2,
      "INVALID_ARGUMENT",
      "It is async, blocking or off.",
    ],
    [
      "a value that would lose digits",
      ["put", "k", "[12345678901234567890]"],
      2,
      "INVALID_ARGUMENT",
      "cannot be kept exactly",
    ],
    ["an unknown flag", ["get", "k", "--bukket", "x"], 2, "INVALID_ARGUMENT", "(Did you mean --bucket?)"],
    ["an unknown command", ["gte", "k"], 2, "INVALID_ARGUMENT", "(Did you mean get?)"],
    ["no key", ["get"], 2, "INVALID_ARGUMENT", "missing required argument 'key'"],
    ["a value too many", ["put", "k", "two", "words"], 2, "INVALID_ARGUMENT", "too many arguments for 'put'"],
    [
      "an address of something else",
      ["get", "k", "--url", "http://127.0.0.1"],
      2,
      "INVALID_ARGUMENT",
      "looks like ws://127.0.0.1:7401",
    ],
    [
      "an address where nobody is",
      ["get", "k", "--url", "ws://127.0.0.1:1", "--timeout", "50"],
      1,
      "UNAVAILABLE",
      "ECONNREFUSED 127.0.0.1:1",
    ],
  ])("%s", async (_, args, code, error, sentence) => {
    const json = await runJson(args, { env: { COTERIE_URL: nodes.urls.join(",") } });
    expect(json).toMatchObject({
      code,
      json: { error: { code: error, outcome: "none", message: expect.stringContaining(sentence) as string } },
    });
  });

  test("people read a sentence on standard error", async () => {
    expect(await run(["put", "k", "x", "--w", "4", "--url", url])).toEqual({
      code: 2,
      signal: null,
      stdout: "",
      stderr: "coterie: w is 4, more than n, which is 3 (INVALID_ARGUMENT)\n",
    });
    expect(await run(["gte"])).toMatchObject({
      code: 2,
      stdout: "",
      stderr: "error: unknown command 'gte'\n(Did you mean get?)\n",
    });
  });

  test("a value over the limit, and a context of another key", async () => {
    const env = { env: { COTERIE_URL: url } };
    const large = await runJson(["put", "k", "-"], { ...env, input: "x".repeat(limits.valueBytesMax + 1) });
    expect(large).toMatchObject({ code: 1, json: { error: { code: "TOO_LARGE", outcome: "none" } } });
    const { context } = (await runJson(["get", "k"], env)).json;
    const other = await runJson(["put", "other", "x", "--context", context as string], env);
    expect(other).toMatchObject({
      code: 1,
      json: { error: { code: "BAD_CONTEXT", message: "this context belongs to another key" } },
    });
  });
});

describe("bytes from outside", () => {
  const version = helloOfClient.version + 1;
  test.each<readonly [what: string, bytes: Uint8Array | string, reason: string]>([
    ["garbage", Uint8Array.from({ length: 100 }, (_, at) => (at * 167 + 13) % 256), "the frame's checksum is wrong"],
    ["a text frame", "hello", "a text frame: this protocol has binary ones only"],
    ["an empty frame", new Uint8Array(0), "bytes end too early"],
    ["MessagePack that is no message", frameOf({ hello: "world" }), ""],
    [
      "a count of what is not there",
      sealed(Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)),
      "a count larger than the bytes that are left",
    ],
    ["nesting without end", sealed(new Uint8Array(1_000).fill(0x91)), "nested deeper than 100"],
  ])("before a Hello: %s", async (_, bytes, reason) => {
    const link = await RawLink.open(url);
    link.sendRaw(bytes);
    expect(await link.closed).toMatchObject({ code: 1008, reason: expect.stringContaining(reason) as string });
  });

  test.each([
    ["another version", { ...helloOfClient, version }, "PROTOCOL", `not ${version}`],
    [
      "an identity that is too short",
      { ...helloOfClient, identity: new Uint8Array(3) },
      "PROTOCOL",
      "has 8 bytes, not 3",
    ],
    [
      "a node nobody knows",
      { ...helloOfClient, role: "node", identity: fromBinary("n9") },
      "INVALID_ARGUMENT",
      '"n9" is no other member',
    ],
    [
      "the node itself",
      { ...helloOfClient, role: "node", identity: fromBinary("n1") },
      "INVALID_ARGUMENT",
      '"n1" is no other member',
    ],
    ["a Status instead", { kind: "Status", id: 4 }, "PROTOCOL", "the first message on a link is a Hello, not a Status"],
  ] as const)("a Hello of %s", async (_, hello, code, sentence) => {
    const link = await RawLink.open(url);
    link.send(hello);
    expect(await link.next()).toMatchObject({
      kind: "Failure",
      id: 0,
      code,
      message: expect.stringContaining(sentence) as string,
    });
    expect(await link.closed).toMatchObject({ code: 1008 });
  });

  test("garbage after a Hello ends that link, and no other", async () => {
    const [link, other] = [await RawLink.greet(url), await RawLink.greet(url)];
    link.sendRaw(Uint8Array.of(0xc1));
    expect(await link.closed).toMatchObject({ code: 1008 });
    expect(await other.ask({ kind: "Status", id: 5 })).toMatchObject({ kind: "StatusReply", id: 5 });
    other.close();
  });

  test("a kind that nobody knows fails by itself, and the link lives on", async () => {
    const link = await RawLink.greet(url);
    link.sendRaw(frameOf([[99, 7, "from the future"]]));
    expect(await link.next()).toMatchObject({ kind: "Failure", id: 7, code: "PROTOCOL", outcome: "none" });
    const asked = { kind: "ReplicaGet", key: makeKey("default", "k"), have: undefined, durable: false } as const;
    link.send({ ...asked, id: 8, timeoutMs: 100 });
    expect(await link.next()).toMatchObject({ kind: "Failure", id: 8, code: "PROTOCOL" });
    expect(await link.ask({ kind: "Status", id: 9 })).toMatchObject({ kind: "StatusReply", id: 9 });
    link.close();
  });

  test("requests that no SDK would send are refused one by one", async () => {
    const link = await RawLink.greet(url);
    const key = makeKey("default", "k");
    const op = fromBinary(makeOpId("\u0007".repeat(8), 1));
    const put = {
      kind: "Put",
      id: 1,
      op,
      key,
      value: packValue("x"),
      context: undefined,
      timeoutMs: 1000,
      options: undefined,
      returnValue: false,
      details: false,
      ...plainPut,
    } as const;
    expect(await link.ask({ ...put, options: { w: 9 } })).toMatchObject({ code: "INVALID_ARGUMENT", outcome: "none" });
    expect(await link.ask({ ...put, context: Uint8Array.of(1, 2, 3) })).toMatchObject({
      code: "BAD_CONTEXT",
      outcome: "none",
    });
    expect(await link.ask({ ...put, value: new Uint8Array(limits.valueBytesMax + 1) })).toMatchObject({
      code: "TOO_LARGE",
    });
    expect(await link.ask({ ...put, key: Uint8Array.of(...key.subarray(0, 8)) })).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "the key is empty",
    });
    expect(await link.ask({ ...put, key: fromBinary("no bucket") })).toMatchObject({ code: "INVALID_ARGUMENT" });
    link.close();
  });

  test("what is no WebSocket at all is answered or hung up on", async () => {
    const page = await fetch(url.replace("ws:", "http:"));
    expect(page.status).toBe(426);
    expect(await page.text()).toContain("This is Coterie node n1. It speaks WebSocket");
    expect(await exchange(url, "\u0000\u0001garbage\r\n\r\n")).toContain("400 Bad Request");
    // A frame that says it has 2^50 bytes.
    const upgrade =
      "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n";
    const closing = await exchange(
      url,
      Buffer.concat([Buffer.from(upgrade), Buffer.of(0x82, 0xff, 0, 4, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4)]),
    );
    expect(closing).toContain("101 Switching Protocols");
    expect(closing).toContain("\u0003\u00f1"); // 1009: too big
  });
});

/** Sends bytes over plain TCP. @returns everything that comes back until the other side hangs up */
function exchange(url: string, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp(Number(new URL(url).port), "127.0.0.1", () => socket.write(bytes));
    let answer = "";
    socket.on("data", (data) => (answer += data.toString("latin1")));
    socket.on("error", reject);
    socket.on("close", () => resolve(answer));
  });
}

describe("strangers", () => {
  // Design §14: foreign bytes never crash a node, and a link that misbehaves is the only one that ends.
  test("with a name that takes more bytes than characters are refused", async () => {
    const link = await RawLink.open(url);
    link.send({ ...helloOfClient, role: "node", identity: new Uint8Array(64).fill(0xff) });
    expect(await link.next()).toMatchObject({ kind: "Failure", code: "INVALID_ARGUMENT" });
    expect(await link.closed).toMatchObject({ code: 1008 });
  });

  test("may not send much before they have said who they are", async () => {
    const link = await RawLink.open(url);
    link.sendRaw(new Uint8Array(1024 * 1024).fill(0x80));
    expect((await link.closed).reason).toContain("are allowed here");
  });

  test("that call themselves a node and send what is no key are told so", async () => {
    const link = await RawLink.open(url);
    link.send({ ...helloOfClient, role: "node", identity: fromBinary("n3") });
    expect(await link.next()).toMatchObject({ kind: "Welcome" });
    const key = new Uint8Array(3000).fill(97);
    const asked = { kind: "ReplicaGet", key, have: undefined, durable: false } as const;
    const answer = await link.ask({ ...asked, id: 9, timeoutMs: 1000 });
    expect(answer).toMatchObject({ kind: "Failure", id: 9, outcome: "none" });
    link.close();
  });
});

test("a put under another client's operation id is refused", async () => {
  // It would be taken for a retry of that client's write, and acknowledged without being stored.
  const link = await RawLink.greet(url);
  const op = fromBinary(makeOpId("somebody", 1));
  const put = {
    kind: "Put",
    id: 5,
    op,
    key: makeKey("default", "other"),
    value: packValue("x"),
    context: undefined,
    ...plainPut,
  } as const;
  const answer = await link.ask({ ...put, timeoutMs: 1000, options: undefined, returnValue: false, details: false });
  expect(answer).toMatchObject({ kind: "Failure", id: 5, code: "INVALID_ARGUMENT", outcome: "none" });
  link.close();
});
