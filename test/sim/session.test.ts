import { describe, expect, test } from "vitest";
import { Network, type NetworkConditions } from "../../sim/network.ts";
import type { SessionEnd } from "../../sim/session.ts";
import { Simulator } from "../../sim/simulator.ts";

const fair: NetworkConditions = {
  delayMinMs: 1,
  delayMeanMs: 5,
  loss: 0,
  duplication: 0,
  bytesPerMs: Infinity,
  reorder: 0,
  truncation: 0,
  corruption: 0,
  silenceMinMs: 100,
  silenceMeanMs: 100,
};

/** A session from a to b, and what each end heard. */
class Talk {
  readonly simulator: Simulator;
  readonly network: Network;
  readonly heardByA: string[] = [];
  readonly heardByB: string[] = [];
  a: SessionEnd | undefined;
  b: SessionEnd | undefined;

  constructor(conditions: Partial<NetworkConditions> = {}, isListening = true, seed = 1) {
    this.simulator = new Simulator(seed);
    this.network = new Network(this.simulator, { ...fair, ...conditions });
    if (isListening)
      this.network.listen("b", (end) => {
        this.b = end;
        return {
          onFrame: (frame) => this.heardByB.push(`${frame[0] ?? "empty"}`),
          onEnd: (reason) => this.heardByB.push(reason),
        };
      });
    this.a = this.network.open("a", "b", {
      onOpen: () => this.heardByA.push("open"),
      onFrame: (frame) => this.heardByA.push(`${frame[0]}`),
      onEnd: (reason) => this.heardByA.push(reason),
    });
  }

  pass(ms: number): Promise<void> {
    return this.simulator.run(this.simulator.nowMs + ms);
  }

  say(count: number, isRepeatable = true): void {
    for (let at = 0; at < count; at++) this.a?.send(Uint8Array.of(at), isRepeatable);
  }
}

async function opened(conditions: Partial<NetworkConditions> = {}, seed = 1): Promise<Talk> {
  const talk = new Talk(conditions, true, seed);
  await talk.pass(1000);
  expect(talk.heardByA).toEqual(["open"]);
  return talk;
}

const ten = Array.from({ length: 10 }, (_, at) => `${at}`);

describe("a session", () => {
  test("delivers in order, whatever the delays, and the end comes last", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const talk = await opened({}, seed);
      talk.say(10);
      talk.a?.close();
      await talk.pass(1000);
      expect(talk.heardByB).toEqual([...ten, "closed by the other side"]);
    }
  });

  test("is refused where nobody listens", async () => {
    const talk = new Talk({}, false);
    await talk.pass(1000);
    expect(talk.heardByA).toEqual(["refused"]);
  });

  test("loses frames without a word", async () => {
    const talk = await opened({ loss: 0.5 });
    talk.say(100);
    await talk.pass(1000);
    expect(talk.heardByB.length).toBeGreaterThan(20);
    expect(talk.heardByB.length).toBeLessThan(80);
  });

  test("repeats what may be repeated, and nothing else", async () => {
    const talk = await opened({ duplication: 1 });
    talk.say(10, false);
    await talk.pass(1000);
    expect(talk.heardByB).toEqual(ten);
    talk.say(10, true);
    await talk.pass(1000);
    expect(talk.heardByB.length).toBe(30);
  });

  test("lets frames overtake each other", async () => {
    const talk = await opened({ reorder: 0.5 });
    talk.say(10);
    await talk.pass(1000);
    expect(talk.heardByB).not.toEqual(ten);
    expect(talk.heardByB.toSorted()).toEqual(ten);
  });

  test("cuts frames short", async () => {
    const talk = await opened({ truncation: 1 });
    talk.say(1);
    await talk.pass(1000);
    expect(talk.heardByB).toEqual(["empty"]);
  });
});

describe("a blocked path", () => {
  test("swallows frames one way, until both ends notice", async () => {
    const talk = await opened();
    talk.network.block("a", "b");
    talk.say(10);
    talk.b?.send(Uint8Array.of(7), true);
    await talk.pass(50);
    expect([talk.heardByA, talk.heardByB]).toEqual([["open", "7"], []]);
    await talk.pass(10_000);
    expect([talk.heardByA.length, talk.heardByB.length]).toEqual([3, 1]);
    expect([talk.a?.isOpen, talk.b?.isOpen]).toEqual([false, false]);
  });

  test("that opens again in time was never noticed", async () => {
    const talk = await opened();
    talk.network.block("a", "b");
    await talk.pass(50);
    talk.network.unblock("a", "b");
    talk.say(1);
    await talk.pass(10_000);
    expect([talk.heardByA, talk.heardByB]).toEqual([["open"], ["0"]]);
  });

  test("delays the end of a session, but cannot make it last for ever", async () => {
    const talk = await opened();
    talk.network.block("a", "b");
    talk.a?.close();
    await talk.pass(20);
    talk.network.unblock("a", "b");
    await talk.pass(10_000);
    expect(talk.heardByB).toEqual(["silence"]);
  });

  test("lets nobody wait for an answer for ever", async () => {
    const talk = new Talk();
    talk.network.block("b", "a");
    await talk.pass(60);
    talk.network.unblock("b", "a");
    await talk.pass(10_000);
    expect(talk.heardByA).toEqual(["no answer"]);
  });
});

test("a power cut is noticed by silence alone", async () => {
  const talk = await opened();
  talk.b?.vanish();
  talk.say(3);
  await talk.pass(50);
  expect(talk.heardByA).toEqual(["open"]);
  await talk.pass(10_000);
  expect(talk.heardByA).toEqual(["open", "silence"]);
});

test("a clogged path delivers late, and in order", async () => {
  const talk = await opened();
  talk.network.clog("a", "b", 500);
  talk.say(10);
  await talk.pass(400);
  expect(talk.heardByB).toEqual([]);
  await talk.pass(1000);
  expect(talk.heardByB).toEqual(ten);
});

test("rest does not wait for a frame of the background", async () => {
  const talk = await opened();
  talk.a?.send(Uint8Array.of(1), true, true);
  expect(talk.network.inFlight).toBe(0);
  talk.a?.send(Uint8Array.of(2), true);
  expect(talk.network.inFlight).toBe(1);
  await talk.pass(1000);
  expect(talk.heardByB).toEqual(["1", "2"]);
  expect(talk.network.inFlight).toBe(0);
});
