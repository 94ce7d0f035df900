/**
 * Finds a smallest failing run: leaves decisions out of a script, faults and calls, plays the rest again, and keeps what still fails in
 * the same way. Chunks first, then smaller ones, as in Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002).
 *
 * - A call that is left out is told to its client as one that was refused, so that a workload may go on from it.
 * - What holds all the time, loss for one, is no decision; each is switched off as a whole if the run fails without it.
 * - No run is played more than `runsMax` times: what is found by then is small enough to be read, if not always the smallest.
 */
import { soundFrames } from "./network.ts";
import type { Profile } from "./profile.ts";
import type { SeedReport } from "./report.ts";
import { runSeed, type RunOptions } from "./run.ts";
import { lengthOf, type Script, type ScriptedCall } from "./script.ts";

export interface ShrinkOptions extends RunOptions {
  /** How many runs it may take. Default 300. */
  readonly runsMax?: number | undefined;
  /** Told after each run: how many were played, and how many decisions are left. */
  readonly onRun?: ((runs: number, decisions: number) => void) | undefined;
}

export interface Shrunk {
  /** Of the smallest run that fails. */
  readonly report: SeedReport;
  /** What it was played in. */
  readonly profile: Profile;
  readonly decisions: number;
  /** What there was in the beginning. */
  readonly decisionsBefore: number;
  readonly runs: number;
}

const runsMaxDefault = 300;

/** What a script consists of, told apart. */
type Decision = { readonly fault: number } | { readonly client: string; readonly call: number };

/** @returns `undefined` if the failure does not come back when its decisions are played again */
export async function shrink(failure: SeedReport, options: ShrinkOptions = {}): Promise<Shrunk | undefined> {
  const shrinker = new Shrinker(failure, options);
  return (await shrinker.begin()) ? shrinker.shrink() : undefined;
}

class Shrinker {
  readonly #failure: SeedReport;
  readonly #options: ShrinkOptions;
  readonly #decisionsBefore: number;
  /** The smallest so far. */
  #report: SeedReport;
  #profile!: Profile;
  #adjust: (profile: Profile) => Profile;
  #runs = 0;

  constructor(failure: SeedReport, options: ShrinkOptions) {
    this.#failure = failure;
    this.#options = options;
    this.#report = failure;
    this.#adjust = options.adjust ?? ((profile) => profile);
    this.#decisionsBefore = lengthOf(failure.script);
  }

  /** @returns whether the script alone makes the run fail */
  begin(): Promise<boolean> {
    return this.#stillFails(this.#failure.script, this.#adjust);
  }

  async shrink(): Promise<Shrunk> {
    for (const simpler of simplifications) {
      const adjust = this.#adjust;
      await this.#stillFails(this.#report.script, (profile) => simpler(adjust(profile)));
    }
    for (let before = Infinity; this.#length < before && this.#isGoing;) {
      before = this.#length;
      await this.#leaveOut(faultsIn);
      for (const client of this.#report.script.calls.keys()) await this.#leaveOutAll(client);
      await this.#leaveOut(callsIn);
    }
    return {
      report: this.#report,
      profile: this.#profile,
      decisions: this.#length,
      decisionsBefore: this.#decisionsBefore,
      runs: this.#runs,
    };
  }

  get #length(): number {
    return lengthOf(this.#report.script);
  }

  get #isGoing(): boolean {
    return this.#runs < (this.#options.runsMax ?? runsMaxDefault);
  }

  /** Tries without each chunk of what `list` finds in the script: halves, quarters, down to single decisions. */
  async #leaveOut(list: (script: Script) => readonly Decision[]): Promise<void> {
    let size = list(this.#report.script).length;
    while (size >= 1 && this.#isGoing) {
      for (let from = 0; from < list(this.#report.script).length && this.#isGoing;) {
        const { script } = this.#report;
        const chunk = list(script).slice(from, from + size);
        if (!(await this.#stillFails(without(script, chunk), this.#adjust))) from += size;
      }
      size = size === 1 ? 0 : Math.ceil(size / 2);
    }
  }

  /** Whole clients first: few failures need more than two. */
  async #leaveOutAll(client: string): Promise<void> {
    const { script } = this.#report;
    const calls = callsIn(script).filter((one) => "client" in one && one.client === client);
    if (calls.length > 0 && this.#isGoing) await this.#stillFails(without(script, calls), this.#adjust);
  }

  /** Plays what is left; if it fails as before, it is what is shrunk on. */
  async #stillFails(script: Script, adjust: (profile: Profile) => Profile): Promise<boolean> {
    let played: Profile | undefined;
    const noted = (profile: Profile): Profile => (played = adjust(profile));
    const report = await runSeed(this.#failure.seed, { ...this.#options, trace: undefined, adjust: noted, script });
    this.#runs++;
    const isSame = this.#isSame(report, played!);
    if (isSame) {
      // What was never reached is no part of it.
      this.#report = report;
      this.#profile = played!;
      this.#adjust = adjust;
    }
    this.#options.onRun?.(this.#runs, this.#length);
    return isSame;
  }

  /** Of the same kind, and while clients worked if that was so. */
  #isSame(report: SeedReport, { safetyMs }: Profile): boolean {
    if (report.kind !== this.#failure.kind) return false;
    const [violation, before] = [report.violations[0], this.#failure.violations[0]];
    const isLate = (atMs: number = 0): boolean => atMs > safetyMs;
    return violation?.invariant === before?.invariant && isLate(violation?.atMs) === isLate(before?.atMs);
  }
}

function faultsIn({ faults }: Script): Decision[] {
  return faults.map((_, fault) => ({ fault }));
}

/** Calls that are still made. */
function callsIn({ calls }: Script): Decision[] {
  return [...calls].flatMap(([client, slots]) =>
    slots.flatMap(({ isLeftOut }, call) => (isLeftOut ? [] : [{ client, call }])),
  );
}

function without(script: Script, decisions: readonly Decision[]): Script {
  const faults = new Set(decisions.flatMap((one) => ("fault" in one ? [one.fault] : [])));
  const calls = new Set(decisions.flatMap((one) => ("call" in one ? [`${one.client} ${one.call}`] : [])));
  return {
    faults: script.faults.filter((_, at) => !faults.has(at)),
    calls: new Map([...script.calls].map(([client, slots]) => [client, leftOut(client, slots, calls)])),
  };
}

function leftOut(client: string, slots: readonly ScriptedCall[], names: ReadonlySet<string>): ScriptedCall[] {
  return slots.map((slot, at) => (names.has(`${client} ${at}`) ? { ...slot, isLeftOut: true } : slot));
}

/** What holds all the time, switched off one by one. */
const simplifications: readonly ((profile: Profile) => Profile)[] = [
  (profile) => ({ ...profile, faults: { ...profile.faults, leavesCore: false } }),
  ...Object.entries(soundFrames).map(([condition, none]) => (profile: Profile): Profile => ({
    ...profile,
    network: { ...profile.network, [condition]: none },
  })),
  (profile) => ({ ...profile, faults: { ...profile.faults, whims: [] } }),
  (profile) => ({ ...profile, network: { ...profile.network, bytesPerMs: Infinity } }),
  (profile) => ({ ...profile, disk: { ...profile.disk, slowSyncs: 0 } }),
];
