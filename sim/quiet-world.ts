/** A world in which nothing strikes and nobody watches, but for what is said otherwise. */
import { Replica } from "../node/replica.ts";
import { Coverage } from "./coverage.ts";
import { Gate } from "./gate.ts";
import { Network } from "./network.ts";
import { calmDisk, calmNetwork } from "./setting.ts";
import type { Simulator } from "./simulator.ts";
import { Trace } from "./trace.ts";
import { Traffic } from "./traffic.ts";
import { Witness } from "./witness.ts";
import type { World } from "./world.ts";

export function quietWorld(simulator: Simulator, parts: Partial<World> = {}): World {
  return {
    simulator,
    network: new Network(simulator, { ...calmNetwork }),
    gate: new Gate(),
    diskConditions: { ...calmDisk },
    idleTickMs: 100,
    witness: new Witness(() => {}),
    trace: new Trace(undefined, () => simulator.nowMs),
    coverage: new Coverage(),
    traffic: new Traffic(),
    whims: new Set(),
    createMachine: (config, store, now) => new Replica(config, store, now),
    ...parts,
  };
}
