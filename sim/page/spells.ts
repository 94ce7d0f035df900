/**
 * What lasts for a while, as people see it. Paths mostly fail together: those that fail from one step to the same other one are one
 * spell, told by the side that is the smaller one.
 */
import type { Lane, RecordedSpan, Step } from "../recorded.ts";

export interface Spell {
  readonly kind: string;
  /** Whom it hits. */
  readonly lanes: readonly Lane[];
  /** At the other ends of the paths. */
  readonly others: readonly Lane[];
  /** Of paths: whether neither reaches the other. */
  readonly isBothWays: boolean;
  /** Of paths: whether it is the others who do not reach them. */
  readonly isInward: boolean;
  readonly text: string;
  readonly begin: Step;
  readonly end: Step | undefined;
}

export function spellsOf(spans: readonly RecordedSpan[]): Spell[] {
  const groups = new Map<string, RecordedSpan[]>();
  for (const span of spans) {
    const name = [span.kind, span.begin, span.end, span.toward === undefined ? span.lane : "paths", span.text].join(
      " ",
    );
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [span]);
    else group.push(span);
  }
  return [...groups.values()].flatMap(spellsOfGroup).sort((a, b) => a.begin - b.begin);
}

/** All of one kind, from one step to one other. */
function spellsOfGroup(spans: readonly RecordedSpan[]): Spell[] {
  const { kind, text, begin, end, toward } = spans[0]!;
  if (toward === undefined) {
    const lanes = spans.map(({ lane }) => lane);
    return [{ kind, text, begin, end, lanes, others: [], isBothWays: false, isInward: false }];
  }
  return sidesOf(spans).map(([lanes, others]) => {
    const has = (from: readonly Lane[], to: readonly Lane[]): boolean =>
      spans.some((path) => from.includes(path.lane) && to.includes(path.toward!));
    const [isOutward, isInward] = [has(lanes, others), has(others, lanes)];
    return { kind, text, begin, end, lanes, others, isBothWays: isOutward && isInward, isInward: !isOutward };
  });
}

/** The lanes of paths in twos, so that every path leads from one of a pair to the other; the smaller side first. */
function sidesOf(paths: readonly RecordedSpan[]): (readonly [readonly Lane[], readonly Lane[]])[] {
  const sides = new Map<Lane, readonly [pair: number, side: 0 | 1]>();
  let pairs = 0;
  for (const { lane, toward } of paths) {
    const [from, to] = [sides.get(lane), sides.get(toward!)];
    if (from === undefined && to === undefined) {
      sides.set(lane, [pairs, 0]);
      sides.set(toward!, [pairs++, 1]);
    } else if (from === undefined) sides.set(lane, [to![0], to![1] === 0 ? 1 : 0]);
    else if (to === undefined) sides.set(toward!, [from[0], from[1] === 0 ? 1 : 0]);
  }
  return Array.from({ length: pairs }, (_, pair) => {
    const side = (wanted: 0 | 1): Lane[] =>
      [...sides].filter(([, [one, its]]) => one === pair && its === wanted).map(([lane]) => lane);
    const [a, b] = [side(0).sort(byPlace), side(1).sort(byPlace)];
    return b.length < a.length ? ([b, a] as const) : ([a, b] as const);
  });
}

function byPlace(a: Lane, b: Lane): number {
  return a - b;
}
