/** A page that shows a recorded run. */
import type { Recorded } from "./recorded.ts";
import { standalonePage } from "./standalone-page.ts";

/**
 * @param script of `dist/sim/page/page.js`
 * @param version of the store that was played
 */
export function pageOf(recorded: Recorded, script: string, version: string): string {
  const title = `coterie sim: seed ${recorded.about.seed}`;
  return standalonePage({ title, version, dataId: "recording", data: recorded, script });
}
