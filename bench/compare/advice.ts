/** Which setting to take: the cheapest one that keeps what was asked for, and what others would have cost or broken. */
import { listed, showAmount, showCount, showShare } from "./amounts.ts";
import { candidatesOf, type Candidate } from "./candidate.ts";
import type { Advice, Cell } from "./results.ts";
import { staleShareBound } from "./stale-bound.ts";

export interface Limits {
  /** From 0 to 1. */
  readonly maxStaleShare: number | undefined;
  readonly p99Ms: number | undefined;
}

/** Less than this share of an open loop's rate is too little, if chance does not make it: arrivals are drawn. */
const keptUpShare = 0.95;
/** In standard deviations: what chance does not make. */
const chanceMax = 4;

/** @returns `undefined` where no setting of Coterie was measured */
export function advise(cells: readonly Cell[], limits: Limits): Advice | undefined {
  const candidates = candidatesOf(cells);
  if (candidates.length === 0) return undefined;
  const hasLimits = limits.maxStaleShare !== undefined || limits.p99Ms !== undefined;
  const chosen = hasLimits ? candidates.find((one) => breaches(one, limits).length === 0) : undefined;
  const sentences = !hasLimits
    ? tradeOff(candidates)
    : chosen === undefined
      ? failure(candidates, limits)
      : recommendation(candidates, chosen, limits);
  return { ...limits, setting: chosen?.setting, sentence: sentences.filter((one) => one !== "").join(" ") };
}

function recommendation(candidates: readonly Candidate[], chosen: Candidate, limits: Limits): string[] {
  const at = candidates.indexOf(chosen);
  const cheaper = candidates[at - 1];
  const stricter = candidates.slice(at + 1).find((one) => strictness(one) > strictness(chosen));
  const kept = `${showLimits(limits)} ${places(chosen)}`;
  return [
    candidates.length === 1
      ? `${chosen.name}, the only setting measured, keeps ${kept}, at ${traits(chosen)}.`
      : `Take ${chosen.name}: of ${candidates.length} settings it is the ${orderWord(candidates)}est that keeps ${kept}, at ${traits(chosen)}.`,
    certainty(chosen, limits),
    cheaper === undefined
      ? ""
      : `The next ${orderWord(candidates)}er, ${cheaper.name} (${cost(cheaper, chosen)}), does not: ${listed(breaches(cheaper, limits))}.`,
    stricter === undefined ? "" : `Stricter is ${stricter.name} (${sketch(stricter, chosen)}).`,
    ...caveats(chosen),
  ];
}

function failure(candidates: readonly Candidate[], limits: Limits): string[] {
  const nearest = candidates.toSorted(
    (a, b) => excess(a, limits) - excess(b, limits) || staleShare(a) - staleShare(b),
  )[0]!;
  return [
    candidates.length === 1
      ? `The only setting measured does not keep ${showLimits(limits)} ${places(nearest)}.`
      : `None of ${candidates.length} settings keeps ${showLimits(limits)} ${places(nearest)}.`,
    `${nearest.name} comes nearest: ${listed(breaches(nearest, limits))}.`,
    ...caveats(nearest),
  ];
}

function tradeOff(candidates: readonly Candidate[]): string[] {
  const [cheapest] = candidates as readonly [Candidate, ...Candidate[]];
  const fewestStale = Math.min(...candidates.map(staleShare));
  const freshest = candidates.find((one) => staleShare(one) === fewestStale)!;
  const onlyOne = `${cheapest.name}, the only setting measured, takes ${traits(cheapest)}.`;
  const first = `The ${orderWord(candidates)}est of ${candidates.length} settings is ${cheapest.name}, at ${traits(cheapest)}.`;
  const second =
    freshest === cheapest
      ? "None had fewer stale reads."
      : `The ${orderWord(candidates)}est of those with the fewest stale reads is ${freshest.name} (${sketch(freshest, cheapest)}).`;
  const ask = "Say --max-stale and --p99 to be told which setting keeps them.";
  return [...(candidates.length === 1 ? [onlyOne] : [first, second]), ...caveats(cheapest), ask];
}

/** How a setting breaks the limits, as ends of a sentence; none if it keeps them. */
function breaches({ slowest, stalest }: Candidate, { maxStaleShare, p99Ms }: Limits): string[] {
  const where = ({ cell }: { readonly cell: Cell }): string => `in ${cell.workload}`;
  return [
    ...(maxStaleShare !== undefined && stalest !== undefined && stalest.value > maxStaleShare
      ? [`${showShare(stalest.value)} of its reads ${where(stalest)} were stale`]
      : []),
    ...(!Number.isFinite(slowest.value)
      ? [`${isIdle(slowest.cell) ? "no request was due" : "nothing succeeded"} ${where(slowest)}`]
      : p99Ms !== undefined && slowest.value > p99Ms
        ? [`its p99 ${where(slowest)} was ${showAmount(slowest.value)} ms`]
        : []),
  ];
}

/** Whether no request came: at a low rate chance may have it so. */
function isIdle({ figures: { perSecond, failed, unknown } }: Cell): boolean {
  return perSecond === 0 && failed + unknown === 0;
}

/** What candidates are ordered by. */
function orderWord(candidates: readonly Candidate[]): "cheap" | "fast" {
  return candidates.every(({ cpuSeconds }) => cpuSeconds !== undefined) ? "cheap" : "fast";
}

