/** node/liveness.ts: who is there, by SWIM with Lifeguard, in clusters of machines that ping each other (test/node/gossip.ts). */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PeerMessage, Ping } from "../../src/messages.ts";
import { Cluster } from "./cluster.ts";
import { Gossip } from "./gossip.ts";

const second = 1000;

function dead(gossip: Gossip): string[] {
  return gossip.logged("member dead").map(({ node, member }) => `${member} by ${node}`);
}

/** Pings of one node, by hand: an interval of a second, and ticks often enough that it does not believe that it slept. */
class Pinger {
  readonly cluster: Cluster;
  /** How long the last `next` took. */
  sinceLastMs = 0;

  constructor(nodes: number) {
    this.cluster = new Cluster({ nodes, tuning: { probeIntervalMs: 1000 } });
  }

  /** Lets time pass until n1 has sent something. @returns it */
  next(): { readonly to: string; readonly message: PeerMessage }[] {
    for (let at = 0; at < 100; at++) {
      this.cluster.tick(20, (node) => node === "n1");
      this.sinceLastMs = 20 * (at + 1);
      if (this.cluster.inFlight.length > 0) return this.cluster.inFlight.splice(0);
    }
    throw new Error("n1 has nothing to say");
  }

  /** Lets time pass, and nobody hears what n1 says meanwhile. */
  pass(ms: number): void {
    for (let at = 0; at < ms; at += 20) this.cluster.tick(20, (node) => node === "n1");
    this.cluster.inFlight.splice(0);
  }

  hear(from: string, message: PeerMessage): void {
    this.cluster.input("n1", { kind: "peer", node: from, message });
  }

  get multiplier(): number {
    return this.cluster.status("n1").healthMultiplier;
  }
}

describe("a probe", () => {
  test("goes to every other member once in a round, in an order of its own", () => {
    // SWIM section 4.3: bounds how long the first detection takes; random targets do not.
    const n1 = new Pinger(6);
    const probed = Array.from({ length: 15 }, () => {
      const [ping] = n1.next();
      n1.hear(ping!.to, { kind: "PingReply", id: (ping!.message as Ping).id, isAlive: true, news: [] });
      return ping!.to;
    });
    for (const from of [0, 5, 10]) expect(probed.slice(from, from + 5).sort()).toEqual(["n2", "n3", "n4", "n5", "n6"]);
    expect(probed.slice(0, 5)).not.toEqual(probed.slice(5, 10));
  });

  test("that is not answered in time is handed to three others, who tell how it went", () => {
    // SWIM section 3.1 and Lifeguard's nack: a helper that says no is well, and so is the way to it.
    const n1 = new Pinger(6);
    const [direct] = n1.next();
    const asked = n1.next();
    expect(direct!.message).toMatchObject({ kind: "Ping", target: undefined });
    expect(asked.map(({ message }) => message)).toEqual(
      Array.from({ length: 3 }, () => expect.objectContaining({ kind: "Ping", target: direct!.to })),
    );
    expect(new Set([direct!.to, ...asked.map(({ to }) => to)]).size).toBe(4);
    for (const { to, message } of asked)
      n1.hear(to, { kind: "PingReply", id: (message as Ping).id, isAlive: false, news: [] });
    n1.next();
    expect(n1.cluster.status("n1").members[direct!.to]?.state).toBe("suspect");
    expect(n1.multiplier).toBe(1);
  });

  test("that nobody helps with speaks against the node itself", () => {
    // Lifeguard section IV-A: every helper that does not even say no raises the multiplier.
    const n1 = new Pinger(6);
    n1.next();
    n1.next();
    n1.next();
    expect(n1.multiplier).toBe(4);
  });

  test("for another is answered with what came of it", () => {
    const cluster = new Cluster({ nodes: 4 });
    const ask = (id: number, target: string): void =>
      cluster.input("n2", { kind: "peer", node: "n1", message: { kind: "Ping", id, target, news: [] } });
    const answers = (): unknown[] =>
      cluster.inFlight.filter(({ to }) => to === "n1").map(({ message }) => ({ ...message, news: [] }));
    ask(1, "n3");
    ask(2, "n4");
    cluster.drop("n2", "n4", "Ping");
    cluster.deliver("n2", "n3", "Ping");
    cluster.deliver("n3", "n2", "PingReply");
    expect(answers()).toEqual([{ kind: "PingReply", id: 1, isAlive: true, news: [] }]);
    cluster.tick(300);
    expect(answers()).toContainEqual({ kind: "PingReply", id: 2, isAlive: false, news: [] });
    cluster.linkDown("n2", "n4");
    ask(3, "n4");
    expect(answers()).toContainEqual({ kind: "PingReply", id: 3, isAlive: false, news: [] });
    ask(4, "n3");
    cluster.linkDown("n2", "n3");
    expect(answers()).toContainEqual({ kind: "PingReply", id: 4, isAlive: false, news: [] });
  });

  test("of a member without a link is the helpers' matter at once", () => {
    // Waiting for an answer that cannot come would leave them a shorter time.
    const n1 = new Pinger(3);
    n1.cluster.linkDown("n1", "n2");
    let asked = 0;
    for (let at = 0; at < 6; at++) {
      const [ping] = n1.next();
      const { id, target } = ping!.message as Ping;
      expect(n1.sinceLastMs).toBeGreaterThan(900);
      expect(ping!.to).toBe("n3");
      if (target === "n2") asked++;
      n1.hear("n3", { kind: "PingReply", id, isAlive: true, news: [] });
    }
    expect(asked).toBe(3);
  });

  test("that was sent at the end of an interval has its time all the same", () => {
    // A link may come up at any moment; what is asked over it then must still be found when the answer comes.
    const n1 = new Pinger(2);
    n1.next();
    n1.next();
    expect([n1.cluster.status("n1").members["n2"]?.state, n1.multiplier]).toEqual(["suspect", 2]);
    n1.pass(1980);
    n1.cluster.linkDown("n1", "n2");
    n1.cluster.linkUp("n1", "n2");
    const [ping] = n1.cluster.inFlight.splice(0);
    n1.pass(100);
    expect(n1.multiplier).toBe(3);
    n1.hear("n2", { kind: "PingReply", id: (ping!.message as Ping).id, isAlive: true, news: [] });
    expect(n1.multiplier).toBe(2);
  });

  test("is none of the open requests: a stop does not wait for it", () => {
    // The simulator and a draining stop take open requests for work that somebody waits for.
    const n1 = new Pinger(2);
    n1.next();
    expect(n1.cluster.status("n1").openRequests).toBe(0);
    n1.cluster.stop("n1");
    n1.cluster.sync("n1");
    expect(n1.cluster.isStopped("n1")).toBe(true);
  });

  test("answers of strangers and of earlier lives are ignored", () => {
    const n1 = new Pinger(3);
    const [ping] = n1.next();
    const id = (ping!.message as Ping).id;
    const other = ping!.to === "n2" ? "n3" : "n2";
    n1.hear(other, { kind: "PingReply", id, isAlive: true, news: [] });
    n1.hear(ping!.to, { kind: "PingReply", id: id + 1, isAlive: true, news: [] });
    expect(n1.cluster.status("n1").members[ping!.to]?.why).toBe("nobody has said otherwise");
  });
});

