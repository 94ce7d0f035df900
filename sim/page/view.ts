/** Where the reader stands: what is shown, how large, and at which step. Whoever draws listens. */
import type { KeyPlace, Lane, RecordedFrame, Step } from "../recorded.ts";
import { groupOf, isShown, kindsIn, lanesShown, type Filter } from "./filter.ts";
import type { RecordedRun } from "./recorded-run.ts";
import { Timeline, type Spacing } from "./timeline.ts";
import type { Words } from "./words.ts";

export interface Standing {
  readonly filter: Filter;
  readonly cursor: Step;
  /** The message that was pointed out last. */
  readonly frame: RecordedFrame | undefined;
  readonly spacing: Spacing;
  readonly zoom: number;
  readonly search: string;
}

/** What is different, so that nothing is drawn in vain; `place`: the reader should see the cursor. */
export type Change = "shown" | "cursor" | "place";

const zoomStep = 1.25;
const zoomMin = 0.001;
const zoomMax = 6;

export class View {
  readonly run: RecordedRun;
  readonly words: Words;
  #standing: Standing;
  #timeline: Timeline;
  #lanes: readonly Lane[];
  #shownSteps: readonly Step[];
  #matches: readonly Step[] = [];
  readonly #listeners: ((changes: ReadonlySet<Change>) => void)[] = [];

  constructor(run: RecordedRun, words: Words) {
    this.run = run;
    this.words = words;
    this.#standing = beginning(run);
    this.#shownSteps = this.#findSteps();
    this.#lanes = lanesShown(run, this.filter);
    this.#timeline = this.#layOut();
  }

  get filter(): Filter {
    return this.#standing.filter;
  }

  get cursor(): Step {
    return this.#standing.cursor;
  }

  get standing(): Standing {
    return this.#standing;
  }

  get timeline(): Timeline {
    return this.#timeline;
  }

  get lanes(): readonly Lane[] {
    return this.#lanes;
  }

  /** Steps in which something that is shown has the words that are looked for. */
  get matches(): readonly Step[] {
    return this.#matches;
  }

  listen(listener: (changes: ReadonlySet<Change>) => void): void {
    this.#listeners.push(listener);
  }

  show(filter: Partial<Filter>): void {
    this.#standing = { ...this.#standing, filter: { ...this.filter, ...filter } };
    this.#shownSteps = this.#findSteps();
    this.#lanes = lanesShown(this.run, this.filter);
    this.#timeline = this.#layOut();
    this.#findMatches();
    this.#tell("shown", "cursor", "place");
  }

  follow(key: KeyPlace | undefined, isOnlyKey: boolean): void {
    this.show({ key, isOnlyKey: isOnlyKey && key !== undefined });
  }

  toggleLane(lane: Lane): void {
    const hiddenLanes = new Set(this.filter.hiddenLanes);
    if (!hiddenLanes.delete(lane)) hiddenLanes.add(lane);
    this.show({ hiddenLanes });
  }

  toggleKinds(kinds: readonly string[], areShown: boolean): void {
    const hiddenKinds = new Set(this.filter.hiddenKinds);
    for (const kind of kinds)
      if (areShown) hiddenKinds.delete(kind);
      else hiddenKinds.add(kind);
    this.show({ hiddenKinds });
  }

  go(step: Step | undefined, frame?: RecordedFrame): void {
    if (step === undefined) return;
    this.#standing = { ...this.#standing, cursor: step, frame };
    this.#tell("cursor", "place");
  }

  next(): void {
    this.go(this.timeline.stepAfter(this.cursor));
  }

  previous(): void {
    this.go(this.timeline.stepBefore(this.cursor));
  }

  /** To where what some node holds of the key changes. */
  goToChange(direction: 1 | -1): void {
    this.#goAmong(this.#changes(), direction);
  }

  /** To its call. */
  goToOperation(number: number | undefined): void {
    this.go(this.run.recorded.operations.find((operation) => operation.number === number)?.called);
  }

  goToMatch(direction: 1 | -1): void {
    this.#goAmong(this.#matches, direction);
  }

  goToViolation(): void {
    const { violation } = this.run;
    if (violation === undefined) return;
    const [key] = violation.keys;
    const { hiddenLanes } = this.filter;
    const isHidden = violation.lanes.some((lane) => hiddenLanes.has(lane));
    if (isHidden || (key !== undefined && key !== this.filter.key))
      this.show({ hiddenLanes: new Set(), ...(key !== undefined && { key, isOnlyKey: true }) });
    this.go(violation.step);
  }

  find(search: string): void {
    this.#standing = { ...this.#standing, search };
    this.#findMatches();
    this.#tell("cursor");
  }

  space(spacing: Spacing): void {
    this.#standing = { ...this.#standing, spacing };
    this.#timeline = this.#layOut();
    this.#tell("shown", "place");
  }

  /** @param times how many steps closer; less than nothing: further away */
  zoom(times: number): void {
    this.zoomTo(this.#standing.zoom * zoomStep ** times);
  }

  zoomTo(zoom: number): void {
    this.#standing = { ...this.#standing, zoom: Math.min(zoomMax, Math.max(zoomMin, zoom)) };
    this.#timeline = this.#layOut();
    this.#tell("shown", "place");
  }

  #goAmong(steps: readonly Step[], direction: 1 | -1): void {
    const { cursor } = this;
    this.go(direction > 0 ? steps.find((step) => step > cursor) : steps.findLast((step) => step < cursor));
  }

  #changes(): Step[] {
    const { key, hiddenLanes } = this.filter;
    const { changes } = this.run.recorded;
    return changes.filter((change) => change.key === key && !hiddenLanes.has(change.node)).map(({ step }) => step);
  }

  #findSteps(): Step[] {
    const steps: Step[] = [];
    for (let step = 0; step < this.run.steps; step++)
      if (this.run.at(step).some((happening) => isShown(happening, this.filter))) steps.push(step);
    return steps;
  }

  #findMatches(): void {
    const search = this.#standing.search.trim().toLowerCase();
    this.#matches = search === "" ? [] : this.#shownSteps.filter((step) => this.#isMatch(step, search));
  }

  #isMatch(step: Step, search: string): boolean {
    return this.run
      .at(step)
      .some((one) => isShown(one, this.filter) && this.words.happening(one).toLowerCase().includes(search));
  }

  #layOut(): Timeline {
    const { spacing, zoom } = this.#standing;
    return new Timeline(this.run.recorded.momentsUs, this.#shownSteps, spacing, zoom);
  }

  #tell(...changes: readonly Change[]): void {
    const all = new Set(changes);
    for (const listener of this.#listeners) listener(all);
  }
}

/** At the violation with its key alone; of a run that is fine at its start, with everything but the background; else at its end. */
function beginning(run: RecordedRun): Standing {
  const hiddenKinds = new Set([...kindsIn(run).values()].flat().filter((kind) => groupOf(kind) === "background"));
  const key = run.violation?.keys[0] ?? (run.recorded.keys.length > 0 ? 0 : undefined);
  return {
    filter: { key, isOnlyKey: run.violation?.keys[0] !== undefined, hiddenLanes: new Set(), hiddenKinds },
    cursor: run.violation?.step ?? (run.recorded.about.kind === "ok" ? 0 : run.steps - 1),
    frame: undefined,
    spacing: "even",
    zoom: 1,
    search: "",
  };
}
