/**
 * Does to a cluster what a fault says, and notes it: the list of what was done, with its moments, is a script that can be played
 * again (script.ts).
 */
import { keyNamed } from "./place.ts";
import type { Cluster } from "./cluster.ts";
import { formatFault, struckBy, type Fault, type NodeFault, type TimedFault } from "./fault.ts";
import type { NodeProcess } from "./node-process.ts";
import type { World } from "./world.ts";

export class Injector {
  /** In order of time. */
  readonly done: TimedFault[] = [];
  readonly #world: World;
  readonly #cluster: Cluster;

  constructor(world: World, cluster: Cluster) {
    this.#world = world;
    this.#cluster = cluster;
  }

  inject(fault: Fault): void {
    const { simulator, trace, coverage, recording } = this.#world;
    this.done.push({ atMs: simulator.nowMs, fault });
    trace.line("fault", () => formatFault(fault));
    recording?.mark({ kind: "strike", where: struckBy(fault), keys: keysOf(fault), text: formatFault(fault) });
    coverage.mark(fault.kind === "start" && fault.disk !== "as it was" ? `${fault.disk} disk` : fault.kind);
    this.#strike(fault);
  }

  /** Faults at moments to come. */
  schedule(faults: readonly TimedFault[]): void {
    const { simulator } = this.#world;
    for (const { atMs, fault } of faults) simulator.schedule(atMs - simulator.nowMs, "fault", () => this.inject(fault));
  }

  #strike(fault: Fault): void {
    const { network } = this.#world;
    switch (fault.kind) {
      case "start":
        return this.#cluster.restart(this.#cluster.node(fault.node), fault.disk);
      case "flip":
        return this.#flip(this.#cluster.node(fault.node), fault.key);
      case "forget":
        return this.#cluster.node(fault.node).forget(keyNamed(fault.key));
      case "setClock":
        this.#cluster.node(fault.node).clock.offsetMs = fault.offsetMs;
        return;
      case "driftClock":
        return this.#cluster.node(fault.node).clock.drift(fault.partsPerMillion);
      case "block":
        return fault.ways.forEach(([from, to]) => network.block(from, to));
      case "unblock":
        return fault.ways.forEach(([from, to]) => network.unblock(from, to));
      case "clog":
        return network.clog(...fault.way, fault.lastsMs);
      case "lose":
        network.path(...fault.way).loss = fault.share;
        return;
      default:
        return this.#strikeNode(fault.kind, this.#cluster.node(fault.node));
    }
  }

  #flip(node: NodeProcess, key: string): void {
    if (node.mayRot) node.flip(keyNamed(key));
  }

  #strikeNode(kind: NodeFault, node: NodeProcess): void {
    switch (kind) {
      case "crash":
      case "cutPower":
        if (node.unsynced > 0) this.#world.coverage.mark("crash with unsynced writes");
        return node.crash(kind === "cutPower");
      case "stop":
        return node.stop();
      case "pause":
        return node.pause();
      case "resume":
        return node.resume();
      case "fillDisk":
      case "freeDisk":
        return node.setDiskFull(kind === "fillDisk");
      case "failSync":
        node.platter.failingSyncs = "next";
        return;
      case "breakDisk":
        node.platter.failingSyncs = "all";
        return;
      case "mendDisk":
        node.platter.failingSyncs = "none";
        return;
      case "copyDisk":
        node.platter.backup = node.platter.copy();
        return;
      case "freezeClock":
        return node.clock.freeze();
      case "thawClock":
        return node.clock.thaw();
    }
  }
}

function keysOf(fault: Fault): readonly string[] {
  return "key" in fault ? [fault.key] : [];
}
