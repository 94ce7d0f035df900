// One socket to one node: the state diagram at the top of client/connection.ts, pair by pair, and what requests see of it.
import { describe, expect, it } from "vitest";
import { openClient } from "../../client/client.ts";
import { Connection } from "../../client/connection.ts";
import { CoterieError } from "../../src/errors.ts";
import { limits } from "../../src/limits.ts";
import { plainPut, type Failure, type Get, type Message, type Put } from "../../src/messages.ts";
import { FakeRuntime, hello, ringOf, urlOf, welcomeOf } from "./fake-runtime.ts";

type State = "idle" | "connecting" | "greeting" | "open" | "down" | "closed";
type Event =
  | "use"
  | "socket opens"
  | "Welcome"
  | "refusal"
  | "garbage"
  | "socket ends"
  | "handshake time is over"
  | "backoff is over"
  | "close()";

const welcome = welcomeOf("n1", ringOf(3));
const refusal: Failure = {
  kind: "Failure",
  id: 0,
  code: "UNAUTHENTICATED",
  message: "missing or wrong credentials",
  outcome: "none",
  retryable: false,
  details: {},
};
const get: Get = {
  kind: "Get",
  id: 0,
  key: Uint8Array.of(1),
  timeoutMs: 100,
  options: undefined,
  head: false,
  details: false,
};
const put: Put = {
  kind: "Put",
  id: 0,
  op: new Uint8Array(14),
  key: Uint8Array.of(1),
  value: Uint8Array.of(1),
  context: undefined,
  timeoutMs: 100,
  options: undefined,
  returnValue: false,
  details: false,
  ...plainPut,
};

class Bench {
  readonly runtime: FakeRuntime;
  readonly connection: Connection;
  welcomes = 0;

  constructor(seed = 1) {
    this.runtime = new FakeRuntime(seed);
    this.connection = new Connection(urlOf("n1"), hello, this.runtime, () => this.welcomes++);
  }

  async reach(state: State): Promise<void> {
    if (state === "idle") return;
    if (state === "closed") return this.connection.close();
    this.connection.use();
    if (state === "connecting") return;
    this.runtime.socket.open();
    if (state === "greeting") return;
    if (state === "open") return this.runtime.socket.say(welcome);
    this.runtime.socket.end("gone");
  }

  /** Told from the outside alone, and therefore the last thing that a test does: time passes. */
  async state(): Promise<State> {
    if (this.connection.isOpen) return "open";
    if (!this.connection.isUsable) {
      await this.runtime.advance(10_000);
      return this.connection.isUsable ? "down" : "closed";
    }
    const opened = this.runtime.sockets.length;
    this.connection.use();
    if (this.runtime.sockets.length > opened) return "idle";
    return this.runtime.socket.frames.length > 0 ? "greeting" : "connecting";
  }
}

const happen: Record<Event, (bench: Bench) => unknown> = {
  use: ({ connection }) => connection.use(),
  "socket opens": ({ runtime }) => runtime.socket.open(),
  Welcome: ({ runtime }) => runtime.socket.say(welcome),
  refusal: ({ runtime }) => {
    runtime.socket.say(refusal);
    runtime.socket.end(refusal.message);
  },
  garbage: ({ runtime }) => runtime.socket.sayBytes(Uint8Array.of(0xc1)),
  "socket ends": ({ runtime }) => runtime.socket.end("gone"),
  "handshake time is over": ({ runtime }) => runtime.advance(5001),
  "backoff is over": ({ runtime }) => runtime.advance(2001),
  "close()": ({ connection }) => connection.close(),
};

/** Every pair, or this does not compile. `undefined`: it cannot happen, there is no socket yet. */
const table: Record<State, Record<Event, State | undefined>> = {
  idle: {
    use: "connecting",
    "socket opens": undefined,
    Welcome: undefined,
    refusal: undefined,
    garbage: undefined,
    "socket ends": undefined,
    "handshake time is over": "idle",
    "backoff is over": "idle",
    "close()": "closed",
  },
  connecting: {
    use: "connecting",
    "socket opens": "greeting",
    Welcome: "connecting",
    refusal: "down",
    garbage: "down",
    "socket ends": "down",
    "handshake time is over": "down",
    "backoff is over": "connecting",
    "close()": "closed",
  },
  greeting: {
    use: "greeting",
    "socket opens": "greeting",
    Welcome: "open",
    refusal: "down",
    garbage: "down",
    "socket ends": "down",
    "handshake time is over": "down",
    "backoff is over": "greeting",
    "close()": "closed",
  },
  open: {
    use: "open",
    "socket opens": undefined,
    Welcome: "open",
    refusal: "down",
    garbage: "down",
    "socket ends": "down",
    "handshake time is over": "open",
    "backoff is over": "open",
    "close()": "closed",
  },
  down: {
    use: "connecting",
    "socket opens": "down",
    Welcome: "down",
    refusal: "down",
    garbage: "down",
    "socket ends": "down",
    "handshake time is over": "idle",
    "backoff is over": "idle",
    "close()": "closed",
  },
  closed: {
    use: "closed",
    "socket opens": undefined,
    Welcome: undefined,
    refusal: undefined,
    garbage: undefined,
    "socket ends": undefined,
    "handshake time is over": "closed",
    "backoff is over": "closed",
    "close()": "closed",
  },
};