describe("a node that dies", () => {
  test.each([2, 3, 5, 30])("is dead to all of %i within a bound, and nobody else is", (nodes) => {
    // SWIM: completeness. A suspicion starts within two intervals of somebody's, and lasts three; gossip does the rest.
    const gossip = new Gossip({ nodes });
    gossip.play(5 * second);
    gossip.paused.add("n2");
    expect(gossip.play(12 * second, () => dead(gossip).length === nodes - 1)).toBe(true);
    expect(gossip.logged("member dead").every(({ member }) => member === "n2")).toBe(true);
  });

  test("is dead to all also if it crashes, and alive as soon as it is started again", () => {
    const gossip = new Gossip({ nodes: 3 });
    gossip.cluster.crash("n2");
    expect(gossip.play(12 * second, () => dead(gossip).length === 2)).toBe(true);
    gossip.cluster.restart("n2");
    expect(gossip.play(second / 2, () => gossip.isAllAlive)).toBe(true);
  });

  test("alone there is nobody to ping", () => {
    const gossip = new Gossip({ nodes: 1 });
    gossip.play(10 * second);
    expect([gossip.sent.size, gossip.isAllAlive]).toEqual([0, true]);
  });
});

describe("a node that pauses for ten seconds", () => {
  test.each([2, 3, 30])("in a cluster of %i is usable within a second of its return", (nodes) => {
    // The issue: not declared dead by everybody for minutes.
    const gossip = new Gossip({ nodes });
    gossip.play(5 * second);
    gossip.paused.add("n2");
    gossip.play(10 * second);
    gossip.resume("n2");
    expect(gossip.play(second, () => gossip.isAllAlive)).toBe(true);
    expect(gossip.logged("member alive").length).toBe(nodes - 1);
  });

  test("gives those that it suspected before their time again", () => {
    // What they say to it lies in its sockets, unread.
    const gossip = new Gossip({ nodes: 2 });
    gossip.isBlocked = (from) => from === "n2";
    expect(gossip.play(10 * second, () => gossip.believed("n1", "suspect").length > 0)).toBe(true);
    gossip.isBlocked = () => false;
    gossip.paused.add("n1");
    gossip.play(10 * second);
    const before = gossip.logged("member dead").filter(({ node }) => node === "n1");
    gossip.resume("n1");
    gossip.play(5 * second);
    expect([before, gossip.logged("member dead").filter(({ node }) => node === "n1")]).toEqual([[], []]);
    expect(gossip.isAllAlive).toBe(true);
  });

  test("declares nobody dead when it wakes, though everything it waited for has run out", () => {
    // Lifeguard: what a node did not hear while it slept says nothing about others.
    const gossip = new Gossip({ nodes: 5 });
    for (let start = 0; start < 10; start++) {
      gossip.play(3 * second + 100 * start);
      gossip.paused.add("n2");
      gossip.play(10 * second);
      gossip.resume("n2");
    }
    gossip.play(60 * second);
    expect(
      [...gossip.logged("member suspect"), ...gossip.logged("member dead")].filter(({ node }) => node === "n2"),
    ).toEqual([]);
    expect(gossip.isAllAlive).toBe(true);
  });
});

