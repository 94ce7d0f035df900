// One request, several nodes: whom it goes to, for how long, when it ends, and with which error.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Connection } from "../../client/connection.ts";
import { Operations, type Operation } from "../../client/operations.ts";
import { Request } from "../../client/request.ts";
import { closed, CoterieError, invalidArgument, overloaded, timedOut, unavailable } from "../../src/errors.ts";
import { hashKey, makeKey } from "../../src/key.ts";
import { plainPut, type Get, type GetReply, type Put, type PutReply } from "../../src/messages.ts";
import { FakePool } from "./fake-pool.ts";
import { ringOf, welcomeOf, type FakeSocket } from "./fake-runtime.ts";

const route = { keyHash: hashKey(makeKey("carts", "alice")), n: 3 };
const reply: PutReply = {
  kind: "PutReply",
  id: 1,
  context: new Uint8Array(),
  record: undefined,
  effective: new Uint8Array(),
  answered: undefined,
};
const nodes = 5;

type Attempt = (node: string, timeoutMs: number) => Promise<PutReply>;

let fake: FakePool;
let tries: { readonly node: string; readonly timeoutMs: number; readonly atMs: number }[];
let startMs: number;
let operation: Operation;
/** Why answers cannot be read. */
let problem: Error | undefined;

beforeEach(() => {
  fake = new FakePool(ringOf(nodes));
  fake.openAll();
  tries = [];
  problem = undefined;
  startMs = fake.runtime.now();
});

afterEach(() => {
  vi.restoreAllMocks();
});

class PutRequest extends Request<PutReply, PutReply> {
  protected override resultOf(answer: PutReply): PutReply {
    if (problem !== undefined) throw problem;
    return answer;
  }
}

function send(timeoutMs: number): Promise<PutReply> {
  const { runtime } = fake;
  operation = new Operations("client..").begin(runtime.now());
  const message: Put = {
    kind: "Put",
    id: 0,
    op: operation.op,
    key: Uint8Array.of(1),
    value: Uint8Array.of(1),
    context: undefined,
    timeoutMs: 0,
    options: undefined,
    returnValue: false,
    details: false,
    ...plainPut,
  };
  return new PutRequest({ ...route, host: fake }, message, operation).send(runtime.now(), timeoutMs);
}

/** @param attempt what a node makes of a try */
function run(timeoutMs: number, attempt: Attempt): Promise<PutReply> {
  vi.spyOn(Connection.prototype, "ask").mockImplementation(function (this: Connection, message, _, waiting) {
    const { timeoutMs: waitMs } = message as Put;
    tries.push({ node: this.node!, timeoutMs: waitMs, atMs: fake.runtime.now() - startMs });
    attempt(this.node!, waitMs).then(
      (answer) => waiting.answer(answer),
      (error: CoterieError) => waiting.fail(error),
    );
  });
  return fake.runtime.run(send(timeoutMs));
}

function failure(timeoutMs: number, attempt: Attempt): Promise<CoterieError> {
  return outcomeOf(run(timeoutMs, attempt));
}

async function outcomeOf(request: Promise<unknown>): Promise<CoterieError> {
  const error = await request.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof CoterieError) return error;
  throw new Error(`it did not fail as it should: ${String(error)}`);
}

/** A node's verdict: it has counted replicas, and found too few. */
function verdict(outcome: "none" | "unknown" = "none"): CoterieError {
  return unavailable("1 of 2 replicas answered that w needs", outcome, { need: 2, got: 1, of: "w" });
}

function gone(outcome: "none" | "unknown" = "none"): CoterieError {
  return unavailable("the connection ended", outcome);
}

/** Takes all the time that it was given, like a node that is frozen. */
async function frozen(timeoutMs: number): Promise<never> {
  await new Promise<void>((resolve) => void fake.runtime.schedule(timeoutMs, resolve));
  throw gone("unknown");
}