describe("the state diagram", () => {
  for (const [from, row] of Object.entries(table) as [State, Record<Event, State | undefined>][])
    for (const [event, to] of Object.entries(row) as [Event, State | undefined][])
      if (to !== undefined)
        it(`${from}: ${event} → ${to}`, async () => {
          const bench = new Bench();
          await bench.reach(from);
          await happen[event](bench);
          expect(await bench.state()).toBe(to);
        });

  it("ignores what an old socket still says", async () => {
    const bench = new Bench();
    await bench.reach("down");
    const old = bench.runtime.socket;
    bench.connection.use();
    old.open();
    old.say(welcome);
    old.sayBytes(Uint8Array.of(0xc1));
    expect(old.messages.map(({ kind }) => kind)).toEqual(["Hello"]);
    expect(await bench.state()).toBe("connecting");
  });

  it("ignores what its socket says after close()", async () => {
    const bench = new Bench();
    await bench.reach("greeting");
    bench.connection.close();
    bench.runtime.socket.say(welcome);
    expect(bench.welcomes).toBe(0);
    expect(await bench.state()).toBe("closed");
  });
});

describe("greeting", () => {
  it("says Hello, and nothing else before the Welcome", async () => {
    const { connection, runtime } = new Bench();
    const waiting = outcomeOf(connection.request(get, 100));
    runtime.socket.open();
    await runtime.turn();
    expect(runtime.socket.messages.map(({ kind }) => kind)).toEqual(["Hello"]);
    runtime.socket.say(welcome);
    expect(runtime.socket.messages.map(({ kind }) => kind)).toEqual(["Hello", "Get"]);
    connection.close();
    await waiting;
  });

  it("learns the node's name, and passes the Welcome on", async () => {
    const bench = new Bench();
    await bench.reach("open");
    expect(bench.connection.node).toBe("n1");
    expect(bench.welcomes).toBe(1);
  });

  it("remembers why it was refused, and forgets it when it is let in after all", async () => {
    const bench = new Bench();
    await bench.reach("greeting");
    happen.refusal(bench);
    expect(bench.connection.refusal).toMatchObject({ code: "UNAUTHENTICATED", outcome: "none", retryable: false });
    await bench.runtime.advance(2001);
    await bench.reach("open");
    expect(bench.connection.isOpen).toBe(true);
    expect(bench.connection.refusal).toBeUndefined();
  });

  it("closes a socket that does not come to a Welcome in time, and says so", async () => {
    const bench = new Bench();
    await bench.reach("greeting");
    await bench.runtime.advance(5000);
    expect(bench.runtime.socket.isClosed).toBe(true);
    expect(bench.connection.lastProblem).toBe("no Welcome within 5000 ms");
  });

  it.each<State>(["open", "down", "closed"])("leaves no timer behind once it is %s", async (state) => {
    const bench = new Bench();
    await bench.reach("greeting");
    if (state === "open") bench.runtime.socket.say(welcome);
    if (state === "down") bench.runtime.socket.end("gone");
    if (state === "closed") bench.connection.close();
    await bench.runtime.advance(10);
    // A timer of the handshake would keep a Node process alive for seconds after its last line.
    expect(bench.runtime.timersLeft).toBe(0);
  });
});

