/** What everything inside of one run shares. */
import type { NodeConfig } from "../node/self.ts";
import type { StoreReader } from "../node/store.ts";
import type { Whim } from "../node/whims.ts";
import type { Effect, Input, Instant } from "../node/effects.ts";
import type { Coverage } from "./coverage.ts";
import type { DiskConditions } from "./disk.ts";
import type { Gate } from "./gate.ts";
import type { Network } from "./network.ts";
import type { Recording } from "./recording.ts";
import type { Simulator } from "./simulator.ts";
import type { Trace } from "./trace.ts";
import type { Traffic } from "./traffic.ts";
import type { Witness } from "./witness.ts";

/** What the simulator drives: the shipped `Replica`, or in tests of the checkers a deliberately broken one. */
export interface Machine {
  step(now: Instant, input: Input): readonly Effect[];
}

export type CreateMachine = (config: NodeConfig, store: StoreReader, now: Instant) => Machine;

export interface World {
  readonly simulator: Simulator;
  readonly network: Network;
  readonly gate: Gate;
  /** The same for every disk, until it is changed. */
  readonly diskConditions: DiskConditions;
  /** How often a node looks at its clock while nobody waits for it. */
  readonly idleTickMs: number;
  readonly witness: Witness;
  readonly trace: Trace;
  readonly coverage: Coverage;
  readonly traffic: Traffic;
  readonly createMachine: CreateMachine;
  /** What nodes do on a whim; none once everything is healed. */
  readonly whims: Set<Whim>;
  /** Only if somebody wants to look at the run afterwards. */
  readonly recording?: Recording | undefined;
}
