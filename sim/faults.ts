/**
 * What goes wrong: a random subset of the kinds, each at its own pace, until everything is healed for good.
 *
 * The fault atlas bounds the damage beforehand. A write is acknowledged when at least `dwMin` distinct disks have it; at most
 * `dwMin` − 1 nodes ever lose a record, whichever way; so of every acknowledged write a good copy remains. A node once
 * damaged counts for the whole run, whatever repair has done for it. (checkers/acknowledged-writes.ts proves it write by write.)
 */
import type { Random } from "../src/random.ts";
import { whims, type Whim } from "../node/whims.ts";
import type { Cluster } from "./cluster.ts";
import { drawCut, waysBetween } from "./cuts.ts";
import type { DiskState, Fault, NodeFault } from "./fault.ts";
import type { Injector } from "./injector.ts";
import type { NodeProcess } from "./node-process.ts";
import type { World } from "./world.ts";

export const faultKinds = [
  "loss",
  "duplication",
  "reorder",
  "truncation",
  "corruption",
  "partition",
  "one-way partition",
  "clog",
  "swizzle",
  "crash",
  "power cut",
  "clean stop",
  "wiped disk",
  "set back disk",
  "bit flip",
  "slow sync",
  "failing sync",
  "read-only disk",
  "full disk",
  "pause",
  "clock",
  "clock drift",
  "clock freeze",
  "loss window",
] as const;

export type FaultKind = (typeof faultKinds)[number];

export interface FaultMix {
  readonly kinds: readonly FaultKind[];
  /** Mean time between two strikes of one kind. */
  readonly paceMs: number;
  /** Mean time until a node is started again, a partition healed, a pause over. */
  readonly lastsMs: number;
  readonly damagedNodesMax: number;
  /** What is clogged arrives in the end, and a node that pauses goes on: not later than this. */
  readonly clogMsMax: number;
  readonly pauseMsMax: number;
  /** Rare but legal choices of the nodes: these are not rare here. */
  readonly whims: readonly Whim[];
  /** How far a clock may be off. */
  readonly clockMsMax: number;
  /** When nothing strikes any more, some nodes are healed for good and must do without the others, which stay broken for a while. */
  readonly leavesCore: boolean;
}

/** @param isCollecting whether tombstones are collected: then no message may grow old */
export function drawFaultMix(random: Random, dwMin: number, isCollecting: boolean): FaultMix {
  const share = random.pick([0, 0.2, 0.5, 0.5, 0.8]);
  return {
    kinds: faultKinds.filter(() => random.chance(share)),
    paceMs: random.pick([1000, 3000, 8000, 30_000]),
    lastsMs: random.pick([100, 500, 2000, 5000, 15_000]),
    damagedNodesMax: dwMin - 1,
    clogMsMax: isCollecting ? 300 : 20_000,
    pauseMsMax: isCollecting ? 300 : 30_000,
    whims: share > 0 ? whims.filter(() => random.chance(whimShare)) : [],
    clockMsMax: random.pick([10_000, 10_000, 10_000, 60_000]),
    leavesCore: share > 0 && random.chance(0.6),
  };
}

/** How many of the whims a run has. */
const whimShare = 0.25;

/** Try again soon to crash a node while something of it is not on disk yet: then it hurts. */
const pendingWaitMs = 1;
const pendingTries = 100;

export class Faults {
  readonly #world: World;
  readonly #cluster: Cluster;
  readonly #injector: Injector;
  readonly #mix: FaultMix;
  readonly #clients: readonly string[];
  readonly #random: Random;
  readonly #damaged = new Set<NodeProcess>();
  #isOver = false;

  constructor(world: World, cluster: Cluster, injector: Injector, mix: FaultMix, clients: readonly string[]) {
    this.#world = world;
    this.#cluster = cluster;
    this.#injector = injector;
    this.#mix = mix;
    this.#clients = clients;
    this.#random = world.simulator.stream("faults");
  }

