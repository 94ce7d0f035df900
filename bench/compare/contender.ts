/** Who takes part in a comparison: a system under one setting, and where its data is. */
import type { WorkloadName } from "./results.ts";
import { nameOf, type Setting } from "./setting.ts";
import type { System, SystemName } from "./system.ts";

export interface Contender {
  readonly system: System;
  readonly setting: Setting;
  /** Keeps its data apart from that of the same system under other settings. */
  readonly bucket: string;
}

/** What other systems have no words for. */
const workloadsOfCoterie: ReadonlySet<WorkloadName> = new Set(["siblings", "counter"]);
const floorCopies = 3;

/** Coterie under every setting; another system once for all settings under which it does the same. */
export function contendersOf(systems: readonly System[], settings: readonly Setting[], tag: string): Contender[] {
  return systems.flatMap((system) =>
    settingsOf(system, settings).map((setting) => ({ system, setting, bucket: bucketName(setting, tag) })),
  );
}

/**
 * Letters, digits and dashes, whatever the setting's name has; so short that a workload's name and a number have room behind it.
 * @param tag told apart from earlier runs on the same cluster
 */
export function bucketName(setting: Setting, tag: string): string {
  const words = nameOf(setting)
    .replaceAll(/ (?=(?:r|w|dw)\d)/g, "")
    .replace("all-replicas", "all")
    .replace("repair=blocking", "block")
    .replace("repair=off", "off");
  return `bench-${tag}-${words.replaceAll(" ", "-")}`;
}

export function canRun(system: SystemName, workload: WorkloadName): boolean {
  return system === "coterie" || !workloadsOfCoterie.has(workload);
}

function settingsOf(system: System, settings: readonly Setting[]): readonly Setting[] {
  if (system.name === "coterie") return settings;
  const fitting = system.name === "floor" ? settings.filter(({ n }) => n === floorCopies) : settings;
  const seen = new Set<string>();
  return fitting.filter((setting) => {
    const does = system.guaranteeOf(setting);
    if (seen.has(does)) return false;
    seen.add(does);
    return true;
  });
}
