/** node/members.ts: what a node believes of the others: SWIM's states, refutation, and what it does not believe. */
import { describe, expect, test } from "vitest";
import type { MemberNews } from "../../src/messages.ts";
import type { Effect } from "../../node/effects.ts";
import { incarnationLeapMax, Members } from "../../node/members.ts";
import { Self } from "../../node/self.ts";
import { defaultTuning } from "../../node/tuning.ts";
import { Cluster } from "./cluster.ts";
import { MemoryStore } from "./memory-store.ts";

/** The beliefs of n1 among four members, with a clock to turn. */
class Believer {
  readonly self: Self;
  readonly members: Members;
  readonly effects: Effect[] = [];

  constructor(nodes = 4) {
    const { ring, options } = new Cluster({ nodes });
    const now = { monotonicMs: 0, wallMs: 0 };
    this.self = new Self({ id: "n1", ring, options, tuning: defaultTuning }, new MemoryStore(), now);
    this.members = new Members(this.self);
  }

  hear(node: string, state: MemberNews["state"], incarnation: number, by: string, from = "n4"): void {
    this.members.hear(from, [{ node, state, incarnation, by }]);
  }

  pass(ms: number): void {
    this.self.now = { monotonicMs: this.self.now.monotonicMs + ms, wallMs: 0 };
    this.members.buryDue();
    this.effects.push(...this.self.takeEffects());
  }

  view(node: string): string {
    const { state, incarnation } = this.members.view()[node]!;
    return `${state} ${incarnation}`;
  }
}

describe("a suspect", () => {
  test("is still asked, and is dead when its time is over: its link is cut and nobody waits for it", () => {
    // Design §7: who is believed dead is replaced in requests; what waits for it must not wait until its deadline.
    const n1 = new Believer();
    const { self, members, effects } = n1;
    self.link("n2");
    const lost: string[] = [];
    self.requests.open({ wakeAtMs: 1e9, receive: () => {}, lose: (node) => lost.push(node), wake: () => {} });
    members.probeFailed("n2");
    expect([n1.view("n2"), [...self.suspects], self.canReach("n2")]).toEqual(["suspect 0", ["n2"], true]);
    n1.pass(17_900);
    expect(n1.view("n2")).toBe("suspect 0");
    n1.pass(200);
    expect([n1.view("n2"), [...self.suspects], [...self.down]]).toEqual(["dead 0", [], ["n2"]]);
    expect(self.canReach("n2")).toBe(false);
    expect(effects).toContainEqual({ kind: "cutLink", node: "n2" });
    expect(lost).toEqual(["n2"]);
  });

  test("has less time if two other members suspect it too", () => {
    const n1 = new Believer();
    n1.members.probeFailed("n2");
    n1.hear("n2", "suspect", 0, "n3");
    n1.hear("n2", "suspect", 0, "n3");
    n1.pass(3100);
    expect(n1.view("n2")).toBe("suspect 0");
    n1.hear("n2", "suspect", 0, "n4");
    n1.pass(0);
    expect(n1.view("n2")).toBe("dead 0");
    expect(n1.effects).toContainEqual({
      kind: "log",
      level: "info",
      event: "member dead",
      fields: { member: "n2", incarnation: 0, why: "no answer for 3 s, confirmed by n3, n4" },
    });
  });

  test("is silent since its last answer, and the time goes on when it is dead", () => {
    // What `coterie status` says of it must not begin anew when suspicion turns into certainty.
    const n1 = new Believer();
    n1.members.answered("n2");
    n1.pass(5000);
    n1.members.probeFailed("n2");
    n1.pass(18_100);
    expect(n1.members.view().n2).toMatchObject({ state: "dead", why: "no answer for 23 s" });
    n1.members.probeFailed("n3");
    n1.pass(18_100);
    n1.pass(1000);
    expect(n1.members.view().n3).toMatchObject({ state: "dead", why: "no answer for 19 s" });
  });

  test("is alive again when it says so in a higher incarnation, not in the same", () => {
    // SWIM section 4.2: otherwise its old good news, still on their way, would refute every suspicion.
    const n1 = new Believer();
    n1.members.probeFailed("n2");
    n1.hear("n2", "alive", 0, "n2");
    expect(n1.view("n2")).toBe("suspect 0");
    n1.hear("n2", "alive", 1, "n2");
    expect([n1.view("n2"), n1.self.suspects.size]).toEqual(["alive 1", 0]);
    n1.pass(60_000);
    expect(n1.view("n2")).toBe("alive 1");
  });

  test("is not buried by a node that it has just answered", () => {
    // A busy link: pings wait behind megabytes, and answers come all the time.
    const n1 = new Believer(2);
    n1.members.probeFailed("n2");
    for (let second = 0; second < 10; second++) {
      n1.members.answered("n2");
      n1.pass(990);
    }
    expect(n1.view("n2")).toBe("suspect 0");
    n1.pass(10_000);
    expect(n1.view("n2")).toBe("dead 0");
  });
});

