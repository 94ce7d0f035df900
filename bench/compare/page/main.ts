/** The page: takes the results that stand in it, and shows them. What is needed to understand them is there without a click. */
import { element } from "../../../sim/page/element.ts";
import palette from "../../../sim/page/palette.css";
import { groupCells } from "../cell-group.ts";
import type { Results } from "../results.ts";
import { columnMeanings, guaranteeTable } from "./explanations.ts";
import { faultSection } from "./fault-section.ts";
import { Gallery } from "./gallery.ts";
import { groupSection } from "./group-section.ts";
import { headingOf } from "./heading.ts";
import style from "./report.css";
import { stalenessSection } from "./staleness-section.ts";

/** What is not known stands as `null` in lists, which JSON cannot leave out. */
const results = JSON.parse(
  document.getElementById("results")!.textContent,
  (_, value: unknown) => value ?? undefined,
) as Results;
document.head.append(element("style", {}, palette, style));

const gallery = new Gallery(document.documentElement);
document.body.append(
  headingOf(results),
  element(
    "main",
    {},
    ...groupCells(results.cells).map((group) => groupSection(group, results.advice, gallery)),
    stalenessSection(results.staleness, gallery),
    faultSection(results.faults, gallery),
    guaranteeTable(results.cells),
    columnMeanings(results.cells),
  ),
);
gallery.draw();
