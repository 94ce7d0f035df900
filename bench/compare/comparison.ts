/**
 * Several systems, each under several settings, with the same workloads. All are up at once and take turns, in an order drawn anew in every
 * round: a machine that speeds up or slows down does so for all of them, and shares are taken within a round.
 */
import { Random } from "../../src/random.ts";
import { showLoad } from "./cell-group.ts";
import type { Clients, Measured, Run } from "./clients.ts";
import { canRun, type Contender } from "./contender.ts";
import { costsOf, measuringUsage, medianCosts } from "./costs.ts";
import { medianOf, mergeFigures } from "./figures.ts";
import { halfOfPeak } from "./half-of-peak.ts";
import type { Cell, Figures, LoadKind, WorkloadName } from "./results.ts";
import { nameOf } from "./setting.ts";
import { bucketOf } from "./workloads.ts";

/** What every run has in common. */
export type RunShape = Pick<Run, "records" | "valueBytes" | "warmUpMs" | "durationMs">;

export interface ComparisonPlan extends RunShape {
  readonly workloads: readonly WorkloadName[];
  readonly loads: readonly LoadKind[];
  /** After all loads an open one, with half of what the slowest has carried in a closed one: all can bear it, and none is idle. */
  readonly alsoHalfOfPeak: boolean;
  /** So long each system does a workload before it is measured: code is compiled as it runs, and the first seconds are slower by half. */
  readonly rehearsalMs: number;
  /** How often everything is measured. */
  readonly rounds: number;
  readonly seed: number;
}

/** Client processes, as far as a comparison needs them. */
export type Drivers = Pick<Clients, "fill" | "measure">;

/** A step begins, and the one before it is over. @param expectedMs roughly */
export type OnStep = (what: string, expectedMs: number) => void;

interface Round {
  readonly measured: Measured;
  readonly figures: Figures;
}

const rehearsalInFlight = 256;
const fillPerSecond = 15_000;
const aroundFillMs = 300;
/** What a measurement takes beside its time: what is under way at the end, and the count of what was lost. */
const aroundMs = 700;

export class Comparison {
  readonly #contenders: readonly Contender[];
  readonly #clients: Drivers;
  readonly #plan: ComparisonPlan;
  readonly #onStep: OnStep;
  readonly #random: Random;
  readonly #filled = new Set<string>();

  constructor(contenders: readonly Contender[], clients: Drivers, plan: ComparisonPlan, onStep: OnStep) {
    this.#contenders = contenders;
    this.#clients = clients;
    this.#plan = plan;
    this.#onStep = onStep;
    this.#random = new Random(plan.seed);
  }