describe("reconnecting", () => {
  it("waits between half and all of 50 ms, doubled per failure up to 2 s", async () => {
    for (const seed of [1, 2, 3]) {
      const { connection, runtime } = new Bench(seed);
      for (const most of [50, 100, 200, 400, 800, 1600, 2000, 2000]) {
        connection.use();
        runtime.socket.end("refused");
        const pauseMs = await pauseOf(connection, runtime);
        expect(pauseMs).toBeGreaterThanOrEqual(most / 2);
        expect(pauseMs).toBeLessThanOrEqual(most + 1);
      }
    }
  });

  it("begins with short pauses again after a Welcome", async () => {
    const { connection, runtime } = new Bench();
    for (let failures = 0; failures < 8; failures++) {
      connection.use();
      runtime.socket.end("refused");
      await pauseOf(connection, runtime);
    }
    connection.use();
    runtime.socket.open();
    runtime.socket.say(welcome);
    runtime.socket.end("gone");
    expect(await pauseOf(connection, runtime)).toBeLessThanOrEqual(51);
  });

  it("keeps the reason of the last failure for people", async () => {
    const { connection, runtime } = new Bench();
    expect(connection.lastProblem).toBe("not tried yet");
    connection.use();
    expect(connection.lastProblem).toBe("no answer so far");
    runtime.socket.end("connect ECONNREFUSED");
    await pauseOf(connection, runtime);
    connection.use();
    expect(connection.lastProblem).toBe("connect ECONNREFUSED");
  });
});

describe("a socket that the browser does not open", () => {
  // A page that came by https may not open ws: addresses: the constructor of WebSocket throws.
  const refusal = new Error("An insecure WebSocket connection may not be initiated from a page loaded over HTTPS.");

  it("is a failed connection like any other: the request fails, the reason is kept, a later try may succeed", async () => {
    const { connection, runtime } = new Bench();
    runtime.refusal = refusal;
    const problem = `no socket can be opened: ${refusal.message}`;
    expect(await outcomeOf(connection.request({ ...put }, 100))).toMatchObject({
      code: "UNAVAILABLE",
      outcome: "none",
      message: `${urlOf("n1")}: ${problem}`,
    });
    expect(connection.lastProblem).toBe(problem);
    expect(connection.isUsable).toBe(false);
    await pauseOf(connection, runtime);
    runtime.refusal = undefined;
    connection.use();
    runtime.socket.open();
    runtime.socket.say(welcome);
    expect(connection.isOpen).toBe(true);
    expect(runtime.socket.messages.map(({ kind }) => kind)).toEqual(["Hello"]);
  });

  it("is told by connect when its time is over", async () => {
    const runtime = new FakeRuntime();
    runtime.refusal = refusal;
    await expect(runtime.run(openClient([urlOf("n1")], { connectTimeoutMs: 300 }, runtime))).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("page loaded over HTTPS") as string,
    });
  });
});