  begin(): void {
    for (const kind of this.#mix.kinds) this.#strikeLater(kind);
    if (this.#mix.kinds.includes("clock")) for (const node of this.#cluster.nodes) this.#setClock(node);
  }

  /** Nothing strikes any more; what lasts goes on. */
  end(): void {
    this.#isOver = true;
  }

  #strikeLater(kind: FaultKind): void {
    this.#later(this.#random.exponential(this.#mix.paceMs), () => {
      this.#strike(kind);
      this.#strikeLater(kind);
    });
  }

  #later(delayMs: number, run: () => void): void {
    this.#world.simulator.schedule(delayMs, "fault", () => {
      if (!this.#isOver) run();
    });
  }

  #injectLater(delayMs: number, fault: Fault): void {
    this.#later(delayMs, () => this.#injector.inject(fault));
  }

  #strike(kind: FaultKind): void {
    switch (kind) {
      case "partition":
        return this.#partition(false);
      case "one-way partition":
        return this.#partition(true);
      case "clog":
        return this.#clog();
      case "swizzle":
        return this.#swizzle();
      case "crash":
        return this.#crashWhenPending("crash", pendingTries);
      case "power cut":
        return this.#crashWhenPending("cutPower", pendingTries);
      case "clean stop":
        return this.#stop();
      case "bit flip":
        return this.#flip();
      case "failing sync":
        return this.#failSync();
      case "read-only disk":
        return this.#breakDisk();
      case "full disk":
        return this.#lasting("fillDisk", "freeDisk", this.#mix.pauseMsMax);
      case "pause":
        return this.#pause();
      case "clock":
        return this.#setClock(this.#random.pick(this.#cluster.nodes));
      case "clock drift":
        return this.#drift();
      case "clock freeze":
        return this.#lasting("freezeClock", "thawClock", Infinity);
      case "loss window":
        return this.#lose();
      // These hold all the time, as conditions of the network or the disk, or come with a crash.
      case "loss":
      case "duplication":
      case "reorder":
      case "truncation":
      case "corruption":
      case "slow sync":
      case "wiped disk":
      case "set back disk":
        return;
    }
  }

  #partition(isOneWay: boolean): void {
    const nodes = this.#cluster.nodes.map(({ id }) => id);
    const endpoints = this.#random.chance(0.5) ? nodes : [...nodes, ...this.#clients];
    const ways = drawCut(this.#random, endpoints, isOneWay);
    this.#injector.inject({ kind: "block", ways });
    this.#injectLater(this.#random.exponential(this.#mix.lastsMs), { kind: "unblock", ways });
  }

  #clog(): void {
    const way = [this.#random.pick(this.#cluster.nodes).id, this.#random.pick(this.#cluster.nodes).id] as const;
    const lastsMs = Math.min(this.#random.exponential(this.#mix.lastsMs), this.#mix.clogMsMax);
    this.#injector.inject({ kind: "clog", way, lastsMs });
  }

  /** A half of the nodes is clogged one by one, and each is free again after a time of its own: in another order. */
  #swizzle(): void {
    const nodes = this.#cluster.nodes.map(({ id }) => id);
    for (const node of nodes.filter(() => this.#random.chance(0.5))) {
      const lastsMs = Math.min(this.#random.exponential(this.#mix.lastsMs), this.#mix.clogMsMax);
      this.#later(this.#random.exponential(this.#mix.lastsMs / 4), () => {
        for (const way of waysBetween([node], nodes)) this.#injector.inject({ kind: "clog", way, lastsMs });
      });
    }
  }

  #crashWhenPending(kind: "crash" | "cutPower", triesLeft: number): void {
    const up = this.#cluster.nodes.filter((node) => node.phase !== "down");
    const pending = up.filter((node) => node.unsynced > 0);
    if (pending.length === 0 && triesLeft > 0)
      return this.#later(pendingWaitMs, () => this.#crashWhenPending(kind, triesLeft - 1));
    const candidates = pending.length > 0 ? pending : up;
    if (candidates.length === 0) return;
    const node = this.#random.pick(candidates);
    this.#injector.inject({ kind, node: node.id });
    this.#restartLater(node, true);
  }

  #stop(): void {
    const serving = this.#cluster.nodes.filter((node) => node.phase === "serving");
    if (serving.length === 0) return;
    const node = this.#random.pick(serving);
    this.#injector.inject({ kind: "stop", node: node.id });
    this.#restartLater(node, false);
  }

  /** A node that is still stopping is waited for. */
  #restartLater(node: NodeProcess, mayBeDamaged: boolean): void {
    this.#later(this.#random.exponential(this.#mix.lastsMs), () => {
      if (node.phase === "stopping") return this.#restartLater(node, mayBeDamaged);
      if (node.phase !== "down") return;
      this.#injector.inject({ kind: "start", node: node.id, disk: mayBeDamaged ? this.#drawDisk(node) : "as it was" });
    });
  }

  /** What a node that crashed finds when it comes back. An old copy is taken now and then, so that there is one. */
  #drawDisk(node: NodeProcess): DiskState {
    for (const [kind, disk] of [
      ["wiped disk", "wiped"],
      ["set back disk", "set back"],
    ] as const)
      if (this.#mix.kinds.includes(kind) && this.#random.chance(0.3) && this.#mayDamage(node)) return disk;
    if (this.#mix.kinds.includes("set back disk") && this.#random.chance(0.5))
      this.#injector.inject({ kind: "copyDisk", node: node.id });
    return "as it was";
  }

  #flip(): void {
    const node = this.#random.pick(this.#cluster.nodes);
    const keys = [...node.platter.records().keys()];
    if (keys.length === 0 || !node.mayRot || !this.#mayDamage(node)) return;
    this.#injector.inject({ kind: "flip", node: node.id, key: this.#random.pick(keys) });
  }

  /** The node that it kills comes back as if nothing had been. */
  #failSync(): void {
    const node = this.#random.pick(this.#cluster.nodes);
    if (node.phase === "down") return;
    this.#injector.inject({ kind: "failSync", node: node.id });
    this.#restartWhenDown(node);
  }

  #restartWhenDown(node: NodeProcess): void {
    if (node.phase === "down") return this.#restartLater(node, true);
    this.#later(this.#mix.lastsMs, () => this.#restartWhenDown(node));
  }

  /** While the disk takes no writes its node cannot even start. */
  #breakDisk(): void {
    const node = this.#random.pick(this.#cluster.nodes);
    this.#injector.inject({ kind: "breakDisk", node: node.id });
    this.#later(this.#random.exponential(this.#mix.lastsMs), () => {
      this.#injector.inject({ kind: "mendDisk", node: node.id });
      if (node.phase === "down") this.#injector.inject({ kind: "start", node: node.id, disk: "as it was" });
    });
  }

  #pause(): void {
    const node = this.#random.pick(this.#cluster.nodes);
    if (node.phase === "down" || node.isPaused) return;
    this.#injector.inject({ kind: "pause", node: node.id });
    const lastsMs = Math.min(this.#random.exponential(this.#mix.lastsMs), this.#mix.pauseMsMax);
    this.#injectLater(lastsMs, { kind: "resume", node: node.id });
  }

  /** Mostly within what the store tolerates, sometimes far beyond. */
  #setClock({ id: node }: NodeProcess): void {
    const mostMs = this.#random.pick([0, 100, 200, this.#mix.clockMsMax]);
    this.#injector.inject({ kind: "setClock", node, offsetMs: this.#random.between(-mostMs, mostMs) });
  }

  /** Up to a second in a thousand too fast or too slow, for as long as it lasts. */
  #drift(): void {
    const node = this.#random.pick(this.#cluster.nodes).id;
    this.#injector.inject({ kind: "driftClock", node, partsPerMillion: this.#random.between(-1000, 1000) });
    this.#injectLater(this.#random.exponential(this.#mix.lastsMs), { kind: "driftClock", node, partsPerMillion: 0 });
  }

  /** Most of what one endpoint sends to another gets lost, and no session notices. */
  #lose(): void {
    const way = [this.#random.pick(this.#cluster.nodes).id, this.#random.pick(this.#cluster.nodes).id] as const;
    this.#injector.inject({ kind: "lose", way, share: 0.5 + this.#random.fraction() / 2 });
    this.#injectLater(this.#random.exponential(this.#mix.lastsMs), { kind: "lose", way, share: 0 });
  }

  /** Where tombstones are collected, what waits for room may not grow old either. */
  #lasting(begin: NodeFault, end: NodeFault, mostMs: number): void {
    const node = this.#random.pick(this.#cluster.nodes).id;
    this.#injector.inject({ kind: begin, node });
    this.#injectLater(Math.min(this.#random.exponential(this.#mix.lastsMs), mostMs), { kind: end, node });
  }

  #mayDamage(node: NodeProcess): boolean {
    if (!this.#damaged.has(node) && this.#damaged.size >= this.#mix.damagedNodesMax) return false;
    this.#damaged.add(node);
    return true;
  }
}
