// Counters as their users hold them: increments of both sides count, once, and a reset takes away what it has seen.
import { beforeEach, describe, expect, it } from "vitest";
import { tooFew } from "./fake-node.ts";
import { twoSides, type TwoSides } from "./two-sides.ts";

let sides: TwoSides;

beforeEach(async () => {
  sides = await twoSides();
});

describe("a counter", () => {
  it("is 0 at first, and not found", async () => {
    const { left } = sides;
    expect(await left.run(left.kv.counter("likes").get("post-1"))).toMatchObject({ found: false, value: 0 });
  });

  it("counts up and down, by one or by more, without reading first", async () => {
    const { left } = sides;
    const likes = left.kv.counter("likes");
    await left.run(likes.increment("post-1"));
    await left.run(likes.increment("post-1", 5));
    await left.run(likes.decrement("post-1", 2));
    await left.run(likes.decrement("post-1"));
    expect(left.node.requests.map(({ kind }) => kind)).toEqual(["Put", "Put", "Put", "Put"]);
    expect(await left.run(likes.get("post-1"))).toMatchObject({ found: true, value: 3 });
  });

  it("counts what both sides counted", async () => {
    const { left, right, heal } = sides;
    await left.run(left.kv.counter("likes").increment("post-1", 2));
    await right.run(right.kv.counter("likes").increment("post-1", 3));
    heal();
    for (const { kv, run } of [left, right]) expect((await run(kv.counter("likes").get("post-1"))).value).toBe(5);
  });

  it("counts an operation once that stands at two nodes", async () => {
    const { left, right, heal } = sides;
    left.node.failures.push(tooFew);
    await left.run(left.kv.counter("likes").increment("post-1", 2)).catch(() => undefined);
    const [put] = left.node.requests;
    left.node.replay(put!);
    right.node.replay(put!);
    heal();
    expect((await right.run(right.kv.counter("likes").get("post-1"))).value).toBe(2);
  });

  it("a reset takes away what it has seen, and leaves what is counted meanwhile", async () => {
    const { left, right, heal } = sides;
    await left.run(left.kv.counter("likes").increment("post-1", 7));
    heal();
    await right.run(right.kv.counter("likes").increment("post-1", 1));
    expect(await left.run(left.kv.counter("likes").reset("post-1", { returnValue: true }))).toMatchObject({
      changed: true,
      value: 0,
    });
    heal();
    expect((await left.run(left.kv.counter("likes").get("post-1"))).value).toBe(1);
  });

  it("that is deleted is not found, and a reset of nothing sends nothing", async () => {
    const { left } = sides;
    const likes = left.kv.counter("likes");
    await left.run(likes.increment("post-1", 7));
    await left.run(likes.delete("post-1"));
    expect(await left.run(likes.get("post-1"))).toMatchObject({ found: false, value: 0 });
    const sent = left.node.requests.length;
    expect(await left.run(likes.reset("post-1"))).toMatchObject({ changed: false, effective: { w: 2 } });
    expect(left.node.requests.slice(sent).map(({ kind }) => kind)).toEqual(["Get"]);
  });

  it("adds up the increments of one edit", async () => {
    const { left } = sides;
    const likes = left.kv.counter("likes");
    await left.run(likes.edit("post-1", (one) => [1, 2, 3].forEach((amount) => one.increment(amount))));
    expect(left.node.requests.at(-1)).toMatchObject({ changes: [{ kind: "increment", path: "p", amount: 6 }] });
  });

  it.each([0.5, NaN, Infinity, 2 ** 53, "2", 1n, null])("refuses to count by %s", async (amount) => {
    const { left } = sides;
    await expect(left.kv.counter("likes").increment("post-1", amount as never)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      outcome: "none",
      message: expect.stringContaining("a counter counts whole numbers") as string,
    });
    expect(left.node.requests).toHaveLength(0);
  });

  it("refuses what it could not add up exactly", async () => {
    const most = Number.MAX_SAFE_INTEGER;
    const counted = sides.left.kv.counter("likes").edit("post-1", (one) => {
      one.increment(most);
      one.increment(1);
    });
    await expect(counted).rejects.toMatchObject({ code: "TOO_LARGE" });
  });
});

describe("a counter that only grows", () => {
  it("counts what both sides counted", async () => {
    const { left, right, heal } = sides;
    await left.run(left.kv.growCounter("visits").increment("home"));
    await right.run(right.kv.growCounter("visits").increment("home", 4));
    heal();
    expect((await left.run(left.kv.growCounter("visits").get("home"))).value).toBe(5);
  });

  it("is not decremented", async () => {
    await expect(sides.left.kv.growCounter("visits").increment("home", -1)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "a counter that only grows cannot be incremented by -1",
    });
  });

  it("is deleted whole", async () => {
    const { left } = sides;
    const visits = left.kv.growCounter("visits");
    await left.run(visits.increment("home"));
    await left.run(visits.delete("home"));
    expect(await left.run(visits.get("home"))).toMatchObject({ found: false, value: 0 });
  });
});