/** By how many times the limits are exceeded; at most 1 if they are kept. */
function excess({ slowest, stalest }: Candidate, { maxStaleShare, p99Ms }: Limits): number {
  if (!Number.isFinite(slowest.value)) return Infinity;
  const times = (value: number, limit: number): number => (value <= limit ? 1 : value / limit);
  return Math.max(
    maxStaleShare === undefined || stalest === undefined ? 0 : times(stalest.value, maxStaleShare),
    p99Ms === undefined ? 0 : times(slowest.value, p99Ms),
  );
}

/** What a count of reads can show of the share of stale ones. */
function certainty({ stalest }: Candidate, { maxStaleShare }: Limits): string {
  if (maxStaleShare === undefined) return "";
  if (stalest === undefined) return "No reads were measured, so nothing is known of stale ones.";
  const bound = staleShareBound(stalest);
  const shown = `So many reads show, with 95 % confidence, that under ${showShare(bound)} are stale`;
  if (bound <= maxStaleShare) return `${shown}.`;
  return maxStaleShare === 0
    ? `${shown}; that none are, no measurement can show.`
    : `${shown}: measure for longer to be sure of ${showLimit(maxStaleShare)}.`;
}

/** What somebody who takes the setting should know in any case. */
function caveats({ name, setting, lostUpdates, notDone, cells }: Candidate): string[] {
  const beaten = cells.find((cell) => !hasKeptUp(cell));
  return [
    setting.r + setting.w > setting.n
      ? ""
      : `${name} promises no fresh reads (r + w ≤ n): with nodes away or slow more may be stale, see --kill, --slow-link and --staleness.`,
    lostUpdates > 0
      ? `With ${name}, ${plural(lostUpdates, "acknowledged update was", "acknowledged updates were")} lost.`
      : "",
    notDone > 0 ? `With ${name}, ${plural(notDone, "request", "requests")} failed or had no certain outcome.` : "",
    beaten === undefined
      ? ""
      : `${name} did not keep up with the load in ${beaten.workload}: ${showCount(beaten.figures.perSecond)} requests/s.`,
  ];
}

/** The number of arrivals that are due varies as its square root. */
function hasKeptUp(cell: Cell): boolean {
  const { load, figures } = cell;
  if (load.kind === "closed" || isIdle(cell)) return true;
  const { perSecond, reads, writes } = figures;
  if (perSecond === 0) return false;
  const due = ((reads.count + writes.count) * load.perSecond) / perSecond;
  return perSecond >= load.perSecond * Math.min(keptUpShare, 1 - chanceMax / Math.sqrt(due));
}

/** `25.1 CPU s per million requests, p99 4.20 ms and 0.35 % of reads stale` */
function traits(candidate: Candidate): string {
  const { cpuSeconds } = candidate;
  const cpu = cpuSeconds === undefined ? [] : [`${showAmount(cpuSeconds)} CPU s per million requests`];
  return listed([...cpu, ...behaviour(candidate)]);
}

/** `31.0 CPU s, +24 %; p99 5.10 ms; 0.01 % of reads stale` */
function sketch(candidate: Candidate, beside: Candidate): string {
  const isCpuKnown = candidate.cpuSeconds !== undefined && beside.cpuSeconds !== undefined;
  return [...(isCpuKnown ? [cost(candidate, beside)] : []), ...behaviour(candidate)].join("; ");
}

function behaviour({ slowest, stalest, cells }: Candidate): string[] {
  const where = cells.some(({ workload }) => workload !== slowest.cell.workload) ? ` in ${slowest.cell.workload}` : "";
  const without = isIdle(slowest.cell) ? "no request that was due" : "requests that did not succeed";
  const p99 = Number.isFinite(slowest.value) ? `${showP99(slowest.value)}${where}` : without;
  return [p99, ...(stalest === undefined ? [] : [showStale(stalest)])];
}

function showStale({ stale, reads, value }: NonNullable<Candidate["stalest"]>): string {
  return stale === 0 ? `none of ${showCount(reads)} reads stale` : `${showShare(value)} of reads stale`;
}

/** `31.0 CPU s, +24 %`; where that is not known, what candidates are ordered by instead. */
function cost({ cpuSeconds, slowest }: Candidate, beside: Candidate): string {
  if (cpuSeconds === undefined || beside.cpuSeconds === undefined) return showP99(slowest.value);
  const percent = Math.round((cpuSeconds / beside.cpuSeconds - 1) * 100);
  const change = percent === 0 ? "the same" : `${percent > 0 ? "+" : "−"}${Math.abs(percent)} %`;
  return `${showAmount(cpuSeconds)} CPU s, ${change}`;
}

function showP99(ms: number): string {
  return `p99 ${showAmount(ms)} ms`;
}

function showLimits({ maxStaleShare, p99Ms }: Limits): string {
  return listed([
    ...(maxStaleShare === undefined ? [] : [`stale reads within ${showLimit(maxStaleShare)}`]),
    ...(p99Ms === undefined ? [] : [`p99 within ${p99Ms} ms`]),
  ]);
}

/** As it was asked for. */
function showLimit(share: number): string {
  return share === 0 ? "0" : `${Number((share * 100).toPrecision(6))} %`;
}

/** `in A and B (open loop)` */
function places({ cells }: Candidate): string {
  const workloads = [...new Set(cells.map(({ workload }) => workload))];
  return `in ${listed(workloads)} (${cells[0]!.load.kind} loop)`;
}

/** Roughly: how many replicas a write and a read together wait for, of those that there are. */
function strictness({ setting: { n, r, w } }: Candidate): number {
  return (r + w) / n;
}

function staleShare({ stalest }: Candidate): number {
  return stalest?.value ?? 0;
}

function plural(count: number, one: string, several: string): string {
  return `${showCount(count)} ${count === 1 ? one : several}`;
}
