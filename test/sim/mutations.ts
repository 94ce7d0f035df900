/** All nodes that are broken on purpose. */
import { coreMutants } from "./core-mutants.ts";
import { honestyMutants } from "./honesty-mutants.ts";
import type { RunOptions } from "../../sim/index.ts";
import type { Mutation } from "./mutant.ts";
import { repairMutants } from "./repair-mutants.ts";
import { storingMutants } from "./storing-mutants.ts";
import { typeMutants } from "./type-mutants.ts";

/** What is broken in what nodes do with values shows there, and is caught by what is meant for it: so no data types play along. */
const valueMutants: readonly Mutation[] = [...storingMutants, ...honestyMutants, ...repairMutants, ...coreMutants];

export const mutations: readonly Mutation[] = [...withoutTypes(valueMutants), ...typeMutants];

/** One weather for all that share one. */
function withoutTypes(mutants: readonly Mutation[]): Mutation[] {
  const calmer = new Map<RunOptions["adjust"], RunOptions["adjust"]>();
  const onlyValues: NonNullable<RunOptions["adjust"]> = (profile) => ({
    ...profile,
    work: { ...profile.work, typed: undefined },
  });
  for (const { adjust } of mutants)
    calmer.set(adjust, adjust === undefined ? onlyValues : (profile) => onlyValues(adjust(profile)));
  return mutants.map((mutant) => ({ ...mutant, adjust: calmer.get(mutant.adjust) }));
}
