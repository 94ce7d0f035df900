/** Writes and reads as tests state them, in the columns in which client processes send them. */
import type { Found } from "../../../bench/compare/client-messages.ts";
import { nobody, Notebook, type Observations } from "../../../bench/compare/observations.ts";
import type { Outcome } from "../../../bench/compare/session.ts";

export interface Write {
  readonly process: number;
  readonly key: number;
  readonly sequence: number;
  readonly startMs?: number;
  readonly ackMs: number;
  readonly outcome?: Outcome;
}

export interface Read {
  readonly process: number;
  readonly key: number;
  readonly startMs: number;
  readonly endMs?: number;
  readonly vector: readonly number[];
  readonly siblings?: number;
  readonly writer?: number;
  readonly isWhole?: boolean;
  readonly outcome?: Outcome;
}

export function observationsOf(
  processes: number,
  writes: readonly Write[],
  reads: readonly Read[],
): readonly Observations[] {
  return Array.from({ length: processes }, (_, process) => {
    const notebook = new Notebook(processes, 1000);
    for (const write of writes) {
      if (write.process !== process) continue;
      const { key, sequence, startMs = write.ackMs, ackMs, outcome = "ok" } = write;
      notebook.writes.note(key, { dueMs: startMs, startMs, endMs: ackMs }, outcome, sequence, startMs);
    }
    for (const read of reads) {
      if (read.process !== process) continue;
      const {
        key,
        startMs,
        endMs = startMs,
        vector,
        siblings = 1,
        writer = nobody,
        isWhole = true,
        outcome = "ok",
      } = read;
      const times = { dueMs: startMs, startMs, endMs };
      notebook.reads.note(key, times, outcome, isWhole, { siblings, writer, vector: Uint32Array.from(vector) });
    }
    return notebook.take();
  });
}

/** What was read in the end; of keys with `undefined` that could not be. */
export function foundOf(last: Readonly<Record<number, readonly number[] | undefined>>, processes: number): Found {
  const keys = Object.keys(last).map(Number);
  const vectors = keys.flatMap((key) => last[key] ?? Array.from({ length: processes }, () => 0));
  return {
    keys: Uint32Array.from(keys),
    vectors: Uint32Array.from(vectors),
    isTold: Uint8Array.from(keys, (key) => (last[key] === undefined ? 0 : 1)),
  };
}
