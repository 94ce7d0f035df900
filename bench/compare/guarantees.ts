/** What each system promised, with the settings that it promised it for. */
import type { Cell } from "./results.ts";
import { nameOf } from "./setting.ts";

export interface Guarantee {
  /** Of settings for Coterie, of systems otherwise. */
  readonly names: readonly string[];
  readonly sentence: string;
}

/** Each sentence once. */
export function guaranteesOf(cells: readonly Cell[]): Guarantee[] {
  const namesBySentence = new Map<string, Set<string>>();
  for (const { system, setting, guarantee } of cells) {
    const names = namesBySentence.get(guarantee) ?? new Set();
    namesBySentence.set(guarantee, names.add(system === "coterie" ? nameOf(setting) : system));
  }
  return [...namesBySentence].map(([sentence, names]) => ({ names: [...names], sentence }));
}
