/** What stands in a line for each cell, the same in the terminal and in the page: first what a choice is made by, then all the rest. */
import { showAmount, showCount, showShare, unknownAmount } from "./amounts.ts";
import type { CellGroup } from "./cell-group.ts";
import type { Cell, Latency, Spread } from "./results.ts";

export interface Column {
  /** Neighbours with the same word share it. */
  readonly over: string;
  readonly heading: string;
  /** A sentence for those who wonder. */
  readonly meaning: string;
  readonly show: (cell: Cell) => string;
}

const readTimes = (cell: Cell): Latency => cell.figures.reads;
const writeTimes = (cell: Cell): Latency => cell.figures.writes;

/** What a choice is made by. */
export const glanceColumns: readonly Column[] = [
  {
    over: "done",
    heading: "per s",
    meaning: "that succeeded, each second; median of the rounds",
    show: ({ figures }) => showCount(figures.perSecond),
  },
  {
    over: "of",
    heading: "floor",
    meaning: "this rate as a share of the floor's in the same rounds",
    show: ({ ofFloor }) => (ofFloor === undefined ? unknownAmount : ofFloor.toFixed(2)),
  },
  {
    over: "CPU s",
    heading: "per M",
    meaning: "seconds of processor time of all nodes for a million requests",
    show: ({ figures }) => showAmount(figures.cpuSecondsPerMillion),
  },
  {
    over: "reads",
    heading: "stale",
    meaning: "share of reads that missed a write which had been acknowledged before they began",
    show: ({ figures: { consistency } }) =>
      consistency.reads === 0 ? unknownAmount : showShare(consistency.staleShare),
  },
  timeColumn("reads", "p50", readTimes),
  timeColumn("reads", "p99", readTimes),
  {
    over: "writes",
    heading: "lost",
    meaning: "acknowledged writes that in the end were neither there nor replaced by one that had seen them",
    show: ({ figures }) => (figures.writes.count === 0 ? unknownAmount : showCount(figures.consistency.lostUpdates)),
  },
  timeColumn("writes", "p50", writeTimes),
  timeColumn("writes", "p99", writeTimes),
  {
    over: "not",
    heading: "done",
    meaning: "requests that failed, or of which nobody knows whether they happened",
    show: ({ figures }) => showCount(figures.failed + figures.unknown),
  },
];

/** The tails, what became of the rest, what went over the wire, how stale stale reads were, siblings. */
export const furtherColumns: readonly Column[] = [
  timeColumn("reads", "p95", readTimes),
  timeColumn("reads", "p99.9", readTimes),
  timeColumn("writes", "p95", writeTimes),
  timeColumn("writes", "p99.9", writeTimes),
  {
    over: "not done",
    heading: "failed",
    meaning: "requests that certainly did not happen",
    show: ({ figures }) => showCount(figures.failed),
  },
  {
    over: "not done",
    heading: "unknown",
    meaning: "requests that may or may not have happened",
    show: ({ figures }) => showCount(figures.unknown),
  },
  {
    over: "per request",
    heading: "bytes",
    meaning: "what nodes sent each other and their clients",
    show: ({ figures }) => showCount(figures.bytesPerRequest),
  },
  {
    over: "per request",
    heading: "messages",
    meaning: "what nodes sent each other and their clients",
    show: ({ figures }) => showAmount(figures.messagesPerRequest),
  },
  ...spreadColumns("versions behind", "how many acknowledged writes stale reads missed", (cell) => {
    return cell.figures.consistency.versionsBehind;
  }),
  ...spreadColumns(
    "ms behind",
    "for how long the oldest write that a stale read missed had been acknowledged",
    (cell) => {
      return cell.figures.consistency.msBehind;
    },
  ),
  {
    over: "siblings",
    heading: "per read",
    meaning: "values that stand side by side under a key, on average over reads",
    show: (cell) => (hasReads(cell) ? showAmount(cell.figures.consistency.siblingsPerRead) : unknownAmount),
  },
  {
    over: "siblings",
    heading: "max",
    meaning: "the most that any read saw",
    show: (cell) => (hasReads(cell) ? showCount(cell.figures.consistency.siblingsMax) : unknownAmount),
  },
];

/** Without those of which nothing is known of any row. */
export function knownColumns(columns: readonly Column[], { rows }: CellGroup): readonly Column[] {
  return columns.filter(({ show }) => rows.some(({ cell }) => show(cell) !== unknownAmount));
}

function timeColumn(over: string, heading: "p50" | "p95" | "p99" | "p99.9", timesOf: (cell: Cell) => Latency): Column {
  const fields = { p50: "p50Ms", p95: "p95Ms", p99: "p99Ms", "p99.9": "p999Ms" } as const;
  return {
    over,
    heading: `${heading} ms`,
    meaning: "so many of a hundred took at most so long, from the moment at which they were due",
    show(cell) {
      const times = timesOf(cell);
      return times.count === 0 ? unknownAmount : showAmount(times[fields[heading]]);
    },
  };
}

function spreadColumns(over: string, meaning: string, spreadOf: (cell: Cell) => Spread | undefined): Column[] {
  const column = (heading: string, field: keyof Spread): Column => ({
    over,
    heading,
    meaning,
    show(cell) {
      const amount = spreadOf(cell)?.[field];
      return amount !== undefined && Number.isInteger(amount) ? showCount(amount) : showAmount(amount);
    },
  });
  return [column("p50", "p50"), column("p99", "p99"), column("max", "max")];
}

/** Of the floor it cannot be told what its reads see. */
function hasReads(cell: Cell): boolean {
  return cell.figures.consistency.reads > 0;
}