describe("a request that is answered", () => {
  it("goes to one node only", async () => {
    expect(await run(1000, () => Promise.resolve(reply))).toBe(reply);
    expect(tries).toHaveLength(1);
  });

  it("goes to the next node when one is gone", async () => {
    let left = 3;
    expect(await run(1000, () => (left-- > 0 ? Promise.reject(gone()) : Promise.resolve(reply)))).toBe(reply);
    expect(new Set(tries.map(({ node }) => node)).size).toBe(4);
  });

  it("comes round again, with pauses, when all were gone or overloaded", async () => {
    let left = 12;
    const attempt: Attempt = () => (left-- > 0 ? Promise.reject(overloaded("busy")) : Promise.resolve(reply));
    expect(await run(5000, attempt)).toBe(reply);
    expect(tries).toHaveLength(13);
    // Rounds at once, then 5 to 10 ms, then 10 to 20 ms of pause.
    expect(tries[4]!.atMs).toBe(0);
    expect(tries[5]!.atMs).toBeGreaterThanOrEqual(5);
    expect(tries[5]!.atMs).toBeLessThanOrEqual(10);
    expect(tries[10]!.atMs - tries[9]!.atMs).toBeGreaterThanOrEqual(10);
  });
});

describe("overload", () => {
  it("that lasts is not made worse: all tries together stay below twice the requests", async () => {
    // I15. Without a bound a request with a deadline of five seconds would be sent some seventy times.
    const requests = 1000;
    for (let sent = 0; sent < requests; sent++) await failure(5000, () => Promise.reject(overloaded("busy")));
    expect(tries.length).toBeLessThanOrEqual(requests + 64);
  });

  it("of a part of the nodes is retried at the others for as long as those answer", async () => {
    const requests = 1000;
    let isFirst = true;
    for (let sent = 0; sent < requests; sent++) {
      isFirst = true;
      const attempt: Attempt = () => {
        const isRefused = isFirst && sent % 3 === 0;
        isFirst = false;
        return isRefused ? Promise.reject(overloaded("busy")) : Promise.resolve(reply);
      };
      expect(await run(1000, attempt)).toBe(reply);
    }
    expect(tries.length).toBeLessThanOrEqual(requests * 1.5);
  });

  it("ends with that error at the deadline, also for what was held back", async () => {
    for (let sent = 0; sent < 100; sent++) await failure(1000, () => Promise.reject(overloaded("busy")));
    const before = tries.length;
    const beganMs = fake.runtime.now();
    const error = await failure(1000, () => Promise.reject(overloaded("busy")));
    expect(error).toMatchObject({ code: "OVERLOADED", outcome: "none" });
    expect(tries.length - before).toBe(1);
    expect(fake.runtime.now() - beganMs).toBeGreaterThan(400);
  });
});

describe("time", () => {
  it("one node gets half of what is left while there are others, and the last one all of it", async () => {
    const error = await failure(1600, (_, timeoutMs) => frozen(timeoutMs));
    expect(tries.map(({ timeoutMs }) => timeoutMs)).toEqual([800, 400, 200, 100, 100]);
    expect(error).toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" });
  });

  it("a try is not made so short that nobody could answer", async () => {
    await failure(60, (_, timeoutMs) => frozen(timeoutMs));
    expect(tries.map(({ timeoutMs }) => timeoutMs)).toEqual([50, 50]);
  });

  it("ends at the deadline, with no pause that would go past it", async () => {
    await failure(300, () => Promise.reject(gone()));
    expect(fake.runtime.now() - startMs).toBeLessThanOrEqual(300);
    expect(tries.at(-1)!.atMs).toBeGreaterThan(100);
  });
});

