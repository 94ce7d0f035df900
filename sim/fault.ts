/**
 * What can be done to a cluster, one thing at a time and as data: a run's faults can be listed, left out one by one, played again
 * and printed. What lasts is two faults, the second of which ends it; a list from which the second was left out lasts to the end.
 */
import type { NodeId } from "../src/ring.ts";

/** What a node that starts finds: its disk as it was, an empty one, or an old copy of its own. */
export type DiskState = "as it was" | "wiped" | "set back";

/** One direction between two endpoints, nodes or clients. */
export type Way = readonly [from: string, to: string];

/** Faults that need to know nothing but which node they strike. */
export const nodeFaults = [
  /** The process dies, and its sockets say so. */
  "crash",
  /** So does the machine: nobody is told. */
  "cutPower",
  /** A clean stop, which takes as long as the node needs. */
  "stop",
  /** The process stands still while time goes on. */
  "pause",
  "resume",
  "fillDisk",
  "freeDisk",
  /** The next sync fails, and the node with it. */
  "failSync",
  /** Every write fails from now on, as on a disk that has become read-only. */
  "breakDisk",
  "mendDisk",
  /** Keeps an old copy of the disk, which a later `start` may find. */
  "copyDisk",
  "freezeClock",
  "thawClock",
] as const;

export type NodeFault = (typeof nodeFaults)[number];

export type Fault =
  | { readonly kind: NodeFault; readonly node: NodeId }
  /** Nothing if it is not down. */
  | { readonly kind: "start"; readonly node: NodeId; readonly disk: DiskState }
  /** A bit turns in the record of a key, or the record vanishes without a trace. The key as people read it: `bucket/key`. */
  | { readonly kind: "flip" | "forget"; readonly node: NodeId; readonly key: string }
  | { readonly kind: "setClock"; readonly node: NodeId; readonly offsetMs: number }
  | { readonly kind: "driftClock"; readonly node: NodeId; readonly partsPerMillion: number }
  /** Frames vanish silently. */
  | { readonly kind: "block" | "unblock"; readonly ways: readonly Way[] }
  /** Frames wait. */
  | { readonly kind: "clog"; readonly way: Way; readonly lastsMs: number }
  /** So many of the frames vanish; 0 ends it. */
  | { readonly kind: "lose"; readonly way: Way; readonly share: number };

export interface TimedFault {
  readonly atMs: number;
  readonly fault: Fault;
}

/** As a call in the language of scenarios (scenario.ts): `crash("n2")`. */
export function formatFault(fault: Fault): string {
  return `${fault.kind}(${argumentsOf(fault).map(show).join(", ")})`;
}

/** Whom it strikes: nodes and clients. */
export function struckBy(fault: Fault): readonly string[] {
  if ("node" in fault) return [fault.node];
  return "way" in fault ? fault.way : [...new Set(fault.ways.flat())];
}

function argumentsOf(fault: Fault): readonly unknown[] {
  switch (fault.kind) {
    case "start":
      return fault.disk === "as it was" ? [fault.node] : [fault.node, fault.disk];
    case "flip":
    case "forget":
      return [fault.node, fault.key];
    case "setClock":
      return [fault.node, fault.offsetMs];
    case "driftClock":
      return [fault.node, fault.partsPerMillion];
    case "block":
    case "unblock":
      return fault.ways;
    case "clog":
      return [...fault.way, fault.lastsMs];
    case "lose":
      return [...fault.way, fault.share];
    default:
      return [fault.node];
  }
}

function show(argument: unknown): string {
  if (Array.isArray(argument)) return `[${argument.map(show).join(", ")}]`;
  return typeof argument === "string" ? JSON.stringify(argument) : String(argument);
}
