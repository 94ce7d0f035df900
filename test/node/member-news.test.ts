/** node/member-news.ts: gossip that rides on pings (SWIM section 4.1), in messages of bounded size. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MemberNews } from "../../src/messages.ts";
import { compareNews, newsMax, NewsQueue } from "../../node/member-news.ts";

function alive(node: string, incarnation: number): MemberNews {
  return { node, state: "alive", incarnation, by: node };
}

function suspect(node: string, incarnation: number, by = "n9"): MemberNews {
  return { node, state: "suspect", incarnation, by };
}

function dead(node: string, incarnation: number, by = "n9"): MemberNews {
  return { node, state: "dead", incarnation, by };
}

const names = fc.constantFrom("n1", "n2", "n3", "n4", "n5");
const pieces: fc.Arbitrary<MemberNews> = fc.record({
  node: names,
  state: fc.constantFrom("alive", "suspect", "dead"),
  incarnation: fc.nat(3),
  by: names,
});

describe("what overrides what", () => {
  test("a higher incarnation overrides every state; in the same one dead overrides suspect, and suspect alive", () => {
    // SWIM section 4.2, the order of preference.
    const rising = [alive("n1", 0), suspect("n1", 0), dead("n1", 0), alive("n1", 1), suspect("n1", 1), dead("n1", 1)];
    for (const [at, a] of rising.entries())
      for (const [other, b] of rising.entries()) expect(Math.sign(compareNews(a, b))).toBe(Math.sign(at - other));
  });

  test("what is overridden is not passed on any more", () => {
    // A suspicion that is refuted must not go on travelling behind the refutation.
    const queue = new NewsQueue(5);
    queue.add(suspect("n1", 0));
    queue.add(dead("n2", 0));
    queue.add(alive("n1", 1));
    queue.add(suspect("n1", 0, "n8"));
    expect(queue.take()).toEqual([alive("n1", 1), dead("n2", 0)]);
  });
});

describe("a message", () => {
  test("never carries more than its bound, nor one piece twice", () => {
    // Traffic per node does not grow with the cluster.
    fc.assert(
      fc.property(fc.array(fc.tuple(pieces, fc.boolean()), { maxLength: 60 }), (steps) => {
        const queue = new NewsQueue(300);
        for (const [piece, isTaken] of steps) {
          queue.add(piece);
          if (!isTaken) continue;
          const taken = queue.take();
          expect(taken.length).toBeGreaterThan(0);
          expect(taken.length).toBeLessThanOrEqual(newsMax);
          expect(new Set(taken).size).toBe(taken.length);
          for (const a of taken) for (const b of taken) if (a.node === b.node) expect(compareNews(a, b)).toBe(0);
        }
      }),
    );
  });

  test("begins with what was told least often, and of that with the latest", () => {
    const queue = new NewsQueue(5);
    queue.add(suspect("n1", 0));
    expect(queue.take(1)).toEqual([suspect("n1", 0)]);
    queue.add(suspect("n2", 0));
    queue.add(suspect("n3", 0));
    expect(queue.take(2)).toEqual([suspect("n3", 0), suspect("n2", 0)]);
    expect(queue.take()).toEqual([suspect("n3", 0), suspect("n2", 0), suspect("n1", 0)]);
  });

  test("carries several members' word of the same, but not everybody's", () => {
    // Confirmations count distinct members; more than a suspicion needs would only fill messages.
    const queue = new NewsQueue(30);
    for (let at = 2; at < 20; at++) queue.add(suspect("n1", 0, `n${at}`));
    queue.add(suspect("n1", 0, "n2"));
    expect(queue.take().map(({ by }) => by)).toEqual(["n5", "n4", "n3", "n2"]);
  });
});

test("a piece is told a number of times that grows with the logarithm of the cluster, and then forgotten", () => {
  // SWIM section 4.1: λ·log n times reach everybody with high probability.
  const tellings = [1, 3, 30, 300].map((members) => {
    const queue = new NewsQueue(members);
    queue.add(dead("n1", 0));
    let told = 0;
    while (queue.take().length > 0) told++;
    expect(queue.size).toBe(0);
    return told;
  });
  expect(tellings).toEqual([4, 8, 20, 36]);
});