describe("a verdict", () => {
  it("is asked of every primary once, and then told", async () => {
    const error = await failure(5000, () => Promise.reject(verdict()));
    expect(error.details).toEqual({ need: 2, got: 1, of: "w" });
    expect(tries).toHaveLength(3);
    expect(fake.runtime.now() - startMs).toBe(0);
  });

  it("of one primary does not stop another from doing it", async () => {
    let isFirst = true;
    const attempt: Attempt = () => {
      if (!isFirst) return Promise.resolve(reply);
      isFirst = false;
      return Promise.reject(timedOut("1 of 2 in time", "none", { need: 2, got: 1, of: "w" }));
    };
    expect(await run(1000, attempt)).toBe(reply);
  });

  it("is told before a connection's trouble, whichever came first", async () => {
    for (const position of [0, 1, 2]) {
      let at = 0;
      const error = await failure(5000, () => Promise.reject(at++ === position ? verdict() : gone()));
      expect(error.details.need).toBe(2);
    }
  });
});

describe("an error that no other node would lift", () => {
  it("is told before an earlier verdict", async () => {
    const errors = [verdict(), invalidArgument("w is 4")];
    const error = await failure(5000, () => Promise.reject(errors.shift()));
    expect(error.code).toBe("INVALID_ARGUMENT");
  });

  it("is told at once", async () => {
    const error = await failure(5000, () => Promise.reject(invalidArgument("w is 4")));
    expect(error.code).toBe("INVALID_ARGUMENT");
    expect(tries).toHaveLength(1);
  });
});

describe("the outcome", () => {
  it.each<[string, readonly CoterieError[], "none" | "unknown"]>([
    ["none if no try may have happened", [gone(), verdict(), verdict()], "none"],
    ["unknown if the last try may have happened", [verdict(), verdict(), verdict("unknown")], "unknown"],
    ["unknown if an earlier one may have happened", [gone("unknown"), verdict(), verdict()], "unknown"],
    ["unknown also under an error that is told at once", [gone("unknown"), invalidArgument("no")], "unknown"],
    ["unknown also when the client is closed meanwhile", [gone("unknown"), closed("closed")], "unknown"],
  ])("is %s", async (_, errors, outcome) => {
    const left = [...errors];
    const error = await failure(5000, () => Promise.reject(left.shift() ?? errors.at(-1)));
    expect(error.outcome).toBe(outcome);
    expect(error).toMatchObject({ code: errors.at(-1)!.code, message: errors.at(-1)!.message });
  });
});

it("counts the tries of a write of which nobody knows whether they happened", async () => {
  // Two of them may stand under two dots: the client must not vouch for such an operation.
  const left = [gone("unknown"), gone(), gone("unknown"), overloaded("busy")];
  await run(5000, () => (left.length > 0 ? Promise.reject(left.shift()!) : Promise.resolve(reply)));
  expect(operation.unknownTries).toBe(2);
});

it("tells as it is why its answer cannot be read, and asks nobody else", async () => {
  problem = new TypeError("a bug");
  await expect(run(5000, () => Promise.resolve(reply))).rejects.toBe(problem);
  expect(tries).toHaveLength(1);
});

