/**
 * Issues the requests of a workload, one per lane at a time, and hears their answers.
 *
 * - Nothing is made for a request here but the value that it puts: lanes and their callbacks are used again.
 * - No request begins while answers are being heard, but only when all microtasks of the turn are over (`process.nextTick`). A client
 *   with promises has noted for itself what it has read some steps before its caller hears of it: a put that began in between would
 *   replace values of which its stamp does not know, and they would count as lost.
 */
import type { Random } from "../../src/random.ts";
import { Latest, ScrambledZipfian, Uniform, type KeyDraw } from "./draws.ts";
import { textOfKey } from "./key-texts.ts";
import type { Knowledge } from "./knowledge.ts";
import { nowMs } from "./monotonic.ts";
import { nobody, type Shown, type Times } from "./observations.ts";
import type { Recorder } from "./recorder.ts";
import type { OnRead, OnWritten, Outcome, Session } from "./session.ts";
import { joinStamp, writerOf } from "./stamp.ts";
import { keysOf, type Action, type Workload } from "./workloads.ts";

/** Of a key that this process is writing another is drawn, so many times. Then nearly all are, and the request must wait. */
const drawsMax = 100;

export interface DriverOptions {
  readonly session: Session;
  readonly workload: Workload;
  readonly records: number;
  readonly valueBytes: number;
  readonly random: Random;
  readonly knowledge: Knowledge;
  readonly recorder: Recorder;
  /** The number of this process, of how many. */
  readonly self: number;
  readonly processes: number;
  /** Of earlier runs on the same bucket. */
  readonly inserts: Inserts;
}

/** How many records this process has inserted: begun, and acknowledged. */
export interface Inserts {
  begun: number;
  acknowledged: number;
}

/** A place for one request. */
export class Lane implements Times {
  action: Action = "get";
  key = 0;
  dueMs = 0;
  startMs = 0;
  endMs = 0;
  readonly onRead: OnRead;
  readonly onWritten: OnWritten;
  readonly onCounted: (outcome: Outcome, value: number) => void;

  constructor(driver: Driver) {
    this.onRead = (outcome, values) => driver.heardRead(this, outcome, values);
    this.onWritten = (outcome) => driver.heardWrite(this, outcome);
    this.onCounted = (outcome, value) => driver.heardCount(this, outcome, value);
  }
}

export class Driver {
  readonly #options: DriverOptions;
  readonly #onFree: (lane: Lane, outcome: Outcome) => void;
  readonly #keys: KeyDraw;
  /** Of the read that is being heard. */
  readonly #shown: Shown;
  #toWrite: Lane[] = [];

  /** @param onFree the lane's request is over; the next one must not begin before the callback has returned and the turn is over */
  constructor(options: DriverOptions, onFree: (lane: Lane, outcome: Outcome) => void) {
    this.#options = options;
    this.#onFree = onFree;
    this.#keys = this.#drawOf(options.workload);
    this.#shown = { siblings: 0, writer: nobody, vector: new Uint32Array(options.processes) };
  }

  /**
   * @param startMs now
   * @returns false if no key was found that this process is not writing
   */
  start(lane: Lane, dueMs: number, startMs: number): boolean {
    const action = this.#drawAction();
    const key = this.#drawKey(action);
    if (key < 0) return false;
    lane.action = action;
    lane.key = key;
    lane.dueMs = dueMs;
    lane.startMs = startMs;
    this.#issue(lane);
    return true;
  }

  heardRead(lane: Lane, outcome: Outcome, values: readonly Uint8Array[]): void {
    const { knowledge, processes, recorder } = this.#options;
    const shown = this.#emptyShown();
    lane.endMs = nowMs();
    for (const value of values) {
      if (!joinStamp(value, processes, shown.vector, 0)) continue;
      knowledge.learn(lane.key, value);
      shown.siblings++;
      shown.writer = writerOf(value);
    }
    const goesOn = lane.action === "read-modify-write" && outcome === "ok";
    recorder.read(lane.key, lane, outcome, !goesOn, shown);
    if (goesOn) this.#writeNext(lane);
    else this.#free(lane, outcome);
  }