test("a node with a slow event loop doubts itself, and nobody else", () => {
  // The issue. Its ticks come 900 ms apart, and so does everything that it reads.
  const gossip = new Gossip({ nodes: 5 });
  for (let round = 0; round < 60; round++) {
    gossip.paused.add("n2");
    gossip.play(900);
    gossip.resume("n2");
    gossip.play(40);
  }
  expect(gossip.logged("member dead")).toEqual([]);
  expect(gossip.logged("member suspect").filter(({ node }) => node === "n2")).toEqual([]);
  expect(gossip.cluster.status("n2").healthMultiplier).toBeGreaterThan(5);
  gossip.play(120 * second);
  expect(gossip.cluster.status("n2").healthMultiplier).toBe(1);
});

describe("a broken network", () => {
  test("that one node cannot reach another over, but a third can: nobody is suspect", () => {
    // SWIM section 3.1: the indirect probes are there for that.
    const gossip = new Gossip({ nodes: 3 });
    gossip.isBlocked = (from, to) => from === "n1" && to === "n2";
    gossip.play(120 * second);
    expect([gossip.logged("member suspect"), gossip.logged("member dead")]).toEqual([[], []]);
  });

  test("with a half-open link: it is cut after three pings, though others reach the member", () => {
    // Nothing else looks after links between nodes: requests would vanish in it for ever.
    const gossip = new Gossip({ nodes: 3 });
    gossip.isBlocked = (from, to) => from !== "n3" && to !== "n3";
    expect(gossip.play(10 * second, () => gossip.logged("link silent").length > 0)).toBe(true);
    gossip.isBlocked = () => false;
    gossip.play(5 * second);
    expect(gossip.cluster.status("n1")).toMatchObject({ links: { n2: "up", n3: "up" } });
    expect(gossip.logged("member dead")).toEqual([]);
  });

  test("with a half-open link in a large cluster: after the first silence it is pinged again and again, not once in a round", () => {
    const gossip = new Gossip({ nodes: 60 });
    gossip.isBlocked = (from, to) => [from, to].sort().join() === "n1,n2";
    expect(gossip.play(65 * second, () => gossip.logged("link silent").length > 0)).toBe(true);
    expect(gossip.logged("member suspect")).toEqual([]);
  });

  test("with a half-open link between the only two: it is cut, and works again when it is dialled anew", () => {
    const gossip = new Gossip({ nodes: 2 });
    gossip.play(3 * second);
    gossip.isBlocked = () => true;
    const isCut = (): boolean => gossip.cluster.status("n1").links["n2"] === "down";
    expect(gossip.play(6 * second, isCut)).toBe(true);
    gossip.play(6 * second);
    gossip.isBlocked = () => false;
    expect(gossip.play(second, () => gossip.isAllAlive)).toBe(true);
  });

  test("around a node that can speak but not hear: it is dead to the others, and takes nobody with it", () => {
    // An asymmetric livelock: what it says of the others is refuted, where it cannot hear it.
    const gossip = new Gossip({ nodes: 5 });
    gossip.play(3 * second);
    gossip.isBlocked = (_, to) => to === "n2";
    gossip.play(60 * second);
    expect([...new Set(dead(gossip).filter((line) => !line.endsWith("by n2")))].sort()).toEqual(
      ["n1", "n3", "n4", "n5"].map((node) => `n2 by ${node}`),
    );
    gossip.isBlocked = () => false;
    expect(gossip.play(5 * second, () => gossip.isAllAlive)).toBe(true);
  });

  test("that cut a node off for minutes: its return takes nobody down", () => {
    // It has buried all the others, and says so. Believed, that would cut every link of the cluster.
    const gossip = new Gossip({ nodes: 10 });
    gossip.isBlocked = (from, to) => (from === "n2") !== (to === "n2");
    gossip.play(180 * second);
    expect(gossip.believed("n2", "dead").length).toBe(9);
    const before = dead(gossip).length;
    gossip.isBlocked = () => false;
    expect(gossip.play(5 * second, () => gossip.isAllAlive)).toBe(true);
    gossip.play(30 * second);
    expect(dead(gossip).length).toBe(before);
  });
});

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
