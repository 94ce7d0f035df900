/** What the flags of `coterie bench` may say, and what they leave to be settled: a question to a run, checked before anything is started. */
import { InvalidArgumentError } from "commander";
import type { Question } from "../../../bench/compare/bench-run.ts";
import type { Fault } from "../../../bench/compare/faults.ts";
import type { LoadKind, WorkloadName } from "../../../bench/compare/results.ts";
import { defaultSetting, gridOf, nameOf, parseSetting, type Setting } from "../../../bench/compare/setting.ts";
import { stampBytes } from "../../../bench/compare/stamp.ts";
import { invalidArgument } from "../../../src/errors.ts";
import { splitList } from "./request-flags.ts";

export interface BenchFlags {
  readonly settings?: readonly Setting[];
  /** True: of three nodes. */
  readonly grid?: true | readonly Setting[];
  readonly workloads: readonly WorkloadName[];
  readonly closed?: readonly number[];
  readonly open?: readonly number[];
  readonly duration: number;
  readonly rounds: number;
  readonly records: number;
  readonly value: number;
  readonly clients: number;
  readonly nodes?: number;
  readonly url?: readonly string[];
  readonly kill?: boolean;
  readonly slowLink?: number;
  readonly floor: boolean;
  readonly peers?: boolean;
  readonly inject?: string;
  /** True: as many writes as are usual. */
  readonly staleness?: true | number;
  readonly maxStale?: number;
  readonly p99?: number;
  readonly seed: number;
  readonly report?: string;
  readonly json?: boolean;
}

export const workloadNames: readonly WorkloadName[] = ["A", "B", "C", "D", "F", "put", "get", "siblings", "counter"];
export const settingsDefault = ["r1 w1", "r2 w2", "r1 w3", "r2 w2 lww"] as const;
const inFlightDefault = 64;
const nodesDefault = 3;
export const nodesMax = 64;
const stalenessWritesDefault = 2000;

/** @param coterie its version @throws INVALID_ARGUMENT for flags that do not fit each other */
export function questionOf(flags: BenchFlags, coterie: string): Question {
  const settings = settingsOf(flags);
  const nodesNeeded = Math.max(...settings.map(({ n }) => n));
  const { nodes = Math.max(nodesDefault, nodesNeeded) } = flags;
  if (nodesNeeded > nodes || (nodesNeeded > nodesMax && flags.url === undefined)) {
    const greedy = settings.find(({ n }) => n === nodesNeeded)!;
    const had = nodesNeeded > nodes ? `--nodes is ${nodes}` : `and at most ${nodesMax} are started`;
    throw invalidArgument(`the setting ${JSON.stringify(nameOf(greedy))} needs ${nodesNeeded} nodes, ${had}`);
  }
  refuseSmallValues(flags);
  const { workloads, clients, records, rounds, seed, value: valueBytes, duration: durationMs } = flags;
  return {
    ...loadsOf(flags),
    settings,
    nodes,
    workloads,
    clients,
    records,
    rounds,
    seed,
    valueBytes,
    durationMs,
    urls: flags.url,
    // It is on this machine, and nothing holds its messages back.
    floor: flags.floor && flags.url === undefined && flags.inject === undefined,
    peers: flags.peers ?? false,
    faults: faultsOf(flags),
    injected: flags.inject?.toUpperCase(),
    stalenessWrites: flags.staleness === true ? stalenessWritesDefault : (flags.staleness ?? 0),
    limits: { maxStaleShare: flags.maxStale, p99Ms: flags.p99 },
    coterie,
  };
}

/** A value says which writes its writer had seen, of every client process. */
function refuseSmallValues({ value, clients }: BenchFlags): void {
  const least = stampBytes(clients);
  if (value < least)
    throw invalidArgument(`--value is ${value}: with ${clients} client processes a value has at least ${least} bytes`);
}

