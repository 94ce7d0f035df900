/**
 * What holds for a while, found by looking: after every event the recording says what is so, and this keeps since when. What is
 * said again is still the same span; what is not said any more is over.
 */
import type { RecordedSpan, Step } from "./recorded.ts";

/** One that is so right now. */
export type Condition = Pick<RecordedSpan, "kind" | "lane" | "toward" | "text">;

export class Spans {
  readonly #over: RecordedSpan[] = [];
  #open = new Map<string, RecordedSpan>();

  /** @param step asked for only if something has begun or ended */
  look(conditions: readonly Condition[], step: () => Step): void {
    const open = new Map<string, RecordedSpan>();
    for (const condition of conditions) {
      const name = nameOf(condition);
      open.set(name, this.#open.get(name) ?? { ...condition, begin: step() });
    }
    for (const [name, span] of this.#open) if (!open.has(name)) this.#over.push({ ...span, end: step() });
    this.#open = open;
  }

  all(): RecordedSpan[] {
    return [...this.#over, ...this.#open.values()].sort((a, b) => a.begin - b.begin);
  }
}

function nameOf({ kind, lane, toward, text }: Condition): string {
  return `${kind} ${lane} ${toward ?? ""} ${text}`;
}
