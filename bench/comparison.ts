import { fill, runLoad, type LoadResult } from "./load.ts";
import type { Issue, RequestKind, Target, Workload } from "./target.ts";

const FILL_IN_FLIGHT = 256;
const WARM_UP_MS_MAX = 500;

export interface ComparisonOptions {
  readonly durationMs: number;
  readonly keys: number;
  /** How often each combination is measured on each target; the figures are medians. */
  readonly rounds: number;
  readonly progress: (line: string) => void;
}

/** One line of the report: a target under a workload with this many requests in flight. */
export interface Row {
  readonly target: string;
  readonly workload: Workload;
  readonly inFlight: number;
  readonly put: Figure;
  readonly get: Figure;
}

export interface Figure extends LoadResult {
  /** Median over the rounds of this target's rate divided by the yardstick's in the same round. */
  readonly share: number;
}

/** Several targets are up at once and take turns, so that a machine that speeds up or slows down does so for all of them. */
export class Comparison {
  private readonly targets: readonly Target[];
  private readonly options: ComparisonOptions;
  private seed = 1;

  /** The first target is the yardstick that the others' shares refer to. */
  constructor(targets: readonly Target[], options: ComparisonOptions) {
    this.targets = targets;
    this.options = options;
  }

  async measure(workload: Workload, inFlights: readonly number[]): Promise<Row[]> {
    const issues = this.targets.map((target) => target.prepare(workload));
    for (const issue of issues) await fill(issue, this.options.keys, FILL_IN_FLIGHT);
    const rows: Row[] = [];
    for (const inFlight of inFlights) rows.push(...(await this.measureInFlight(workload, issues, inFlight)));
    return rows;
  }

  private async measureInFlight(workload: Workload, issues: Issue[], inFlight: number): Promise<Row[]> {
    const puts: LoadResult[][] = issues.map(() => []);
    const gets: LoadResult[][] = issues.map(() => []);
    for (let round = 1; round <= this.options.rounds; round++) {
      for (const at of turns(issues.length, round)) {
        puts[at]!.push(await this.run(issues[at]!, "put", inFlight));
        gets[at]!.push(await this.run(issues[at]!, "get", inFlight));
        this.options.progress(
          `${describe(workload)}, ${inFlight} in flight, round ${round}/${this.options.rounds}, ${this.targets[at]!.name}: ` +
            `${perSecond(puts[at]!)} puts/s, ${perSecond(gets[at]!)} gets/s`,
        );
      }
    }
    return this.targets.map((target, at) => ({
      target: target.name,
      workload,
      inFlight,
      put: summarize(puts[at]!, puts[0]!),
      get: summarize(gets[at]!, gets[0]!),
    }));
  }

  private run(issue: Issue, kind: RequestKind, inFlight: number): Promise<LoadResult> {
    const { durationMs, keys } = this.options;
    const warmUpMs = Math.min(WARM_UP_MS_MAX, durationMs / 4);
    return runLoad(issue, { kind, inFlight, warmUpMs, durationMs, keys, seed: this.seed++ });
  }
}

/** Who goes first alternates: the one after a load finds the disk and the processor busier. */
function turns(count: number, round: number): number[] {
  const order = Array.from({ length: count }, (_, at) => at);
  return round % 2 === 0 ? order.reverse() : order;
}

function summarize(results: LoadResult[], yardstick: LoadResult[]): Figure {
  return {
    perSecond: median(results.map((result) => result.perSecond)),
    p50Us: median(results.map((result) => result.p50Us)),
    p99Us: median(results.map((result) => result.p99Us)),
    errors: results.reduce((sum, result) => sum + result.errors, 0),
    share: median(results.map((result, round) => result.perSecond / yardstick[round]!.perSecond)),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function describe(workload: Workload): string {
  return `R=${workload.r} W=${workload.w} ${workload.valueBytes} B`;
}

function perSecond(results: LoadResult[]): string {
  return Math.round(results.at(-1)!.perSecond).toLocaleString("en");
}
