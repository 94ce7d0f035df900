/**
 * What goes wrong: a random subset of the kinds, each at its own pace, until everything is healed for good.
 *
 * The fault atlas bounds the damage beforehand. A write is acknowledged when at least `dwMin` distinct disks have it; at most
 * `dwMin` − 1 nodes ever lose a record, whichever way; so of every acknowledged write a good copy remains. There is no
 * repair yet, so a node once damaged counts for the whole run. (checkers/acknowledged-writes.ts proves it write by write.)
 */
import type { Random } from "../src/random.ts";
import type { Cluster } from "./cluster.ts";
import type { DiskState, NodeProcess } from "./node-process.ts";
import type { World } from "./world.ts";

export const faultKinds = [
  "loss",
  "duplication",
  "reorder",
  "truncation",
  "partition",
  "one-way partition",
  "clog",
  "crash",
  "power cut",
  "clean stop",
  "wiped disk",
  "bit flip",
  "slow sync",
  "pause",
  "clock",
  "clock drift",
  "clock freeze",
  "loss window",
  "full disk",
  "set back disk",
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
}

/** @param isCollecting whether tombstones are collected: then no message may grow old */
export function drawFaultMix(random: Random, dwMin: number, isCollecting: boolean): FaultMix {
  const share = random.pick([0, 0.2, 0.5, 0.5, 0.8]);
  return {
    kinds: faultKinds.filter(() => random.chance(share)),
    paceMs: random.pick([1000, 3000, 8000]),
    lastsMs: random.pick([100, 500, 2000, 5000]),
    damagedNodesMax: dwMin - 1,
    clogMsMax: isCollecting ? 300 : 20_000,
    pauseMsMax: isCollecting ? 300 : 30_000,
  };
}

/** Try again soon to crash a node while something of it is not on disk yet: then it hurts. */
const pendingWaitMs = 1;
const pendingTries = 100;

export class Faults {
  readonly #world: World;
  readonly #cluster: Cluster;
  readonly #mix: FaultMix;
  readonly #clients: readonly string[];
  readonly #random: Random;
  readonly #damaged = new Set<NodeProcess>();
  #isOver = false;

  constructor(world: World, cluster: Cluster, mix: FaultMix, clients: readonly string[]) {
    this.#world = world;
    this.#cluster = cluster;
    this.#mix = mix;
    this.#clients = clients;
    this.#random = world.simulator.stream("faults");
  }

  begin(): void {
    for (const kind of this.#mix.kinds) this.#strikeLater(kind);
    if (this.#mix.kinds.includes("clock")) for (const node of this.#cluster.nodes) this.#setClock(node);
  }

  /** For good: nothing strikes any more, and whatever is broken is mended. */
  heal(): void {
    this.#isOver = true;
    this.#world.network.unblockAll();
    for (const node of this.#cluster.nodes) {
      node.clock.setRight();
      node.setDiskFull(false);
      node.resume();
    }
    this.startAll();
    this.#world.trace.line("all", () => "everything is healed");
  }

  /** Again and again after the heal: a node that was still stopping then is down later. */
  startAll(): void {
    for (const node of this.#cluster.nodes) this.#cluster.restart(node, "as it was");
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

  #strike(kind: FaultKind): void {
    switch (kind) {
      case "partition":
        return this.#partition(false);
      case "one-way partition":
        return this.#partition(true);
      case "clog":
        return this.#clog();
      case "crash":
      case "power cut":
        return this.#crashWhenPending(kind === "power cut", pendingTries);
      case "clean stop":
        return this.#stop();
      case "bit flip":
        return this.#flip();
      case "pause":
        return this.#pause();
      case "clock":
        return this.#setClock(this.#random.pick(this.#cluster.nodes));
      case "clock drift":
        return this.#drift();
      case "clock freeze":
        return this.#freeze();
      case "loss window":
        return this.#lose();
      case "full disk":
        return this.#fillDisk();
      // These hold all the time, as conditions of the network or the disk, or come with a crash.
      case "loss":
      case "duplication":
      case "reorder":
      case "truncation":
      case "slow sync":
      case "wiped disk":
      case "set back disk":
        return;
    }
  }

  #partition(isOneWay: boolean): void {
    const paths = this.#cut(isOneWay);
    this.#world.coverage.mark(isOneWay ? "one-way partition" : "partition");
    this.#world.trace.line("net", () => `blocks ${paths.map(([from, to]) => `${from}>${to}`).join(" ")}`);
    for (const [from, to] of paths) this.#world.network.block(from, to);
    this.#later(this.#random.exponential(this.#mix.lastsMs), () => {
      for (const [from, to] of paths) this.#world.network.unblock(from, to);
      this.#world.trace.line("net", () => "a partition heals");
    });
  }

