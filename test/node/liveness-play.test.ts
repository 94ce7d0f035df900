/** node/liveness.ts under whatever happens: random troubles and corrupt gossip, on clusters of machines that ping each other. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Gossip } from "./gossip.ts";

const second = 1000;

test("one corrupt piece of gossip passes without a death", () => {
  // scenarios 47. Whatever it says, of whomever, in whatever incarnation that is believed.
  fc.assert(
    fc.property(
      fc.constantFrom("n1", "n2", "n3", "n9"),
      fc.constantFrom("alive" as const, "suspect" as const, "dead" as const),
      fc.oneof(fc.nat(3), fc.nat(2 ** 21), fc.maxSafeNat()),
      fc.constantFrom("n1", "n2", "n3", "n9"),
      (node, state, incarnation, by) => {
        const gossip = new Gossip({ nodes: 5 });
        gossip.play(2 * second);
        let left = 1;
        gossip.rewrite = ({ message }) =>
          message.kind !== "PingReply" || left-- <= 0
            ? message
            : { ...message, news: [{ node, state, incarnation, by }] };
        gossip.play(60 * second);
        expect(gossip.logged("member dead")).toEqual([]);
        expect(gossip.isAllAlive).toBe(true);
        gossip.paused.add("n3");
        gossip.play(20 * second);
        expect(gossip.believed("n1", "dead")).toEqual(["n3"]);
        gossip.resume("n3");
        expect(gossip.play(5 * second, () => gossip.isAllAlive)).toBe(true);
      },
    ),
    { numRuns: 30 },
  );
});

describe("whatever happens", () => {
  const nodes = ["n1", "n2", "n3", "n4"] as const;
  const node = fc.constantFrom(...nodes);
  const trouble = fc.oneof(
    fc.record({ do: fc.constantFrom("block" as const, "unblock" as const), node, other: node }),
    fc.record({ do: fc.constantFrom("pause" as const, "resume" as const, "crash" as const, "restart" as const), node }),
    fc.record({ do: fc.constant("lose" as const), share: fc.double({ min: 0, max: 0.5, noNaN: true }) }),
  );
  const steps = fc.array(fc.tuple(trouble, fc.integer({ min: 20, max: 15_000 })), { maxLength: 12 });

  class Play {
    readonly gossip: Gossip;
    readonly #blocked = new Set<string>();
    /** The highest incarnation that a start of a node has believed in, by node and member. */
    readonly #highest = new Map<string, number>();

    constructor(seed: number) {
      this.gossip = new Gossip({ nodes: nodes.length, seed, stepMs: 50 });
      this.gossip.isBlocked = (from, to) => this.#blocked.has(`${from} ${to}`);
    }

    apply(step: typeof trouble extends fc.Arbitrary<infer Step> ? Step : never): void {
      const { gossip } = this;
      switch (step.do) {
        case "block":
          return void this.#blocked.add(`${step.node} ${step.other}`);
        case "unblock":
          return void this.#blocked.delete(`${step.node} ${step.other}`);
        case "pause":
          return void gossip.paused.add(step.node);
        case "resume":
          return this.#resume(step.node);
        case "crash":
          gossip.paused.delete(step.node);
          for (const other of nodes) this.#highest.delete(`${step.node} ${other}`);
          return gossip.cluster.isUp(step.node) ? gossip.cluster.crash(step.node) : undefined;
        case "restart":
          return gossip.cluster.isUp(step.node) ? undefined : gossip.cluster.restart(step.node);
        case "lose":
          gossip.loss = step.share;
      }
    }

    #resume(id: string): void {
      if (this.gossip.cluster.isUp(id)) this.gossip.resume(id);
      else this.gossip.paused.delete(id);
    }

    heal(): void {
      this.#blocked.clear();
      this.gossip.loss = 0;
      for (const id of nodes) this.apply({ do: "resume", node: id });
      for (const id of nodes) this.apply({ do: "restart", node: id });
    }

    checkIncarnations(): void {
      for (const id of nodes) {
        if (!this.gossip.cluster.isUp(id)) continue;
        for (const [member, { incarnation }] of Object.entries(this.gossip.views(id))) {
          expect(incarnation).toBeGreaterThanOrEqual(this.#highest.get(`${id} ${member}`) ?? 0);
          this.#highest.set(`${id} ${member}`, incarnation);
        }
      }
    }
  }

  test("incarnations only grow, and when all is well again everybody believes everybody alive", () => {
    // SWIM: a refutation always wins in the end. Lost, late and crossing messages, crashes, pauses and partitions of one direction.
    fc.assert(
      fc.property(fc.integer(), steps, (seed, script) => {
        const play = new Play(seed);
        for (const [step, ms] of script) {
          play.apply(step);
          play.gossip.play(ms);
          play.checkIncarnations();
        }
        play.heal();
        expect(play.gossip.play(60 * second, () => play.gossip.isAllAlive)).toBe(true);
        play.gossip.play(30 * second);
        expect(play.gossip.isAllAlive).toBe(true);
        play.checkIncarnations();
      }),
      { numRuns: 60 },
    );
  });
});
