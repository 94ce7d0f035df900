/**
 * What a client process notes of each request, in columns: nothing is allocated while it measures. Bounded: of what comes after the last
 * row nothing is told but how long it took, which `histogram.ts` counts.
 */
import type { Outcome } from "./session.ts";

export const rowsMax: number = 2 ** 22;
const outcomes: readonly Outcome[] = ["ok", "failed", "unknown"];
const okCode = 0;
export const nobody: number = 255;

/** All times on the clock of `monotonic.ts`. One row of each column belongs together; `count` of them are filled. */
export interface Rows {
  readonly count: number;
  readonly key: Uint32Array;
  /** When the whole request should have started. */
  readonly dueMs: Float64Array;
  /** When this part of it did start; all that was acknowledged before should be seen. */
  readonly startMs: Float64Array;
  readonly endMs: Float64Array;
  readonly outcome: Uint8Array;
  /** 0 for the read of a read-modify-write that went on to write: the request is not over. */
  readonly isWhole: Uint8Array;
}

export interface WriteRows extends Rows {
  /** The how-manyeth write of this process to this key. */
  readonly sequence: Uint32Array;
  /** When this part of the request was due, from which its latency counts: of the second half of a read-modify-write when it did start. */
  readonly partDueMs: Float64Array;
}

export interface ReadRows extends Rows {
  /** Values found; of a counter 1. */
  readonly siblings: Uint16Array;
  /** Of one value the process that wrote it; `nobody` if none was found. */
  readonly writer: Uint8Array;
  /** As many entries per row as there are processes; of a counter the first is its value. */
  readonly vectors: Uint32Array;
}

export interface Observations {
  readonly processes: number;
  readonly writes: WriteRows;
  readonly reads: ReadRows;
}

export function isOk(rows: Rows, row: number): boolean {
  return rows.outcome[row] === okCode;
}

export function outcomeOf(rows: Rows, row: number): Outcome {
  return outcomes[rows.outcome[row]!]!;
}

class Table {
  count = 0;
  readonly key: Uint32Array;
  readonly dueMs: Float64Array;
  readonly startMs: Float64Array;
  readonly endMs: Float64Array;
  readonly outcome: Uint8Array;
  readonly isWhole: Uint8Array;

  constructor(rows: number) {
    this.key = new Uint32Array(rows);
    this.dueMs = new Float64Array(rows);
    this.startMs = new Float64Array(rows);
    this.endMs = new Float64Array(rows);
    this.outcome = new Uint8Array(rows);
    this.isWhole = new Uint8Array(rows);
  }

  /** @returns the row, or -1 if there is no room */
  protected add(key: number, times: Times, outcome: Outcome, isWhole: boolean): number {
    if (this.count === this.key.length) return -1;
    const row = this.count++;
    this.key[row] = key;
    this.dueMs[row] = times.dueMs;
    this.startMs[row] = times.startMs;
    this.endMs[row] = times.endMs;
    this.outcome[row] = outcomes.indexOf(outcome);
    this.isWhole[row] = isWhole ? 1 : 0;
    return row;
  }

  protected get rows(): Rows {
    const { count } = this;
    return {
      count,
      key: this.key.slice(0, count),
      dueMs: this.dueMs.slice(0, count),
      startMs: this.startMs.slice(0, count),
      endMs: this.endMs.slice(0, count),
      outcome: this.outcome.slice(0, count),
      isWhole: this.isWhole.slice(0, count),
    };
  }
}

/** Of a request that has ended. */
export interface Times {
  readonly dueMs: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** What a read has found; see `ReadRows`. */
export interface Shown {
  siblings: number;
  writer: number;
  readonly vector: Uint32Array;
}

class WriteTable extends Table {
  readonly #sequence: Uint32Array;
  readonly #partDueMs: Float64Array;

  constructor(rows: number) {
    super(rows);
    this.#sequence = new Uint32Array(rows);
    this.#partDueMs = new Float64Array(rows);
  }

  note(key: number, times: Times, outcome: Outcome, sequence: number, partDueMs: number): void {
    const row = this.add(key, times, outcome, true);
    if (row < 0) return;
    this.#sequence[row] = sequence;
    this.#partDueMs[row] = partDueMs;
  }

  take(): WriteRows {
    const { count } = this;
    return {
      ...this.rows,
      sequence: this.#sequence.slice(0, count),
      partDueMs: this.#partDueMs.slice(0, count),
    };
  }
}

class ReadTable extends Table {
  readonly #processes: number;
  readonly #siblings: Uint16Array;
  readonly #writer: Uint8Array;
  readonly #vectors: Uint32Array;

  constructor(rows: number, processes: number) {
    super(rows);
    this.#processes = processes;
    this.#siblings = new Uint16Array(rows);
    this.#writer = new Uint8Array(rows);
    this.#vectors = new Uint32Array(rows * processes);
  }

  note(key: number, times: Times, outcome: Outcome, isWhole: boolean, { siblings, writer, vector }: Shown): void {
    const row = this.add(key, times, outcome, isWhole);
    if (row < 0) return;
    this.#siblings[row] = siblings;
    this.#writer[row] = writer;
    this.#vectors.set(vector, row * this.#processes);
  }

  take(): ReadRows {
    return {
      ...this.rows,
      siblings: this.#siblings.slice(0, this.count),
      writer: this.#writer.slice(0, this.count),
      vectors: this.#vectors.slice(0, this.count * this.#processes),
    };
  }
}

/** Kept for all runs of a process: the memory of rows that no run has reached is not there yet. */
export class Notebook {
  readonly #processes: number;
  readonly writes: WriteTable;
  readonly reads: ReadTable;

  constructor(processes: number, rows: number = rowsMax) {
    this.#processes = processes;
    this.writes = new WriteTable(rows);
    this.reads = new ReadTable(rows, processes);
  }

  /** @returns what was noted since the last time */
  take(): Observations {
    const taken = { processes: this.#processes, writes: this.writes.take(), reads: this.reads.take() };
    this.writes.count = 0;
    this.reads.count = 0;
    return taken;
  }
}
