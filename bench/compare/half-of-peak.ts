/** The arrival rate that everybody can bear. */
import type { Cell } from "./results.ts";

/**
 * Half of what the slowest has carried in a closed loop, with two digits. Requests per second, at least one.
 * @param cells of one workload
 */
export function halfOfPeak(cells: readonly Cell[]): number {
  const peaks = new Map<string, number>();
  for (const { system, setting, load, figures } of cells) {
    if (load.kind !== "closed") continue;
    const who = JSON.stringify([system, setting]);
    peaks.set(who, Math.max(peaks.get(who) ?? 0, figures.perSecond));
  }
  const half = Math.min(...peaks.values()) / 2;
  if (!(half >= 1 && half < Infinity)) return 1;
  const scale = 10 ** Math.max(0, Math.floor(Math.log10(half)) - 1);
  return Math.floor(half / scale) * scale;
}
