/** What Coterie promises under a setting, in one sentence: it stands beside the figures, so that nobody compares apples with pears. */
import type { Setting } from "./setting.ts";

export function guaranteeOf(setting: Setting): string {
  const { n, w, dw } = setting;
  const onDisk = dw === 0 ? "on no disk yet" : `on ${dw} of ${n} disks`;
  const inMemory = w > dw ? ` and in the memory of ${w - dw} more` : "";
  return `A put is acknowledged when it is ${onDisk}${inMemory}; ${readsOf(setting)}; ${conflictsOf(setting)}.`;
}

function readsOf({ n, r, w, sloppy }: Setting): string {
  const asked = r === 1 ? "a get asks 1 replica" : `a get asks ${r} replicas`;
  if (r + w <= n) return `${asked} and may miss the latest puts`;
  return `${asked} and sees every acknowledged put${sloppy ? ", unless another node stands in for a replica" : ""}`;
}

function conflictsOf({ resolver }: Setting): string {
  return resolver === "lww"
    ? "of concurrent puts the latest holds and the others are lost"
    : "concurrent puts are kept side by side";
}