describe("the dead", () => {
  test("come back by a refutation, and are reachable at once", () => {
    const n1 = new Believer(2);
    n1.self.link("n2");
    n1.members.probeFailed("n2");
    n1.pass(4000);
    expect(n1.view("n2")).toBe("dead 0");
    n1.hear("n2", "alive", 1, "n2", "n2");
    expect([n1.view("n2"), n1.self.down.size, n1.self.canReach("n2")]).toEqual(["alive 1", 0, true]);
  });

  test("are no longer dead, but suspect, when somebody suspects them in a later life", () => {
    // They must have refuted in between: their news is still on its way.
    const n1 = new Believer(2);
    n1.members.probeFailed("n2");
    n1.pass(4000);
    n1.hear("n2", "suspect", 1, "n1");
    expect([n1.view("n2"), [...n1.self.suspects], n1.self.down.size]).toEqual(["suspect 1", ["n2"], 0]);
  });

  test("are told first of all that they are, and by everybody who is asked", () => {
    // Lifeguard section IV-C, the buddy system: a suspect can refute only what it hears.
    const n1 = new Believer(2);
    n1.members.probeFailed("n2");
    n1.pass(4000);
    for (let at = 0; at < 100; at++)
      expect(n1.members.newsFor("n2")[0]).toEqual({ node: "n2", state: "dead", incarnation: 0, by: "n1" });
  });

  test("nobody is dead by hearsay", () => {
    // scenarios 47, and the return of a node that was cut off and has buried everybody: its word is one suspicion.
    const n1 = new Believer();
    n1.hear("n2", "dead", 0, "n3");
    n1.hear("n2", "dead", 0, "n3");
    expect([n1.view("n2"), n1.self.down.size]).toEqual(["suspect 0", 0]);
    n1.pass(3100);
    expect(n1.view("n2")).toBe("suspect 0");
    n1.hear("n2", "alive", 1, "n2");
    n1.pass(60_000);
    expect(n1.view("n2")).toBe("alive 1");
  });
});

describe("a node that hears of itself", () => {
  test("that it is suspected or dead refutes it in a higher incarnation, and doubts itself a little", () => {
    const n1 = new Believer();
    n1.hear("n1", "suspect", 0, "n2");
    expect(n1.members.newsFor("n3")).toEqual([{ node: "n1", state: "alive", incarnation: 1, by: "n1" }]);
    n1.hear("n1", "dead", 7, "n2");
    expect(n1.members.newsFor("n3")).toEqual([{ node: "n1", state: "alive", incarnation: 8, by: "n1" }]);
    expect(n1.members.health.multiplier).toBe(3);
  });

  test("what it has refuted already tells it again, and does not doubt itself for it", () => {
    // After a long partition the other side still has the old suspicion, and nobody speaks of the refutation any more.
    const n1 = new Believer();
    n1.hear("n1", "suspect", 3, "n2");
    while (n1.members.newsFor("n3").length > 0);
    n1.hear("n1", "suspect", 2, "n2");
    expect(n1.members.newsFor("n3")).toEqual([{ node: "n1", state: "alive", incarnation: 4, by: "n1" }]);
    expect(n1.members.health.multiplier).toBe(2);
  });
});

describe("whoever says something outdated", () => {
  test.each<[MemberNews["state"], number, MemberNews["state"], number]>([
    ["alive", 2, "suspect", 1],
    ["alive", 2, "dead", 1],
    ["suspect", 2, "alive", 1],
    ["suspect", 2, "alive", 2],
    ["dead", 2, "alive", 2],
    ["dead", 2, "suspect", 2],
  ])("is told that it is %s %i, when it says %s %i", (state, incarnation, saidState, said) => {
    // Without it two nodes on two sides of a broken link contradict each other for ever.
    const n1 = new Believer();
    if (incarnation > 0) n1.hear("n2", "alive", incarnation, "n2");
    if (state !== "alive") n1.members.probeFailed("n2");
    if (state === "dead") n1.pass(60_000);
    while (n1.members.newsFor("n3").length > 0);
    n1.hear("n2", saidState, said, saidState === "alive" ? "n2" : "n3");
    expect(n1.view("n2")).toBe(`${state} ${incarnation}`);
    expect(n1.members.newsFor("n3").map((news) => `${news.state} ${news.incarnation}`)).toEqual([
      `${state} ${incarnation}`,
    ]);
  });
});

describe("what cannot be is ignored", () => {
  const farOff = incarnationLeapMax + 1;
  test.each<[string, MemberNews, string?]>([
    ["of somebody who is no member", { node: "n77", state: "dead", incarnation: 0, by: "n3" }],
    ["by somebody who is no member", { node: "n2", state: "suspect", incarnation: 0, by: "n77" }],
    ["a member that suspects itself", { node: "n2", state: "suspect", incarnation: 0, by: "n2" }],
    ["a member that others say is alive", { node: "n2", state: "alive", incarnation: 5, by: "n3" }],
    ["an incarnation that leaps", { node: "n2", state: "suspect", incarnation: farOff, by: "n3" }],
    ["another's word for a leap", { node: "n2", state: "alive", incarnation: farOff, by: "n2" }],
    ["the highest of all, of itself", { node: "n1", state: "dead", incarnation: Number.MAX_SAFE_INTEGER, by: "n3" }],
  ])("%s", (_, news) => {
    // scenarios 47: one corrupt piece of gossip does not poison the cluster.
    const n1 = new Believer();
    n1.members.hear("n4", [news]);
    expect(n1.members.newsFor("n3")).toEqual([]);
    expect(Object.values(n1.members.view()).map(({ state, incarnation }) => `${state} ${incarnation}`)).toEqual(
      Array.from({ length: 4 }, () => "alive 0"),
    );
  });

  test("but a member is believed of itself: whoever has just started cannot know how far it is", () => {
    const n1 = new Believer();
    n1.hear("n2", "alive", farOff, "n2", "n2");
    n1.hear("n1", "suspect", farOff, "n3");
    expect([n1.view("n2"), n1.view("n1")]).toEqual([`alive ${farOff}`, `alive ${farOff + 1}`]);
  });
});
