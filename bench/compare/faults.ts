/**
 * A steady open load while something is wrong: three stretches of the same length, before the fault, with it, and after it. What a client
 * notices stands in the pieces of the timeline; in an open loop a request that could not start in time has waited since it should have.
 */
import type { Clients, Run } from "./clients.ts";
import type { Costs } from "./costs.ts";
import type { FaultRun } from "./results.ts";
import type { FaultySystem } from "./system.ts";

export type Fault = { readonly kind: "kill" } | { readonly kind: "slow-link"; readonly delayMs: number };

/** Its `durationMs` is that of all three stretches. */
export type SteadyRun = Run & { readonly load: { readonly kind: "open" } };

/** Processes came and went: what they used would say nothing. */
const noCosts: Costs = { bytesPerRequest: undefined, messagesPerRequest: undefined, cpuSecondsPerMillion: undefined };

/** Plays it on the last node of the system, which is whole again when this resolves. */
export async function playFault(
  fault: Fault,
  system: FaultySystem,
  clients: Pick<Clients, "measure">,
  run: SteadyRun,
): Promise<FaultRun> {
  const [faultFromMs, faultToMs] = [run.durationMs / 3, (run.durationMs * 2) / 3];
  const course = new Course();
  const stretch = { fromMs: faultFromMs, toMs: faultToMs };
  const onBegin = (): void => {
    course.plan(faultFromMs, () => begin(fault, system));
    course.plan(faultToMs, () => end(fault, system));
  };
  const measured = await clients.measure({ ...run, stretch }, { onBegin }).catch((error: unknown) => {
    course.cancel();
    throw error;
  });
  await course.over();
  const { setting, workload, load } = run;
  return {
    fault: fault.kind,
    setting,
    workload,
    perSecond: load.perSecond,
    faultFromMs,
    faultToMs,
    whole: { ...measured.figures, ...noCosts },
    during: { ...measured.ofStretch!, ...noCosts },
    timeline: measured.timeline,
  };
}

/** What happens at which time of a run, one thing after the other. */
class Course {
  readonly #timers: NodeJS.Timeout[] = [];
  #all: Promise<void> = Promise.resolve();

  plan(afterMs: number, happen: () => Promise<void>): void {
    const due = new Promise<void>((resolve) => void this.#timers.push(setTimeout(resolve, afterMs)));
    this.#all = this.#all.then(() => due).then(happen);
    this.#all.catch(() => undefined); // who waits for the end hears of it
  }

  over(): Promise<void> {
    return this.#all;
  }

  /** What is not due yet does not happen: the system may have been stopped, and nobody would stop the node that returns. */
  cancel(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

function begin(fault: Fault, system: FaultySystem): Promise<void> {
  const victim = system.nodes - 1;
  return fault.kind === "kill" ? system.kill(victim) : system.slowDown(victim, fault.delayMs);
}

function end(fault: Fault, system: FaultySystem): Promise<void> {
  const victim = system.nodes - 1;
  return fault.kind === "kill" ? system.restart(victim) : system.slowDown(victim, 0);
}
