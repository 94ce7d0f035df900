/** What a loop needs, for a workload on a session of a test. */
import type { DriverOptions } from "../../../bench/compare/driver.ts";
import { Knowledge } from "../../../bench/compare/knowledge.ts";
import { Notebook } from "../../../bench/compare/observations.ts";
import { Recorder } from "../../../bench/compare/recorder.ts";
import type { WorkloadName } from "../../../bench/compare/results.ts";
import type { Session } from "../../../bench/compare/session.ts";
import { workloads } from "../../../bench/compare/workloads.ts";
import { Random } from "../../../src/random.ts";

export interface Wanted {
  readonly workload: WorkloadName;
  readonly records: number;
  readonly processes?: number;
  readonly recorder?: Recorder;
  /** By this process, earlier. */
  readonly inserted?: number;
}

export function optionsOf(
  session: Session,
  { workload, records, processes = 1, recorder, inserted = 0 }: Wanted,
): DriverOptions {
  return {
    session,
    workload: workloads[workload],
    records,
    valueBytes: 40,
    random: new Random(1),
    knowledge: new Knowledge(0, processes, records + inserted * processes),
    recorder: recorder ?? new Recorder({ fromMs: 0, toMs: 1 }, new Notebook(processes, 100_000)),
    self: 0,
    processes,
    inserts: { begun: inserted, acknowledged: inserted },
  };
}
