/** The results as one page that needs nothing else: what runs in it stands in page/. */
import { readFileSync } from "node:fs";
import { standalonePage } from "../../sim/standalone-page.ts";
import { showMoment } from "./about.ts";
import type { Results } from "./results.ts";

/** What runs in the page: `npm run build` makes one script of it, beside this file. */
const script = new URL("./page/page.js", import.meta.url);

/** @throws what the file system says, if the package was not built */
export function renderReport(results: Results): string {
  return standalonePage({
    title: `coterie bench: ${showMoment(results)}`,
    version: results.machine.coterie,
    dataId: "results",
    data: results,
    script: readFileSync(script, "utf8"),
  });
}
