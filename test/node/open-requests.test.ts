import { describe, expect, test } from "vitest";
import type { PeerMessage } from "../../src/messages.ts";
import { OpenRequests, type OpenRequest } from "../../node/open-requests.ts";

class Waiting implements OpenRequest {
  declare readonly isBackground?: true;
  wakeAtMs: number;
  readonly log: string[] = [];
  readonly #onWake: (request: Waiting) => void;

  constructor(wakeAtMs: number, onWake: (request: Waiting) => void = () => undefined) {
    this.wakeAtMs = wakeAtMs;
    this.#onWake = onWake;
  }

  receive(node: string, message: PeerMessage): void {
    this.log.push(`${node}: ${message.kind}`);
  }

  lose(node: string): void {
    this.log.push(`lost ${node}`);
  }

  wake(): void {
    this.log.push("woken");
    this.#onWake(this);
  }
}

describe("ids", () => {
  test("of one start do not find the requests of the next", () => {
    // I12: an answer to a request of before a restart must not count for another.
    const [before, after] = [new OpenRequests(0), new OpenRequests(0)];
    before.start("abcdefgh");
    after.start("abcdefgi".split("").reverse().join(""));
    const late = before.open(new Waiting(100));
    after.open(new Waiting(100));
    expect(after.find(late)).toBeUndefined();
  });

  test("find a request until it is closed", () => {
    const requests = new OpenRequests(0);
    requests.start("abcdefgh");
    const waiting = new Waiting(100);
    const id = requests.open(waiting);
    expect([requests.find(id), requests.size]).toEqual([waiting, 1]);
    requests.close(id);
    expect([requests.find(id), requests.size]).toEqual([undefined, 0]);
  });

  test("of work in the background find it, and a clean stop does not wait for it", () => {
    const requests = new OpenRequests(0);
    const id = requests.open(Object.assign(new Waiting(100), { isBackground: true as const }));
    requests.open(new Waiting(100));
    expect([requests.find(id) === undefined, requests.size]).toEqual([false, 1]);
    requests.close(id);
    requests.close(id);
    expect(requests.size).toBe(1);
  });

  test("are whole numbers that every encoding keeps", () => {
    const requests = new OpenRequests(0);
    requests.start("\u00ff".repeat(8));
    expect(Number.isSafeInteger(requests.open(new Waiting(100)))).toBe(true);
  });
});

describe("waking", () => {
  test("happens once per moment that a request names, and not after it is closed", () => {
    const requests = new OpenRequests(0);
    const twice = new Waiting(50, (request) => (request.wakeAtMs = 500));
    const id = requests.open(twice);
    for (const nowMs of [40, 60, 70, 490]) requests.wakeDue(nowMs);
    expect(twice.log).toEqual(["woken"]);
    requests.wakeDue(510);
    expect(twice.log).toEqual(["woken", "woken"]);
    requests.close(id);
    requests.wakeDue(10_000);
    expect(twice.log).toHaveLength(2);
  });

  test("of a request beyond one turn of the wheel does not come early", () => {
    // The wheel turns in about ten seconds; deadlines go up to ten minutes.
    const requests = new OpenRequests(0);
    const late = new Waiting(25_000);
    requests.open(late);
    for (let nowMs = 0; nowMs < 25_000; nowMs += 100) requests.wakeDue(nowMs);
    expect(late.log).toEqual([]);
    requests.wakeDue(25_010);
    expect(late.log).toEqual(["woken"]);
  });
});

test("a lost node is told to every open request", () => {
  const requests = new OpenRequests(0);
  const [one, other] = [new Waiting(100), new Waiting(100)];
  requests.open(one);
  requests.close(requests.open(other));
  requests.lose("n2");
  expect([one.log, other.log]).toEqual([["lost n2"], []]);
});

describe("what nobody waits for", () => {
  test("is found and woken, and does not count", () => {
    // It must neither use up the limit on requests nor hold up a clean stop.
    const requests = new OpenRequests(0);
    const request = new Waiting(100, () => requests.close(id));
    const id = requests.open(request);
    requests.demote(id);
    expect([requests.size, requests.find(id)]).toEqual([0, request]);
    requests.wakeDue(100);
    expect(request.log).toEqual(["woken"]);
    expect([requests.size, requests.find(id)]).toEqual([0, undefined]);
    requests.open(new Waiting(200));
    expect(requests.size).toBe(1);
  });

  test("may go on under the id of a request that was answered, and is woken when it says", () => {
    const requests = new OpenRequests(0);
    const [first, second] = [new Waiting(5000), new Waiting(100, () => requests.close(id))];
    const id = requests.open(first);
    requests.handOver(id, second);
    requests.lose("n2");
    requests.wakeDue(100);
    requests.wakeDue(6000);
    expect([first.log, second.log, requests.size]).toEqual([[], ["lost n2", "woken"], 0]);
  });
});

test("a request may want to be woken earlier than it said", () => {
  const requests = new OpenRequests(0);
  const request = new Waiting(5000, (waking) => (waking.wakeAtMs = 5000));
  const id = requests.open(request);
  request.wakeAtMs = 50;
  requests.hurry(id, request);
  requests.wakeDue(40);
  expect(request.log).toEqual([]);
  requests.wakeDue(50);
  expect(request.log).toEqual(["woken"]);
  requests.wakeDue(4990);
  expect(request.log).toEqual(["woken"]);
  requests.wakeDue(5000);
  expect(request.log.length).toBeGreaterThan(1);
});
