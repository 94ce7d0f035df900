/**
 * `npm run bench:outage`: what clients notice when one of three nodes is killed and comes back, second by second, and how long the
 * cluster takes to mend itself. `--help` lists the options.
 */
import { setTimeout as pass } from "node:timers/promises";
import { Command } from "commander";
import { parseCount, parsePositive } from "./arguments.ts";
import { CoterieTarget, nodes } from "./coterie-target.ts";
import { stopOnInterrupt } from "./interruption.ts";
import { fill } from "./load.ts";
import { MendingWatch } from "./mending-watch.ts";
import { Meter, SteadyLoad, type Stretch } from "./steady-load.ts";

const phases = ["before", "during", "after"] as const;
type Phase = (typeof phases)[number];

interface OutageOptions extends Readonly<Record<Phase, number>> {
  readonly json: boolean;
  readonly settle: number;
  readonly inFlight: number;
  readonly keys: number;
  readonly value: number;
}

interface Row extends Stretch {
  readonly phase: Phase;
  /** Seconds since the measurement began. */
  readonly second: number;
}

/** Milliseconds since the killed node was started again; `undefined`: not by the end. */
interface Mending {
  readonly readyMs: number | undefined;
  readonly hintsGoneMs: number | undefined;
  readonly cleanMs: number | undefined;
  readonly hintsMax: number;
  readonly repaired: number;
}

const victim = nodes - 1;
const warmUpMs = 1000;
const lookEveryMs = 100;

const program = new Command("bench:outage")
  .description(
    "Three node processes, N=3 R=W=2, and a closed loop of puts and gets on this machine. One node is killed (kill -9) and started\n" +
      "again. Prints every second, each phase as a whole, and how long after the restart the last hint was delivered and\n" +
      "every pair of nodes had ended a round of anti-entropy since its last repair.",
  )
  .option("--json", "print everything as JSON, at the end", false)
  .option("--before <seconds>", "load before the kill", parseCount, 4)
  .option("--during <seconds>", "from the kill to the restart", parseCount, 6)
  .option("--after <seconds>", "load after the restart", parseCount, 8)
  .option("--settle <seconds>", "how long to wait after the load for hints and anti-entropy", parsePositive, 15)
  .option("--in-flight <count>", "requests kept under way", parseCount, 64)
  .option("--keys <count>", "keys, drawn uniformly", parseCount, 10_000)
  .option("--value <bytes>", "size of the values", parseCount, 100);

async function run(options: OutageOptions): Promise<void> {
  const target = new CoterieTarget();
  stopOnInterrupt([target]);
  try {
    await target.start();
    await new Outage(target, options).play();
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  } finally {
    await target.stop();
  }
}

class Outage {
  readonly #target: CoterieTarget;
  readonly #options: OutageOptions;
  readonly #rows: Row[] = [];
  readonly #totals: Readonly<Record<Phase, Meter>> = { before: new Meter(), during: new Meter(), after: new Meter() };
  #watch: MendingWatch | undefined;
  #restartedAtMs = 0;
  #readyMs: number | undefined;

  constructor(target: CoterieTarget, options: OutageOptions) {
    this.#target = target;
    this.#options = options;
  }

  async play(): Promise<void> {
    const { inFlight, keys, value, settle } = this.#options;
    const issue = this.#target.prepare({ r: 2, w: 2, valueBytes: value });
    await fill(issue, keys, inFlight);
    const load = new SteadyLoad(issue, { inFlight, keys, seed: 1 });
    load.start();
    await pass(warmUpMs);
    load.take();
    this.#say(headings());
    await this.#measure(load, "before");
    await this.#target.kill(victim);
    await this.#measure(load, "during");
    const mending = this.#restart();
    await this.#measure(load, "after");
    await load.stop();
    // It gives up by itself, unless the node never comes back.
    await Promise.race([mending, pass((settle + 1) * 1000, undefined, { ref: false })]);
    this.#report();
  }

  /** A row for each second of the phase. */
  async #measure(load: SteadyLoad, phase: Phase): Promise<void> {
    const beganAtMs = performance.now();
    for (let second = 1; second <= this.#options[phase]; second++) {
      await pass(beganAtMs + second * 1000 - performance.now());
      const meter = load.take();
      this.#totals[phase].add(meter);
      const row = { phase, second: this.#rows.length + 1, ...meter.stretch };
      this.#rows.push(row);
      this.#say(lineOf(`${row.second}`, row, 1));
    }
  }

  /** Resolves when there is nothing left to mend, or nothing more is waited for. */
  async #restart(): Promise<void> {
    const watch = (this.#watch = new MendingWatch(nodes, await this.#target.status()));
    this.#restartedAtMs = performance.now();
    await this.#target.restart(victim);
    this.#readyMs = performance.now() - this.#restartedAtMs;
    const giveUpAtMs = this.#restartedAtMs + (this.#options.after + this.#options.settle) * 1000;
    while (!watch.isOver && performance.now() < giveUpAtMs) {
      await pass(lookEveryMs);
      watch.look(await this.#target.status(), performance.now());
    }
  }

  get #mending(): Mending {
    const watch = this.#watch!;
    const since = (atMs: number | undefined): number | undefined => atMs && atMs - this.#restartedAtMs;
    const { hintsMax, repaired } = watch;
    const [hintsGoneMs, cleanMs] = [since(watch.hintsGoneAtMs), since(watch.cleanAtMs)];
    return { readyMs: this.#readyMs, hintsGoneMs, cleanMs, hintsMax, repaired };
  }

  #report(): void {
    const mending = this.#mending;
    const whole = phases.map((phase) => [phase, this.#totals[phase].stretch] as const);
    if (this.#options.json) {
      const report = { options: this.#options, seconds: this.#rows, phases: Object.fromEntries(whole), mending };
      return void process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    }
    for (const [phase, stretch] of whole) this.#say(lineOf(phase, { phase, ...stretch }, this.#options[phase]));
    this.#say(
      `After the restart: ready in ${seconds(mending.readyMs)}, the last of ${mending.hintsMax} hints delivered in ` +
        `${seconds(mending.hintsGoneMs)}, nothing found by anti-entropy in ${seconds(mending.cleanMs)} ` +
        `(${mending.repaired} keys repaired by it).`,
    );
  }

  #say(line: string): void {
    if (!this.#options.json) process.stdout.write(`${line}\n`);
  }
}

function headings(): string {
  return columns("second", "phase", "requests/s", "p99 ms", "max ms", "failed", "unknown");
}

function lineOf(name: string, stretch: Stretch & { readonly phase: Phase }, lastsSeconds: number): string {
  const { phase, succeeded, p99Us, maxUs, failed, unknown } = stretch;
  const perSecond = Math.round(succeeded / lastsSeconds).toLocaleString("en");
  const [p99, max] = [p99Us, maxUs].map((us) => (us / 1000).toFixed(1));
  return columns(name, name === phase ? "" : phase, perSecond, p99!, max!, `${failed}`, `${unknown}`);
}

function columns(...cells: readonly string[]): string {
  return cells.map((cell, at) => (at < 2 ? cell.padEnd(8) : cell.padStart(11))).join("");
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? "no time seen" : `${(ms / 1000).toFixed(1)} s`;
}

await run(program.parse().opts<OutageOptions>());
