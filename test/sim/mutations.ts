/** All nodes that are broken on purpose. */
import { coreMutants } from "./core-mutants.ts";
import { honestyMutants } from "./honesty-mutants.ts";
import type { Mutation } from "./mutant.ts";
import { repairMutants } from "./repair-mutants.ts";
import { storingMutants } from "./storing-mutants.ts";
import { typeMutants } from "./type-mutants.ts";

export const mutations: readonly Mutation[] = [
  ...storingMutants,
  ...honestyMutants,
  ...repairMutants,
  ...coreMutants,
  ...typeMutants,
];
