/** node/latencies.ts: per-peer latency orders who is asked first (design §6.3, §7). */
import * as fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { Latencies } from "../../node/latencies.ts";

const entries = ["n1", "n2", "n3", "n4"].map((node) => ({ node }));
const suspects = new Set<string>();
const unreachable = new Set<string>();
let latencies: Latencies;
let nowMs: number;

beforeEach(() => {
  suspects.clear();
  unreachable.clear();
  nowMs = 0;
  latencies = new Latencies({ id: "n1", suspects, canReach: (node) => !unreachable.has(node) });
});

/** `node` is asked and answers after `tookMs`, so often. */
function answers(node: string, tookMs: number, count = 50): void {
  for (let at = 0; at < count; at++) {
    latencies.asked(node, nowMs);
    latencies.answered(node, tookMs, nowMs);
  }
}

function order(): string[] {
  return latencies.order(entries, nowMs).map(({ node }) => node);
}

describe("the order", () => {
  test("is the list's own, and the list itself, while nobody is known to be slow", () => {
    // Design §15: what every get does must cost nothing in the common case.
    expect(latencies.order(entries, 0)).toBe(entries);
    for (const node of ["n2", "n3", "n4"]) answers(node, 1);
    expect(latencies.order(entries, nowMs)).toBe(entries);
  });

  test("does not change for small differences: equals share the load as the ring has dealt it out", () => {
    // Whoever is one per cent faster does not get everything.
    for (const [node, ms] of [
      ["n2", 20.4],
      ["n3", 20.2],
      ["n4", 20],
    ] as const)
      answers(node, ms);
    expect(order()).toEqual(["n1", "n2", "n3", "n4"]);
  });

  test("puts the slow behind the fast, the slowest last", () => {
    for (const [node, ms] of [
      ["n2", 200],
      ["n3", 100],
      ["n4", 20],
    ] as const)
      answers(node, ms);
    expect(order()).toEqual(["n1", "n4", "n3", "n2"]);
  });

  test("has hysteresis: whoever is slow must become clearly faster, whoever is not clearly slower", () => {
    // A load that moves with every sample would swing between two nodes for ever.
    for (const node of ["n3", "n4"]) answers(node, 20);
    const placeOfN2 = [40, 60, 40, 25].map((ms) => {
      answers("n2", ms, 200);
      return order().indexOf("n2");
    });
    expect(placeOfN2).toEqual([1, 3, 3, 1]);
  });

  test("puts suspects last, however fast they were", () => {
    // Design §7: suspects are asked last before they are declared down.
    answers("n2", 1);
    suspects.add("n2");
    expect(order()).toEqual(["n1", "n3", "n4", "n2"]);
    suspects.clear();
    expect(order()).toEqual(["n1", "n2", "n3", "n4"]);
  });

  test("holds exactly the nodes that it was given, whatever happened", () => {
    // It must not lose or double anybody: their number makes the quorum.
    const happening = fc.record({
      node: fc.constantFrom("n2", "n3", "n4"),
      what: fc.constantFrom("asked", "answered", "abandoned", "lost", "suspected", "unreachable" as const),
      ms: fc.integer({ min: 0, max: 500 }),
    });
    fc.assert(
      fc.property(fc.array(happening), (happenings) => {
        for (const { node, what, ms } of happenings) {
          nowMs += ms;
          if (what === "asked") latencies.asked(node, nowMs);
          else if (what === "answered") latencies.answered(node, ms, nowMs);
          else if (what === "abandoned") latencies.abandoned(node, ms, nowMs);
          else if (what === "lost") latencies.lost(node);
          else (what === "suspected" ? suspects : unreachable).add(node);
          expect(order().toSorted()).toEqual(["n1", "n2", "n3", "n4"]);
          expect(latencies.p95Ms(node)).toBeGreaterThan(0);
        }
      }),
    );
  });
});

describe("a node that does not answer", () => {
  test("looks slow while it is still waited for, and not any more once it answers", () => {
    // A node that hangs must look slow before it is declared down.
    for (const node of ["n2", "n3", "n4"]) answers(node, 1);
    latencies.asked("n2", nowMs);
    expect(order()[1]).toBe("n2");
    nowMs += 10;
    expect(order()[3]).toBe("n2");
    latencies.answered("n2", 10, nowMs);
    expect(order()[1]).toBe("n2");
  });

  test("is judged by the last word that was heard of it: many requests under way are no silence", () => {
    for (const node of ["n2", "n3", "n4"]) answers(node, 10);
    for (let at = 0; at < 100; at++) latencies.asked("n2", nowMs);
    for (let at = 0; at < 99; at++) latencies.answered("n2", 10, (nowMs += 1));
    expect(order()[1]).toBe("n2");
    nowMs += 100;
    expect(order()[3]).toBe("n2");
  });

  test("stays slow when it is given up, for as long as nobody hears better", () => {
    for (const node of ["n2", "n3", "n4"]) answers(node, 1);
    latencies.asked("n2", nowMs);
    latencies.abandoned("n2", 1000, (nowMs += 1000));
    expect(order()[3]).toBe("n2");
    answers("n2", 1);
    expect(order()[1]).toBe("n2");
  });

  test("is not slow for a link that was lost", () => {
    for (const node of ["n2", "n3", "n4"]) answers(node, 1);
    latencies.asked("n2", nowMs);
    latencies.lost("n2");
    nowMs += 1000;
    expect(order()[1]).toBe("n2");
  });

  test("is tried again in the end: what is known of it fades", () => {
    // Without a request there is no sample, and without a sample there would be no request.
    for (const node of ["n3", "n4"]) answers(node, 10);
    answers("n2", 100);
    expect(order()[3]).toBe("n2");
    nowMs += 100_000;
    answers("n3", 10);
    answers("n4", 10);
    expect(order()[1]).toBe("n2");
  });
});

test("the p95 is above most samples and below few, whatever their spread", () => {
  // Design §6.3: hedge when a replica is slower than its own p95.
  fc.assert(
    fc.property(
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      fc.constantFrom(1, 50),
      (dice, scaleMs) => {
        const peer = new Latencies({ id: "n1", suspects, canReach: () => true });
        let above = 0;
        for (let at = 0; at < 2000; at++) {
          const tookMs = scaleMs * (1 + 3 * dice.next().value!);
          if (at >= 1000 && tookMs > peer.p95Ms("n2")) above++;
          peer.answered("n2", tookMs, at);
        }
        expect(above).toBeLessThan(150);
      },
    ),
    { numRuns: 20 },
  );
});

test("a node that never answered has a p95 all the same, and no figures for people", () => {
  expect(latencies.p95Ms("n9")).toBe(50);
  expect(latencies.of("n9")).toBeUndefined();
  answers("n2", 8);
  expect(latencies.of("n2")).toMatchObject({ meanMs: 8 });
});
