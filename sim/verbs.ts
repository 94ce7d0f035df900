/** Faults as verbs: `crash("n2")`. Each makes one of the faults of `fault.ts`. */
import type { NodeId } from "../src/ring.ts";
import { waysBetween, waysFrom } from "./cuts.ts";
import type { DiskState, Fault, Way } from "./fault.ts";

export class Verbs {
  /** Takes each fault, to do it at once or later. */
  readonly inject: (fault: Fault) => void;

  constructor(inject: (fault: Fault) => void) {
    this.inject = inject;
  }

  // Processes

  /** The process dies, and its sockets say so. */
  crash(node: NodeId): void {
    this.inject({ kind: "crash", node });
  }

  /** The machine dies: nobody is told. */
  cutPower(node: NodeId): void {
    this.inject({ kind: "cutPower", node });
  }

  /** A clean stop, which takes as long as the node needs. */
  stop(node: NodeId): void {
    this.inject({ kind: "stop", node });
  }

  /** @param disk what the node finds */
  start(node: NodeId, disk: DiskState = "as it was"): void {
    this.inject({ kind: "start", node, disk });
  }

  pause(node: NodeId): void {
    this.inject({ kind: "pause", node });
  }

  resume(node: NodeId): void {
    this.inject({ kind: "resume", node });
  }

  // Disks

  fillDisk(node: NodeId): void {
    this.inject({ kind: "fillDisk", node });
  }

  freeDisk(node: NodeId): void {
    this.inject({ kind: "freeDisk", node });
  }

  /** The next sync fails, and the node with it. */
  failSync(node: NodeId): void {
    this.inject({ kind: "failSync", node });
  }

  /** Every write fails until `mendDisk`. */
  breakDisk(node: NodeId): void {
    this.inject({ kind: "breakDisk", node });
  }

  mendDisk(node: NodeId): void {
    this.inject({ kind: "mendDisk", node });
  }

  /** For a later `start(node, "set back")`. */
  copyDisk(node: NodeId): void {
    this.inject({ kind: "copyDisk", node });
  }

  /** A bit turns in the node's record of a key. */
  flip(node: NodeId, key: string): void {
    this.inject({ kind: "flip", node, key });
  }

  /** The node's record of a key vanishes without a trace. */
  forget(node: NodeId, key: string): void {
    this.inject({ kind: "forget", node, key });
  }

  // Clocks

  /** How far the wall clock is ahead of the true time. */
  setClock(node: NodeId, offsetMs: number): void {
    this.inject({ kind: "setClock", node, offsetMs });
  }

  driftClock(node: NodeId, partsPerMillion: number): void {
    this.inject({ kind: "driftClock", node, partsPerMillion });
  }

  freezeClock(node: NodeId): void {
    this.inject({ kind: "freezeClock", node });
  }

  thawClock(node: NodeId): void {
    this.inject({ kind: "thawClock", node });
  }

  // Network

  /** Frames vanish on these ways. */
  block(...ways: readonly Way[]): void {
    this.inject({ kind: "block", ways });
  }

  unblock(...ways: readonly Way[]): void {
    this.inject({ kind: "unblock", ways });
  }

  /** Neither of these hears any of those. */
  cut(some: readonly string[], others: readonly string[]): void {
    this.block(...waysBetween(some, others));
  }

  join(some: readonly string[], others: readonly string[]): void {
    this.unblock(...waysBetween(some, others));
  }

  /** What some say does not reach the others, who go on talking to them. */
  mute(some: readonly string[], others: readonly string[]): void {
    this.block(...waysFrom(some, others));
  }

  /** Frames wait for so long. */
  clog(from: string, to: string, lastsMs: number): void {
    this.inject({ kind: "clog", way: [from, to], lastsMs });
  }

  /** So many of the frames vanish, of 1; 0 ends it. */
  lose(from: string, to: string, share: number): void {
    this.inject({ kind: "lose", way: [from, to], share });
  }
}