  async run(): Promise<Cell[]> {
    const cells: Cell[] = [];
    for (const workload of this.#plan.workloads) {
      const group: Cell[] = [];
      for (const contender of this.#those(workload)) await this.#fill(contender, workload);
      for (const contender of this.#rehearsing(workload)) await this.#rehearse(contender, workload);
      for (const load of this.#plan.loads) group.push(...(await this.#measureAll(workload, load)));
      if (this.#plan.alsoHalfOfPeak) {
        const load = { kind: "open", perSecond: halfOfPeak(group) } as const;
        group.push(...(await this.#measureAll(workload, load)));
      }
      cells.push(...group);
    }
    return cells;
  }

  /** What `run` will take, roughly: the sum of what `onStep` is told. */
  get expectedMs(): number {
    const { workloads, loads, alsoHalfOfPeak, rounds } = this.#plan;
    const perLoad = rounds * this.#measureMs;
    const loadCount = loads.length + (alsoHalfOfPeak ? 1 : 0);
    const measuredCount = workloads.flatMap((workload) => this.#those(workload)).length * loadCount;
    const places = workloads.flatMap((workload) =>
      this.#those(workload).map(({ system, bucket }) => `${system.name} ${bucketOf(workload, bucket)}`),
    );
    const rehearsals = workloads.flatMap((workload) => this.#rehearsing(workload)).length;
    return measuredCount * perLoad + new Set(places).size * this.#fillMs + rehearsals * this.#rehearseMs;
  }

  get #rehearseMs(): number {
    return this.#plan.rehearsalMs + aroundMs;
  }

  get #fillMs(): number {
    return aroundFillMs + (this.#plan.records / fillPerSecond) * 1000;
  }

  get #measureMs(): number {
    return this.#plan.warmUpMs + this.#plan.durationMs + aroundMs;
  }

  #those(workload: WorkloadName): readonly Contender[] {
    return this.#contenders.filter(({ system }) => canRun(system.name, workload));
  }

  /** Workloads that can share their records do. */
  async #fill(contender: Contender, workload: WorkloadName): Promise<void> {
    const place = `${contender.system.name} ${bucketOf(workload, contender.bucket)}`;
    if (this.#filled.has(place)) return;
    this.#filled.add(place);
    const run = this.#runOf(contender, workload, { kind: "closed", inFlight: 1 });
    this.#onStep(`${nameIn(contender)}: ${run.records} records`, this.#fillMs);
    await this.#clients.fill(run);
  }

  /** Of each system one: its settings have the same code. */
  #rehearsing(workload: WorkloadName): readonly Contender[] {
    const those = this.#plan.rehearsalMs > 0 ? this.#those(workload) : [];
    return those.filter(({ system }, at) => those.findIndex((other) => other.system === system) === at);
  }

  async #rehearse(contender: Contender, workload: WorkloadName): Promise<void> {
    this.#onStep(`${workload}, rehearsal: ${nameIn(contender)}`, this.#rehearseMs);
    const run = this.#runOf(contender, workload, { kind: "closed", inFlight: rehearsalInFlight });
    await this.#clients.measure({ ...run, warmUpMs: 0, durationMs: this.#plan.rehearsalMs });
  }

  async #measureAll(workload: WorkloadName, load: LoadKind): Promise<Cell[]> {
    const contenders = this.#those(workload);
    const rounds = contenders.map((): Round[] => []);
    for (let round = 1; round <= this.#plan.rounds; round++)
      for (const at of shuffled(contenders.length, this.#random)) {
        const what = `${workload}, ${showLoad(load)}, round ${round} of ${this.#plan.rounds}: ${nameIn(contenders[at]!)}`;
        this.#onStep(what, this.#measureMs);
        rounds[at]!.push(await this.#measure(contenders[at]!, workload, load));
      }
    return contenders.map((contender, at) => {
      const floor = contenders.findIndex((other) => isFloorOf(other, contender));
      return cellOf(contender, workload, load, rounds[at]!, rounds[floor]);
    });
  }

  async #measure(contender: Contender, workload: WorkloadName, load: LoadKind): Promise<Round> {
    const run = this.#runOf(contender, workload, load);
    const { measured, used } = await measuringUsage(contender.system, (moments) => this.#clients.measure(run, moments));
    return { measured, figures: { ...measured.figures, ...costsOf(used, measured.requests) } };
  }

  #runOf({ system, setting, bucket }: Contender, workload: WorkloadName, load: LoadKind): Run {
    const { records, valueBytes, warmUpMs, durationMs } = this.#plan;
    const seed = this.#random.next();
    return {
      system: system.name,
      setting,
      bucket,
      workload,
      load,
      records,
      valueBytes,
      warmUpMs,
      durationMs,
      seed,
    };
  }
}

function cellOf(
  { system, setting }: Contender,
  workload: WorkloadName,
  load: LoadKind,
  rounds: readonly Round[],
  floor: readonly Round[] | undefined,
): Cell {
  const figures = rounds.map((round) => round.figures);
  const merged = mergeFigures(rounds.map(({ measured }) => measured));
  // What an open loop carries is given: its share would say nothing.
  const shares = load.kind === "closed" && floor !== undefined ? sharesOf(rounds, floor) : [];
  return {
    system: system.name,
    guarantee: system.guaranteeOf(setting),
    setting,
    workload,
    load,
    figures: { ...merged, ...medianCosts(figures) },
    ofFloor: shares.length === 0 ? undefined : medianOf(shares),
    rounds: figures,
  };
}

/** Of each round's rate; but for rounds in which the machine had no time even for the floor. */
function sharesOf(rounds: readonly Round[], floor: readonly Round[]): number[] {
  return rounds.flatMap(({ figures: { perSecond } }, round) => {
    const least = floor[round]!.figures.perSecond;
    return least > 0 ? [perSecond / least] : [];
  });
}

/** The floor that does the least of what this contender does. */
function isFloorOf(other: Contender, { setting }: Contender): boolean {
  return other.system.name === "floor" && other.setting.r === setting.r && other.setting.w === setting.w;
}

function nameIn({ system, setting }: Contender): string {
  return `${system.name} ${nameOf(setting)}`;
}

/** Fisher and Yates. */
function shuffled(count: number, random: Random): number[] {
  const order = Array.from({ length: count }, (_, at) => at);
  for (let at = count - 1; at > 0; at--) {
    const other = random.between(0, at);
    [order[at], order[other]] = [order[other]!, order[at]!];
  }
  return order;
}
