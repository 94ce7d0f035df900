// Design §14 and I15: overload sheds with OVERLOADED before queues grow, and the node comes back when the load goes.
import { describe, expect, test } from "vitest";
import { Overload, type Load } from "../../node/overload.ts";
import { defaultTuning } from "../../node/tuning.ts";
import { limits } from "../../src/limits.ts";
import { Cluster, valuesOf } from "./cluster.ts";

const tickMs = 10;
const { lagMsMax, queuedBytesMax } = defaultTuning;
const key = "carts/alice";

/** A node's ticks, one after the other, each with the load of its moment. */
class Ticks {
  readonly #overload = new Overload(defaultTuning, 0);
  #nowMs = 0;
  #finished = 0;

  /** @returns whether it was overloaded after each */
  run(count: number, load: Partial<Load> & { readonly finished?: number } = {}): boolean[] {
    return Array.from({ length: count }, () => {
      this.#nowMs += tickMs + (load.lagMs ?? 0);
      this.#finished += load.finished ?? 0;
      const calm = { lagMs: 0, queuedBytes: 0, openRequests: 0 };
      return this.#overload.tick(this.#nowMs, { ...calm, ...load, finishedRequests: this.#finished });
    });
  }

  now(load: Partial<Load> = {}): boolean {
    return this.run(1, load)[0]!;
  }
}

describe("the event loop's lag", () => {
  test("is overload when it lasts, and is over soon after it ends", () => {
    const ticks = new Ticks();
    expect(ticks.run(10, { lagMs: lagMsMax * 1.5 }).indexOf(true)).toBe(3);
    expect(ticks.run(10).indexOf(false)).toBeLessThan(6);
  });

  test("is none when it is within bounds, however long", () => {
    expect(new Ticks().run(1000, { lagMs: lagMsMax * 0.9 })).not.toContain(true);
  });

  test.each([11_000, 600_000])("a pause of the whole process of %i ms is none", (lagMs) => {
    const ticks = new Ticks();
    expect([ticks.now({ lagMs }), ...ticks.run(100)]).not.toContain(true);
  });
});

describe("queued bytes", () => {
  test("are overload over their bound, until they are below half of it", () => {
    const ticks = new Ticks();
    const shares = [0.9, 1, 1.01, 0.9, 0.51, 0.5, 0.9];
    const states = shares.map((share) => ticks.now({ queuedBytes: share * queuedBytesMax }));
    expect(states).toEqual([false, false, true, true, true, false, false]);
  });
});

describe("open requests", () => {
  test("are overload when more are open than a second finishes", () => {
    const ticks = new Ticks();
    // 200 in each tick: 20,000 a second.
    ticks.run(1000, { finished: 200, openRequests: 8000 });
    expect(ticks.run(1, { finished: 200, openRequests: 19_000 })).toEqual([false]);
    expect(ticks.run(1, { finished: 200, openRequests: 21_000 })).toEqual([true]);
    expect(ticks.run(1, { finished: 200, openRequests: 11_000 })).toEqual([true]);
    expect(ticks.run(1, { finished: 200, openRequests: 9900 })).toEqual([false]);
  });

  test("are none while one client alone may have as many, even if none is finished", () => {
    expect(new Ticks().run(1000, { openRequests: limits.requestsPerConnectionMax })).not.toContain(true);
  });

  test("that all time out do not count as what a node gets done for long", () => {
    // Taking as much as times out would go on for ever: no goodput, and never overloaded. Requests wait five seconds each.
    const ticks = new Ticks();
    ticks.run(1000, { finished: 200, openRequests: 8000 });
    expect(ticks.run(1000, { finished: 12_000 / 500, openRequests: 12_000 }).at(-1)).toBe(true);
  });

  test("a pause does not make the node forget what it gets done", () => {
    const ticks = new Ticks();
    ticks.run(1000, { finished: 200, openRequests: 8000 });
    expect(ticks.now({ lagMs: 10_000, openRequests: 16_000 })).toBe(false);
  });
});

describe("a node that is overloaded", () => {
  function overloaded(): Cluster {
    const cluster = new Cluster({ nodes: 4 });
    cluster.put("n1", key, "tea");
    cluster.settle();
    tick(cluster, queuedBytesMax + 1);
    return cluster;
  }

  function tick(cluster: Cluster, queuedBytes: number): void {
    cluster.input("n1", { kind: "tick", queuedBytes, lagMs: 0 });
  }

  test("refuses clients before any work, and says so in its counters and once in its log", () => {
    const cluster = overloaded();
    const refusal = { kind: "Failure", code: "OVERLOADED", outcome: "none", retryable: true };
    expect(cluster.put("n1", key, "milk").answer).toMatchObject(refusal);
    expect(cluster.get("n1", key, { r: 1 }).answer).toMatchObject(refusal);
    expect(cluster.inFlight).toEqual([]);
    expect(cluster.status("n1").counters).toMatchObject({ shed: 2, failures: 2, puts: 1, gets: 0 });
    expect(cluster.logs).toMatchObject([{ node: "n1", level: "warn", event: "overloaded" }]);
  });

  test("still serves as a replica, and finishes what was let in elsewhere", () => {
    const cluster = overloaded();
    const replicated = cluster.put("n2", key, "milk", { w: 3 });
    cluster.settle();
    expect(replicated.answer).toMatchObject({ kind: "PutReply" });
    const forwarded = cluster.get("n4", key);
    cluster.settle();
    expect(valuesOf(forwarded.object)).toEqual(["milk", "tea"]);
    expect(cluster.status("n1").counters).toMatchObject({ gets: 1 });
  });

  test("finishes what it has begun", () => {
    const cluster = new Cluster();
    const put = cluster.put("n1", key, "tea");
    tick(cluster, queuedBytesMax + 1);
    cluster.settle();
    expect(put.answer).toMatchObject({ kind: "PutReply" });
  });

  test("serves again when the load has gone", () => {
    const cluster = overloaded();
    tick(cluster, 0);
    const put = cluster.put("n1", key, "milk");
    cluster.settle();
    expect(put.answer).toMatchObject({ kind: "PutReply" });
  });
});
