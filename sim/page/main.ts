/** The page: takes the recording that stands in it, and shows it. */
import type { Recorded } from "../recorded.ts";
import { element } from "./element.ts";
import { headingOf } from "./heading.ts";
import { listenToKeys } from "./keyboard.ts";
import { Overview } from "./overview.ts";
import style from "./page.css";
import palette from "./palette.css";
import { Panel } from "./panel.ts";
import { RecordedRun } from "./recorded-run.ts";
import { Stage } from "./stage.ts";
import { Toolbar } from "./toolbar.ts";
import { View } from "./view.ts";
import { Words } from "./words.ts";

const recorded = JSON.parse(document.getElementById("recording")!.textContent) as Recorded;
document.head.append(element("style", {}, palette, style));

const view = new View(new RecordedRun(recorded), new Words(recorded));
const stage: Stage = new Stage(view, (shown) => {
  toolbar.tell(shown);
  overview.draw();
});
const overview: Overview = new Overview(view, stage);
const toolbar: Toolbar = new Toolbar(view, stage);
const help = listenToKeys(view, stage, toolbar);
const panel = new Panel(view);
document.body.append(
  headingOf(view),
  toolbar.element,
  element("main", {}, stage.element, overview.element, panel.element),
  help,
);
view.go(view.cursor);
stage.element.focus();