describe("over real connections", () => {
  const found: GetReply = {
    kind: "GetReply",
    id: 1,
    record: undefined,
    effective: new Uint8Array(),
    answered: undefined,
  };

  class GetRequest extends Request<GetReply, GetReply> {
    protected override resultOf(answer: GetReply): GetReply {
      return answer;
    }
  }

  function get(timeoutMs: number): Promise<GetReply> {
    const key = Uint8Array.of(1);
    const message = { kind: "Get", id: 0, key, timeoutMs: 0, options: undefined, head: false, details: false } as const;
    return new GetRequest({ ...route, host: fake }, message).send(fake.runtime.now(), timeoutMs);
  }

  /** The latest sockets of all nodes, in the order in which the key's requests would go to them. */
  function socketsInOrder(): FakeSocket[] {
    const tried = new Set<Connection>();
    for (let next; (next = fake.pool.choose(route, tried, false)) !== undefined;) tried.add(next);
    return [...tried].map(({ url }) => fake.runtime.sockets.findLast((socket) => socket.url === url)!);
  }

  it("leaves a message alone that it gave to a connection, which may send it later", async () => {
    for (const socket of socketsInOrder().slice(0, 2)) socket.end("gone");
    await fake.runtime.advance(100);
    const request = get(1000);
    // Both sockets are still opening when the first node's share of the time is over.
    await fake.runtime.advance(600);
    const opening = fake.runtime.sockets.filter(({ frames }) => frames.length === 0);
    for (const socket of opening) {
      socket.open();
      socket.say(welcomeOf(new URL(socket.url).hostname, ringOf(nodes)));
    }
    const sent = opening.map(({ messages }) => messages.at(-1) as Get);
    expect(sent.map(({ kind, timeoutMs }) => [kind, timeoutMs])).toEqual([
      ["Get", 500],
      ["Get", expect.closeTo(220, -2)],
    ]);
    opening[1]!.say({ ...found, id: sent[1]!.id });
    await request;
  });

  it("is not answered any more by a node that it has given up", async () => {
    const [first, second] = socketsInOrder();
    const request = get(1000);
    await fake.runtime.advance(600);
    first!.say({ ...found, answered: ["first"] });
    second!.say({ ...found, answered: ["second"] });
    expect(await request).toMatchObject({ answered: ["second"] });
  });

  it("may have happened if the answer to its first try was lost, whatever the others say", async () => {
    const [first, ...others] = socketsInOrder();
    const request = outcomeOf(send(1000));
    await fake.runtime.turn();
    first!.end("reset by peer");
    for (const other of others) {
      await fake.runtime.turn();
      const last = other.messages.at(-1);
      if (last?.kind !== "Put") continue;
      const { code, message, outcome, retryable, details } = verdict();
      other.say({ kind: "Failure", id: last.id, code, message, outcome, retryable, details });
    }
    expect(await request).toMatchObject({ code: "UNAVAILABLE", outcome: "unknown", details: { need: 2 } });
    expect(operation.unknownTries).toBe(1);
  });

  it("goes on to the next where not even a socket can be opened, and ends in time", async () => {
    fake = new FakePool(ringOf(3));
    fake.runtime.refusal = new Error("not from here");
    const error = await outcomeOf(fake.runtime.run(send(300)));
    expect(error).toMatchObject({ code: "UNAVAILABLE", outcome: "none" });
    expect(error.message).toContain("not from here");
    expect(fake.runtime.now() - startMs).toBeLessThanOrEqual(300);
  });
});

describe("when nobody can be reached", () => {
  it("says whom it tried and what happened there", async () => {
    for (const socket of fake.runtime.sockets) socket.end("connect ECONNREFUSED");
    const error = await failure(20, () => Promise.reject(gone()));
    expect(error).toMatchObject({ code: "UNAVAILABLE", outcome: "none", retryable: true });
    expect(error.message).toContain("ws://n1:7400: connect ECONNREFUSED; ws://n2:7400: connect ECONNREFUSED");
    expect(tries).toHaveLength(0);
  });

  it("tries again when their pauses are over", async () => {
    for (const socket of fake.runtime.sockets) socket.end("gone");
    expect(await run(1000, () => Promise.resolve(reply))).toBe(reply);
    expect(tries[0]!.atMs).toBeGreaterThanOrEqual(25);
  });

  it("because the client was closed, it fails with CLOSED at once", async () => {
    fake.runtime.schedule(100, () => fake.pool.close());
    const error = await failure(5000, () => Promise.reject(gone()));
    expect(error.code).toBe("CLOSED");
    expect(fake.runtime.now() - startMs).toBeLessThan(1000);
    const closedAtMs = fake.runtime.now();
    expect(await failure(5000, () => Promise.reject(gone()))).toMatchObject({ code: "CLOSED" });
    expect(fake.runtime.now()).toBe(closedAtMs);
  });
});
