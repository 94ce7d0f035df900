/** What a client process does when it is told to. It remembers what it knows of each system's buckets from one run to the next. */
import { Random } from "../../src/random.ts";
import type { Command, Found, Place, Result } from "./client-messages.ts";
import type { Run } from "./clients.ts";
import { runClosedLoop } from "./closed-loop.ts";
import type { DriverOptions, Inserts } from "./driver.ts";
import { makeRoomForTexts, textOfKey } from "./key-texts.ts";
import { Knowledge } from "./knowledge.ts";
import { Notebook } from "./observations.ts";
import { runOpenLoop } from "./open-loop.ts";
import { Recorder } from "./recorder.ts";
import type { Session } from "./session.ts";
import { joinStamp } from "./stamp.ts";
import { sweep } from "./sweep.ts";
import { openSystem } from "./system-clients.ts";
import type { SystemClient, SystemName } from "./system.ts";
import { UsedProcessor } from "./used-processor.ts";
import { bucketOf, keysOf, workloads } from "./workloads.ts";

const progressEveryMs = 200;

interface Memory {
  readonly knowledge: Knowledge;
  readonly inserts: Inserts;
}

export class ClientWork {
  readonly #onProgress: (done: number) => void;
  readonly #systems = new Map<SystemName, SystemClient>();
  readonly #memories = new Map<string, Memory>();
  #notebook: Notebook | undefined;

  /** @param onProgress how many records are filled in so far */
  constructor(onProgress: (done: number) => void) {
    this.#onProgress = onProgress;
  }

  async do(command: Command): Promise<Result> {
    switch (command.kind) {
      case "connect":
        await this.#systems.get(command.address.system)?.close();
        this.#systems.set(command.address.system, await openSystem(command.address));
        return { kind: "connect" };
      case "fill":
        await this.#fill(command.run, command.place);
        return { kind: "fill" };
      case "measure":
        return this.#measure(command.run, command.place, command.fromMs);
      case "read-back":
        return { kind: "read-back", found: await this.#readBack(command.run, command.place, command.keys) };
    }
  }

  /** Its share of the records. Counters begin at nothing. */
  async #fill(run: Run, { self, processes }: Place): Promise<void> {
    const keys = keysOf(workloads[run.workload], run.records);
    const count = run.workload === "counter" ? 0 : Math.ceil((keys - self) / processes);
    const session = this.#sessionOf(run, {});
    const { knowledge } = this.#memoryOf(run, { self, processes });
    let filled = 0;
    const timer = setInterval(() => this.#onProgress(filled), progressEveryMs);
    const failed = await sweep(count, (at, done) => {
      const key = at * processes + self;
      session.put(textOfKey(key), knowledge.nextValue(key, run.valueBytes, false), (outcome) => {
        if (outcome === "ok") filled++;
        done(outcome === "ok");
      });
    });
    clearInterval(timer);
    if (failed.length > 0) throw new Error(`${run.system} did not take ${failed.length} of ${count} records`);
  }

  async #measure(run: Run, place: Place, fromMs: number): Promise<Result> {
    const toMs = fromMs + run.durationMs;
    const notebook = run.system === "floor" ? undefined : (this.#notebook ??= new Notebook(place.processes));
    const recorder = new Recorder({ fromMs, toMs }, notebook);
    const options: DriverOptions = {
      session: this.#sessionOf(run, {}),
      workload: workloads[run.workload],
      records: run.records,
      valueBytes: run.valueBytes,
      random: new Random(run.seed, place.self),
      recorder,
      ...this.#memoryOf(run, place),
      ...place,
    };
    const used = new UsedProcessor(fromMs, toMs);
    await runLoop(run, options, toMs);
    return { kind: "measure", tally: recorder.tally(), cpuSeconds: used.takeSeconds() };
  }

  async #readBack(run: Run, { processes }: Place, keys: Uint32Array): Promise<Found> {
    const session = this.#sessionOf(run, { r: run.setting.n });
    const vectors = new Uint32Array(keys.length * processes);
    const isTold = new Uint8Array(keys.length).fill(1);
    const failed = await sweep(keys.length, (at, done) => {
      const key = textOfKey(keys[at]!);
      if (run.workload === "counter")
        session.count(key, (outcome, value) => {
          vectors[at * processes] = value;
          done(outcome === "ok");
        });
      else
        session.getAll(key, (outcome, values) => {
          for (const value of values) joinStamp(value, processes, vectors, at * processes);
          done(outcome === "ok");
        });
    });
    for (const at of failed) isTold[at] = 0;
    return { keys, vectors, isTold };
  }

  #sessionOf(run: Run, { r = run.setting.r }: { readonly r?: number }): Session {
    const system = this.#systems.get(run.system);
    if (system === undefined) throw new Error(`this client process is not connected to ${run.system}`);
    return system.session({ ...run.setting, r }, bucketOf(run.workload, run.bucket), run.records);
  }

  #memoryOf(run: Run, { self, processes }: Place): Memory {
    const name = `${run.system}/${bucketOf(run.workload, run.bucket)}`;
    const known = this.#memories.get(name);
    const memory = known ?? {
      knowledge: new Knowledge(self, processes, run.records),
      inserts: { begun: 0, acknowledged: 0 },
    };
    if (known === undefined) this.#memories.set(name, memory);
    memory.knowledge.makeRoom(run.records);
    makeRoomForTexts(run.records);
    return memory;
  }
}

/** This process's part of the load. */
function runLoop({ load }: Run, options: DriverOptions, endMs: number): Promise<void> {
  const { self, processes } = options;
  if (load.kind === "open") return runOpenLoop(options, load.perSecond / processes, endMs);
  const inFlight = Math.floor((load.inFlight + processes - 1 - self) / processes);
  return inFlight === 0 ? Promise.resolve() : runClosedLoop(options, inFlight, endMs);
}