function settingsOf({ settings = [], grid = [] }: BenchFlags): readonly Setting[] {
  const chosen = [...settings, ...(grid === true ? gridOf(defaultSetting) : grid)];
  const all = chosen.length > 0 ? chosen : settingsDefault.map(parseSetting);
  return [...new Map(all.map((setting) => [nameOf(setting), setting])).values()];
}

function loadsOf({ closed = [], open = [] }: BenchFlags): Pick<Question, "loads" | "alsoHalfOfPeak"> {
  const isChosen = closed.length + open.length > 0;
  const loads: readonly LoadKind[] = [
    ...(isChosen ? closed : [inFlightDefault]).map((inFlight) => ({ kind: "closed", inFlight }) as const),
    ...open.map((perSecond) => ({ kind: "open", perSecond }) as const),
  ];
  return { loads, alsoHalfOfPeak: !isChosen };
}

function faultsOf({ kill = false, slowLink }: BenchFlags): readonly Fault[] {
  return [
    ...(kill ? [{ kind: "kill" } as const] : []),
    ...(slowLink === undefined ? [] : [{ kind: "slow-link", delayMs: slowLink } as const]),
  ];
}

/** Several, with semicolons between or the flag repeated. */
export function parseSettings(text: string, before: readonly Setting[] = []): readonly Setting[] {
  const texts = text.split(";").filter((part) => part.trim() !== "");
  if (texts.length === 0) throw new InvalidArgumentError('A setting looks like "r1 w2", several like "r1 w1; r2 w2".');
  return [...before, ...texts.map(parseSetting)];
}

/** All r and w beside what is said. */
export function parseGrid(text: string): readonly Setting[] {
  return gridOf(parseSetting(text));
}

export function parseWorkloads(text: string): readonly WorkloadName[] {
  const names = splitList(text).map((part) => {
    const name = workloadNames.find((one) => one.toLowerCase() === part.toLowerCase());
    if (name === undefined)
      throw new InvalidArgumentError(`${JSON.stringify(part)} is none of ${workloadNames.join(", ")}.`);
    return name;
  });
  if (names.length === 0) throw new InvalidArgumentError(`It is one or several of ${workloadNames.join(", ")}.`);
  return [...new Set(names)];
}

/** Several, with commas between. */
export function parseCounts(most: number): (text: string) => readonly number[] {
  return (text) => {
    const counts = splitList(text);
    const areFine = counts.length > 0 && counts.every((count) => /^\d+$/.test(count) && Number(count) >= 1);
    if (areFine && counts.every((count) => Number(count) <= most)) return counts.map(Number);
    throw new InvalidArgumentError(`It is a whole number from 1 to ${most}, several with commas between.`);
  };
}

/** `10ms`, `2s`, or a number of the unit that goes without saying. @returns milliseconds */
export function parseTime(unit: "ms" | "s", mostMs: number): (text: string) => number {
  return (text) => {
    const [, amount, said = unit] = /^(\d+(?:\.\d+)?) ?(ms|s)?$/.exec(text) ?? [];
    const ms = Number(amount) * (said === "s" ? 1000 : 1);
    if (ms > 0 && ms <= mostMs) return ms;
    throw new InvalidArgumentError(`It is a time like 500ms or 2s, above 0 and up to ${mostMs / 1000} s.`);
  };
}

/** `0.1%`, or `0.001`. @returns from 0 to 1 */
export function parseShare(text: string): number {
  const [, amount, percent] = /^(\d+(?:\.\d+)?) ?(%)?$/.exec(text) ?? [];
  const share = Number(amount) / (percent === undefined ? 1 : 100);
  if (share >= 0 && share <= 1) return share;
  throw new InvalidArgumentError("It is a share like 0.1% or 0.001, from 0% to 100%.");
}

export function parseReportPath(text: string): string {
  if (/\.html?$/i.test(text)) return text;
  throw new InvalidArgumentError("It is a page to write, as in report.html.");
}
