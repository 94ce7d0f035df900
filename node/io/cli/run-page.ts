/** `coterie/sim/page`: a recorded run, written as one page that needs nothing else. */
import { readFileSync, writeFileSync } from "node:fs";
import { pageOf, type Recorded } from "../../../sim/index.ts";
import { version } from "./version.ts";

/** What runs in the page: `npm run build` makes one script of sim/page. */
const script = new URL("../../../sim/page/page.js", import.meta.url);

/** @throws what the file system says */
export function writePage(recorded: Recorded, path: string): void {
  writeFileSync(path, pageOf(recorded, readFileSync(script, "utf8"), version()));
}