describe("requests", () => {
  it("leave in one frame per turn, each under a number of its own", async () => {
    const bench = new Bench();
    await bench.reach("open");
    const replies = [0, 1, 2].map(() => bench.connection.request({ kind: "Status", id: 0 }, 100));
    await bench.runtime.turn();
    expect(bench.runtime.socket.frames).toHaveLength(2);
    const ids = idsOf(bench.runtime.socket.frames[1]!);
    expect(new Set(ids).size).toBe(3);
    // Answers come in any order.
    for (const id of ids.toReversed()) bench.runtime.socket.say({ kind: "StatusReply", id, status: `${id}` });
    expect((await Promise.all(replies)).map(({ id }) => id)).toEqual(ids);
  });

  it("that were given up while the socket was still opening are not sent when it opens, and did not happen", async () => {
    // I14: a put sent seconds after its error, perhaps over a newer value, would be one that nobody waits for.
    const bench = new Bench();
    const waiting = outcomeOf(bench.connection.request({ ...put }, 100));
    await bench.runtime.advance(200);
    expect(await waiting).toMatchObject({ code: "UNAVAILABLE", outcome: "none" });
    bench.runtime.socket.open();
    bench.runtime.socket.say(welcome);
    await bench.runtime.advance(10);
    expect(bench.runtime.socket.frames.flat().map(({ kind }) => kind)).toEqual(["Hello"]);
  });

  it("begin a new frame when one has grown large", async () => {
    const bench = new Bench();
    await bench.reach("open");
    const value = new Uint8Array(limits.frameBytesTarget / 2);
    const waiting = [0, 1, 2].map(() => outcomeOf(bench.connection.request({ ...put, value }, 100)));
    await bench.runtime.turn();
    expect(bench.runtime.socket.frames.map((frame) => frame.length)).toEqual([1, 2, 1]);
    bench.connection.close();
    await Promise.all(waiting);
  });

  it("fail with the node's own error", async () => {
    const bench = new Bench();
    await bench.reach("open");
    const waiting = outcomeOf(bench.connection.request(put, 100));
    await bench.runtime.turn();
    const [id] = idsOf(bench.runtime.socket.frames[1]!);
    const failure = { code: "UNAVAILABLE", message: "1 of 2", outcome: "unknown", retryable: true } as const;
    bench.runtime.socket.say({ kind: "Failure", id: id!, ...failure, details: { need: 2, got: 1, of: "w" } });
    expect(await waiting).toMatchObject({ ...failure, details: { need: 2, got: 1, of: "w" } });
  });

  it.each([
    ["a read", get, "none"],
    ["a write", put, "unknown"],
  ] as const)("that nobody answers fail a little after their time: %s, outcome %s", async (_, message, outcome) => {
    const bench = new Bench();
    await bench.reach("open");
    const waiting = outcomeOf(bench.connection.request(message, 100));
    let isOver = false;
    void waiting.then(() => (isOver = true));
    await bench.runtime.advance(149);
    expect(isOver).toBe(false);
    await bench.runtime.advance(30);
    expect(await waiting).toMatchObject({ code: "UNAVAILABLE", outcome, retryable: true });
  });

  it("are not disturbed by an answer that comes too late", async () => {
    const bench = new Bench();
    await bench.reach("open");
    const waiting = outcomeOf(bench.connection.request({ kind: "Status", id: 0 }, 100));
    await bench.runtime.advance(200);
    expect(await waiting).toMatchObject({ code: "UNAVAILABLE" });
    bench.runtime.socket.say({ kind: "StatusReply", id: 1, status: "{}" });
    expect(await bench.state()).toBe("open");
  });

  it.each([
    ["a read that was sent", get, "open", "none"],
    ["a write that was sent", put, "open", "unknown"],
    ["a write that was not", put, "greeting", "none"],
  ] as const)("fail when the socket ends: %s", async (_, message, state, outcome) => {
    const bench = new Bench();
    await bench.reach(state);
    const waiting = outcomeOf(bench.connection.request(message, 1000));
    await bench.runtime.turn();
    bench.runtime.socket.end("reset by peer");
    expect(await waiting).toMatchObject({ code: "UNAVAILABLE", outcome });
    expect((await waiting).message).toContain("reset by peer");
  });

  it.each([
    ["read", get, "none"],
    ["write", put, "unknown"],
  ] as const)(
    "fail with CLOSED on close(), after what was waiting has been sent: a %s",
    async (_, message, outcome) => {
      const bench = new Bench();
      await bench.reach("open");
      const waiting = outcomeOf(bench.connection.request(message, 1000));
      bench.connection.close();
      expect(bench.runtime.socket.messages.at(-1)?.kind).toBe(message.kind);
      expect(bench.runtime.socket.isClosed).toBe(true);
      expect(await waiting).toMatchObject({ code: "CLOSED", outcome });
      await expect(bench.connection.request(get, 1000)).rejects.toMatchObject({ code: "CLOSED", outcome: "none" });
    },
  );

  it("end the connection if they are answered by something that answers nothing", async () => {
    const bench = new Bench();
    await bench.reach("open");
    const waiting = outcomeOf(bench.connection.request(get, 1000));
    await bench.runtime.turn();
    bench.runtime.socket.say({ kind: "ReplicaPutReply", id: 1, durable: true });
    expect(await waiting).toMatchObject({ code: "UNAVAILABLE", outcome: "none" });
    expect(bench.runtime.socket.isClosed).toBe(true);
  });

  it("are not ended by what a newer node says to nobody", async () => {
    const bench = new Bench();
    await bench.reach("open");
    const waiting = bench.connection.request({ kind: "Status", id: 0 }, 1000);
    await bench.runtime.turn();
    bench.runtime.socket.say({ kind: "Unknown", id: 2, number: 99 });
    bench.runtime.socket.say({ kind: "StatusReply", id: 1, status: "{}" });
    expect(await waiting).toMatchObject({ status: "{}" });
  });
});

/** What a request that must fail fails with. */
async function outcomeOf(request: Promise<unknown>): Promise<CoterieError> {
  try {
    await request;
  } catch (error) {
    if (error instanceof CoterieError) return error;
    throw error;
  }
  throw new Error("it was answered");
}

function idsOf(frame: readonly Message[]): number[] {
  return frame.map((message) => ("id" in message ? message.id : -1));
}

async function pauseOf(connection: Connection, runtime: FakeRuntime): Promise<number> {
  const fromMs = runtime.now();
  while (!connection.isUsable) await runtime.advance(1);
  return runtime.now() - fromMs;
}
