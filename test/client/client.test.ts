// From `connect` to `close`: addresses, refusals, waiting for a first node, what the nodes say of themselves.
import { describe, expect, it } from "vitest";
import { openClient } from "../../client/client.ts";
import { FakeNode, connectTo, tooFew } from "./fake-node.ts";
import { FakeRuntime, ringOf } from "./fake-runtime.ts";

describe("connect", () => {
  it("refuses an option that it does not have: a misspelt `auth` must not be ignored", async () => {
    const options = { token: "secret" } as object;
    await expect(openClient(["ws://127.0.0.1:7401"], options, new FakeRuntime())).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("token is no option of connect") as string,
    });
  });

  it.each<[string, unknown]>([
    ["no address", []],
    ["no list", "ws://127.0.0.1:7401"],
    ["another protocol", ["http://127.0.0.1:7401"]],
    ["a path", ["ws://127.0.0.1:7401/kv"]],
    ["no text", [7401]],
  ])("refuses at once: %s", async (_, urls) => {
    const runtime = new FakeRuntime();
    await expect(openClient(urls as string[], {}, runtime)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(runtime.sockets).toHaveLength(0);
  });

  it("takes an address with a slash at its end for the same", async () => {
    const runtime = new FakeRuntime();
    runtime.onSocket = (socket) => new FakeNode("n1").serve(runtime, socket);
    await runtime.run(openClient(["ws://n1:7400/", "ws://n1:7400"], {}, runtime));
    expect(runtime.sockets.map(({ url }) => url)).toEqual(["ws://n1:7400"]);
  });

  it("waits for a node that is still starting", async () => {
    const runtime = new FakeRuntime();
    const node = new FakeNode("n1");
    runtime.onSocket = (socket) => {
      if (runtime.sockets.length < 4) runtime.schedule(1, () => socket.end("connect ECONNREFUSED"));
      else node.serve(runtime, socket);
    };
    await runtime.run(openClient(["ws://n1:7400"], {}, runtime));
    expect(runtime.sockets).toHaveLength(4);
  });

  it("gives up in time, and says what it tried", async () => {
    const runtime = new FakeRuntime();
    runtime.onSocket = (socket) => void runtime.schedule(1, () => socket.end("connect ECONNREFUSED"));
    const fromMs = runtime.now();
    await expect(runtime.run(openClient(["ws://n1:7400"], { connectTimeoutMs: 300 }, runtime))).rejects.toMatchObject({
      code: "UNAVAILABLE",
      outcome: "none",
      message: "no node can be reached: ws://n1:7400: connect ECONNREFUSED",
    });
    expect(runtime.now() - fromMs).toBeLessThan(320);
  });

  it("does not wait when it is refused", async () => {
    const runtime = new FakeRuntime();
    runtime.onSocket = (socket) => {
      socket.onFrame = () => {
        const text = { message: "missing or wrong credentials", outcome: "none", retryable: false } as const;
        socket.say({ kind: "Failure", id: 0, code: "UNAUTHENTICATED", ...text, details: {} });
        socket.end(text.message);
      };
      runtime.schedule(1, () => socket.open());
    };
    await expect(runtime.run(openClient(["ws://n1:7400"], { auth: "wrong" }, runtime))).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
    });
    expect(runtime.socket.messages).toMatchObject([{ kind: "Hello", role: "client", credential: "wrong" }]);
  });
});

describe("an operation", () => {
  it("keeps its id from one try to the next", async () => {
    const node = new FakeNode("n1");
    const { client, runtime } = await connectTo(node);
    node.failures.push({ ...tooFew, code: "OVERLOADED", outcome: "none", details: {} });
    await runtime.run(client.bucket("carts").put("alice", 1));
    const [first, second] = node.requests;
    expect(second?.kind).toBe("Put");
    const later = { id: second!.id, timeoutMs: second!.timeoutMs, ageMs: expect.any(Number) as number };
    expect(second).toEqual({ ...first, ...later });
  });

  it("has another id than those of another client", async () => {
    const node = new FakeNode("n1");
    const runtime = new FakeRuntime();
    runtime.onSocket = (socket) => node.serve(runtime, socket);
    for (let clients = 0; clients < 2; clients++) {
      const client = await runtime.run(openClient(["ws://n1:7400"], {}, runtime));
      await runtime.run(client.bucket("carts").put("alice", 1));
    }
    const [one, other] = node.requests.map((request) => (request.kind === "Put" ? [...request.op] : []));
    expect(one).not.toEqual(other);
  });
});

describe("status", () => {
  it("is what each node says of itself", async () => {
    const { client, runtime } = await connectTo(new FakeNode("n1"));
    expect(await runtime.run(client.status())).toEqual([{ node: "n1", url: "ws://n1:7400", status: { node: "n1" } }]);
  });

  it("is a problem where a node does not answer", async () => {
    const { client, runtime } = await connectTo(new FakeNode("n1"));
    runtime.onSocket = (socket) => void runtime.schedule(1, () => socket.end("connect ECONNREFUSED"));
    runtime.socket.end("gone");
    const [report] = await runtime.run(client.status());
    expect(report).toMatchObject({ node: "n1", problem: "ws://n1:7400: connect ECONNREFUSED" });
  });
});

describe("status of nodes that are slow", () => {
  it("takes as long as its caller grants, and refuses what it does not know", async () => {
    const { client, runtime } = await connectTo(new FakeNode("n1"));
    runtime.socket.onFrame = () => undefined;
    const fromMs = runtime.now();
    expect(await runtime.run(client.status({ timeoutMs: 100 }))).toMatchObject([
      { problem: "ws://n1:7400 does not answer" },
    ]);
    expect(runtime.now() - fromMs).toBeLessThan(200);
    await expect(client.status({ timeout: 5 } as object)).rejects.toMatchObject({
      message: "timeout is no option of status; there are timeoutMs, partitions",
    });
  });
});

describe("partitions", () => {
  it("are told of by the nodes if somebody asks", async () => {
    const { client, runtime } = await connectTo(new FakeNode("n1"));
    await runtime.run(client.status());
    await runtime.run(client.status({ partitions: true }));
    expect(runtime.socket.messages.filter(({ kind }) => kind === "Status")).toEqual([
      { kind: "Status", id: expect.any(Number) as number },
      { kind: "Status", id: expect.any(Number) as number, partitions: true },
    ]);
  });

  it("are held by the nodes that the ring says, first owner first", async () => {
    const { client } = await connectTo(new FakeNode("n1"));
    const table = ringOf(1);
    expect(client.partitions()).toEqual(table.owners.map(() => ["n1"]));
  });
});

describe("close", () => {
  it("closes the socket and leaves no timer behind", async () => {
    const { client, runtime } = await connectTo(new FakeNode("n1"));
    await runtime.run(client.bucket("carts").put("alice", 1));
    await client.close();
    await runtime.advance(50);
    expect(runtime.socket.isClosed).toBe(true);
    expect(runtime.timersLeft).toBe(0);
  });

  it("may be called twice", async () => {
    const { client } = await connectTo(new FakeNode("n1"));
    await client.close();
    await expect(client.close()).resolves.toBeUndefined();
  });
});