  heardWrite(lane: Lane, outcome: Outcome): void {
    const { knowledge, recorder, inserts } = this.#options;
    lane.endMs = nowMs();
    if (lane.action === "insert" && outcome === "ok") inserts.acknowledged++;
    const fromMs = lane.action === "read-modify-write" ? lane.startMs : lane.dueMs;
    recorder.write(lane.key, lane, outcome, knowledge.sequenceOf(lane.key), fromMs);
    this.#free(lane, outcome);
  }

  heardCount(lane: Lane, outcome: Outcome, value: number): void {
    lane.endMs = nowMs();
    const shown = this.#emptyShown();
    shown.siblings = 1;
    shown.vector[0] = value;
    this.#options.recorder.read(lane.key, lane, outcome, true, shown);
    this.#free(lane, outcome);
  }

  #emptyShown(): Shown {
    this.#shown.siblings = 0;
    this.#shown.writer = nobody;
    this.#shown.vector.fill(0);
    return this.#shown;
  }

  #free(lane: Lane, outcome: Outcome): void {
    if (isWriting(lane.action)) this.#options.knowledge.release(lane.key);
    this.#onFree(lane, outcome);
  }

  #issue(lane: Lane): void {
    const { session, knowledge } = this.#options;
    if (isWriting(lane.action)) knowledge.reserve(lane.key);
    switch (lane.action) {
      case "get":
      case "read-modify-write":
        return session.get(textOfKey(lane.key), lane.onRead);
      case "put":
      case "insert":
      case "blind":
        return this.#write(lane);
      case "increment":
        return session.increment(textOfKey(lane.key), 1, lane.onWritten);
      case "count":
        return session.count(textOfKey(lane.key), lane.onCounted);
    }
  }

  /** The second half of a read-modify-write. */
  #writeNext(lane: Lane): void {
    if (this.#toWrite.length === 0) process.nextTick(this.#writeAll);
    this.#toWrite.push(lane);
  }

  readonly #writeAll = (): void => {
    const lanes = this.#toWrite;
    this.#toWrite = [];
    for (const lane of lanes) {
      lane.startMs = nowMs();
      this.#write(lane);
    }
  };

  #write(lane: Lane): void {
    const { session, knowledge, valueBytes } = this.#options;
    const isBlind = lane.action === "blind";
    const value = knowledge.nextValue(lane.key, valueBytes, isBlind);
    if (isBlind && session.putBlind !== undefined) session.putBlind(textOfKey(lane.key), value, lane.onWritten);
    else session.put(textOfKey(lane.key), value, lane.onWritten);
  }

  #drawAction(): Action {
    let left = this.#options.random.fraction();
    const { actions } = this.#options.workload;
    for (const { action, chance } of actions) if ((left -= chance) < 0) return action;
    return actions[0]!.action;
  }

  #drawKey(action: Action): number {
    if (action === "insert") return this.#nextInsert();
    if (!isWriting(action)) return this.#nextKey();
    for (let draw = 0; draw < drawsMax; draw++) {
      const key = this.#nextKey();
      if (!this.#options.knowledge.isWriting(key)) return key;
    }
    return -1;
  }

  /** Of inserted records its own: how far the other processes are, it does not know. */
  #nextKey(): number {
    const drawn = this.#keys.next();
    const { records } = this.#options;
    return drawn < records ? drawn : this.#insertAt(drawn - records);
  }

  /** The processes' records take turns. */
  #nextInsert(): number {
    const { inserts, knowledge } = this.#options;
    const key = this.#insertAt(inserts.begun++);
    knowledge.makeRoom(key + 1);
    return key;
  }

  #insertAt(turn: number): number {
    const { records, processes, self } = this.#options;
    return records + turn * processes + self;
  }

  #drawOf(workload: Workload): KeyDraw {
    const { random, records, inserts } = this.#options;
    const keys = keysOf(workload, records);
    switch (workload.keys) {
      case "uniform":
        return new Uniform(random, keys);
      case "zipfian":
        return new ScrambledZipfian(random, keys);
      case "latest":
        return new Latest(random, () => keys + inserts.acknowledged);
    }
  }
}

/** Increments need not wait for each other: in whatever order they happen, their sum is the same. */
function isWriting(action: Action): boolean {
  return action === "put" || action === "insert" || action === "blind" || action === "read-modify-write";
}