  /** Splits the endpoints in two, at random; one alone as often as any other number. */
  #cut(isOneWay: boolean): (readonly [from: string, to: string])[] {
    const nodes = this.#cluster.nodes.map(({ id }) => id);
    const endpoints = this.#random.chance(0.5) ? nodes : [...nodes, ...this.#clients];
    const alone = this.#random.chance(0.4) ? this.#random.pick(endpoints) : undefined;
    const inside = new Set(endpoints.filter((one) => (alone === undefined ? this.#random.chance(0.5) : one === alone)));
    const paths: (readonly [string, string])[] = [];
    for (const from of inside)
      for (const to of endpoints) {
        if (inside.has(to)) continue;
        paths.push([from, to]);
        if (!isOneWay) paths.push([to, from]);
      }
    return paths;
  }

  #clog(): void {
    const from = this.#random.pick(this.#cluster.nodes).id;
    const to = this.#random.pick(this.#cluster.nodes).id;
    const durationMs = Math.min(this.#random.exponential(this.#mix.lastsMs), this.#mix.clogMsMax);
    this.#world.coverage.mark("clog");
    this.#world.network.clog(from, to, durationMs);
  }

  #crashWhenPending(isPowerCut: boolean, triesLeft: number): void {
    const up = this.#cluster.nodes.filter((node) => node.phase !== "down");
    const pending = up.filter((node) => node.unsynced > 0);
    if (pending.length === 0 && triesLeft > 0)
      return this.#later(pendingWaitMs, () => this.#crashWhenPending(isPowerCut, triesLeft - 1));
    const candidates = pending.length > 0 ? pending : up;
    if (candidates.length === 0) return;
    const node = this.#random.pick(candidates);
    this.#world.coverage.mark(pending.length > 0 ? "crash with unsynced writes" : "crash");
    node.crash(isPowerCut);
    this.#restartLater(node, true);
  }

  #stop(): void {
    const serving = this.#cluster.nodes.filter((node) => node.phase === "serving");
    if (serving.length === 0) return;
    const node = this.#random.pick(serving);
    node.stop();
    this.#world.coverage.mark("clean stop");
    this.#restartLater(node, false);
  }

  /** A node that is still stopping is waited for. */
  #restartLater(node: NodeProcess, mayBeWiped: boolean): void {
    this.#later(this.#random.exponential(this.#mix.lastsMs), () => {
      if (node.phase === "stopping") return this.#restartLater(node, mayBeWiped);
      this.#cluster.restart(node, mayBeWiped ? this.#drawDisk(node) : "as it was");
    });
  }

  /** What a node that crashed finds when it comes back. An old copy is taken now and then, so that there is one. */
  #drawDisk(node: NodeProcess): DiskState {
    for (const kind of ["wiped disk", "set back disk"] as const) {
      const happens = this.#mix.kinds.includes(kind) && this.#random.chance(0.3) && this.#mayDamage(node);
      if (!happens) continue;
      this.#world.coverage.mark(kind);
      return kind === "wiped disk" ? "wiped" : "set back";
    }
    if (this.#mix.kinds.includes("set back disk") && this.#random.chance(0.5)) node.copyDisk();
    return "as it was";
  }

  /**
   * Not on a node that is paused or waits for its disk: it would acknowledge, when it goes on, what was on its disk when it
   * should have, and I7 could not tell that from a lie (seeds 5314 and 237).
   */
  #flip(): void {
    const node = this.#random.pick(this.#cluster.nodes);
    const keys = node.keys();
    if (keys.length === 0 || node.phase === "down" || node.isPaused || node.unsynced > 0 || !this.#mayDamage(node))
      return;
    if (node.flip(this.#random.pick(keys))) this.#world.coverage.mark("bit flip");
  }

  #pause(): void {
    const node = this.#random.pick(this.#cluster.nodes);
    if (node.phase === "down" || node.isPaused) return;
    node.pause();
    this.#world.coverage.mark("pause");
    const lastsMs = Math.min(this.#random.exponential(this.#mix.lastsMs), this.#mix.pauseMsMax);
    this.#later(lastsMs, () => node.resume());
  }

  /** Mostly within what the store tolerates, sometimes far beyond. */
  #setClock(node: NodeProcess): void {
    const mostMs = this.#random.pick([0, 100, 200, 10_000]);
    node.clock.offsetMs = this.#random.between(-mostMs, mostMs);
  }

  /** Up to a second in a thousand too fast or too slow, for as long as it lasts. */
  #drift(): void {
    const { clock } = this.#random.pick(this.#cluster.nodes);
    const partsPerMillion = this.#random.between(-1000, 1000);
    clock.drift(partsPerMillion);
    this.#world.coverage.mark("clock drift");
    this.#later(this.#random.exponential(this.#mix.lastsMs), () => clock.drift(0));
  }

  /** The wall clock stands still, and then jumps to where it should be. */
  #freeze(): void {
    const { clock } = this.#random.pick(this.#cluster.nodes);
    clock.freeze();
    this.#world.coverage.mark("clock freeze");
    this.#later(this.#random.exponential(this.#mix.lastsMs), () => clock.thaw());
  }

  /** Most of what one endpoint sends to another gets lost, and no session notices. */
  #lose(): void {
    const [from, to] = [this.#random.pick(this.#cluster.nodes).id, this.#random.pick(this.#cluster.nodes).id];
    const path = this.#world.network.path(from, to);
    path.loss = 0.5 + this.#random.fraction() / 2;
    this.#world.coverage.mark("loss window");
    this.#later(this.#random.exponential(this.#mix.lastsMs), () => (path.loss = 0));
  }

  /** Where tombstones are collected, what waits for room may not grow old either. */
  #fillDisk(): void {
    const node = this.#random.pick(this.#cluster.nodes);
    node.setDiskFull(true);
    this.#world.coverage.mark("full disk");
    const lastsMs = Math.min(this.#random.exponential(this.#mix.lastsMs), this.#mix.pauseMsMax);
    this.#later(lastsMs, () => node.setDiskFull(false));
  }

  #mayDamage(node: NodeProcess): boolean {
    if (!this.#damaged.has(node) && this.#damaged.size >= this.#mix.damagedNodesMax) return false;
    this.#damaged.add(node);
    return true;
  }
}
