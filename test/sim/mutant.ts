/** Nodes that are broken on purpose, and the first seed in which that shows. */
import type { Effect, Input } from "../../node/effects.ts";
import { Replica } from "../../node/replica.ts";
import type { NodeConfig } from "../../node/self.ts";
import type { StoreReader } from "../../node/store.ts";
import { runSeed, type RunOptions, type SeedReport } from "../../sim/index.ts";
import type { CreateMachine, Machine } from "../../sim/world.ts";

/** @returns the effects in the place of those that the node gives */
export type Tamper = (effects: readonly Effect[], input: Input, config: NodeConfig) => readonly Effect[];

/** The shipped node with its effects tampered with. */
export function tampered(tamper: Tamper): CreateMachine {
  return (config, store, now) => {
    const replica = new Replica(config, store, now);
    return { step: (now, input) => tamper(replica.step(now, input), input, config) };
  };
}

/** The shipped node that reads another store than it writes, or hears something else than is said. */
export function deluded(
  delude: (store: StoreReader) => StoreReader,
  hear: (input: Input, config: NodeConfig) => Input,
): CreateMachine {
  return (config, store, now): Machine => {
    const replica = new Replica(config, delude(store), now);
    return { step: (now, input) => replica.step(now, hear(input, config)) };
  };
}

export interface Mutation {
  readonly name: string;
  readonly createMachine: CreateMachine;
  readonly invariants: readonly string[];
  /** Caught by the seed of this number, counted from 1, or an earlier one. */
  readonly seedsMax: number;
  readonly adjust?: RunOptions["adjust"];
}

export async function firstCaught(options: RunOptions, seedsMax: number): Promise<SeedReport | undefined> {
  for (let seed = 1; seed <= seedsMax; seed++) {
    const report = await runSeed(seed, options);
    if (report.kind !== "ok") return report;
  }
  return undefined;
}
