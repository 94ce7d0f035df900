/** A seed to look at: played once more, recorded, and written as one page that needs nothing else. */
import { readFileSync, writeFileSync } from "node:fs";
import { pageOf, Recording, runSeed, type RunOptions } from "../../../sim/index.ts";
import { version } from "./version.ts";

/** What runs in the page: `npm run build` makes one script of sim/page. */
const script = new URL("../../../sim/page/page.js", import.meta.url);

/** @param options what else it was played with */
export async function writePage(seed: number, path: string, options: RunOptions = {}): Promise<void> {
  const recording = new Recording();
  const report = await runSeed(seed, { ...options, recording });
  writeFileSync(path, pageOf(recording.recorded(report, version()), readFileSync(script, "utf8")));
}
