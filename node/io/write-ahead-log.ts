/**
 * The write-ahead log: what is durable, and not yet in the tables. Of two segments one is active, and they rotate.
 *
 *   active ──frames are added──▶ active ──it has enough, and the other is free──▶ full ──the tables have it──▶ free ──▶ active
 *
 * Why a log, in front of LMDB: a commit of LMDB rewrites a page of 8 KiB, and what leads to it, for each key it touches, and syncs twice;
 * a frame is a few sectors and one sync, however many keys it has. Moved in order and many at once, entries share pages
 * (the log-structured merge of O'Neil et al., 1996, in its simplest form: one level in memory, one tree).
 *
 * After a start:
 * - A segment has frames from the number in its header on; what stands behind them, from before its last use, has lower ones.
 * - To move again what was moved already changes nothing, as long as it goes in order: nobody notes how far it has come.
 * - The last frame may be half there: nobody was told that it is durable. It is written over. If any has a higher number, or a segment
 *   ends before the other begins, or only one was ever used and does not begin with the first frame, then what is broken was durable
 *   once: the disk has lost something, and the store is not opened.
 */
import { join } from "node:path";
import type { Batch } from "../store.ts";
import type { CommitGroup } from "./commit-group.ts";
import { damaged, LogSegment } from "./log-segment.ts";

export const logNames = ["log.0", "log.1"] as const;

export class WriteAheadLog {
  #active: LogSegment;
  #other: LogSegment;
  #isOtherFull: boolean;
  /** Where reads look, the newest first. */
  #segments: readonly LogSegment[];

  /** @throws what is wrong with its files */
  constructor(directory: string) {
    const [a, b] = openSegments(directory);
    [this.#other, this.#active] = a.firstSequence < b.firstSequence ? [a, b] : [b, a];
    this.#isOtherFull = this.#other.firstSequence > 0;
    this.#segments = this.#inOrder();
    try {
      this.#check();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get segments(): readonly LogSegment[] {
    return this.#segments;
  }

  get isEmpty(): boolean {
    return this.#active.isEmpty && !this.#isOtherFull;
  }

  /** Of what is added now. */
  get activeBytes(): number {
    return this.#active.bytes;
  }

  get activeEntries(): number {
    return this.#active.entryCount;
  }

  /** What is to be moved into the tables, if there is a segment of that. */
  get full(): LogSegment | undefined {
    return this.#isOtherFull ? this.#other : undefined;
  }

  append(group: CommitGroup<Batch>): void {
    this.#active.append(group);
  }

  /** Writes what was added, and may be called again after an error. */
  write(onWritten: (error: Error | null) => void): void {
    this.#active.write(onWritten);
  }

  /** The active segment, which must not be empty, is full from now on, and the free one active. Only while nothing is being written, and none is full. */
  rotate(): void {
    [this.#active, this.#other] = [this.#other, this.#active];
    this.#active.begin(this.#other.lastSequence + 1);
    this.#isOtherFull = true;
    this.#segments = this.#inOrder();
  }

  /** The tables have what the full segment has. */
  free(): void {
    this.#other.forget();
    this.#isOtherFull = false;
    this.#segments = this.#inOrder();
  }

  close(): void {
    this.#active.close();
    this.#other.close();
  }

  #check(): void {
    const isGap = this.#isOtherFull
      ? this.#other.lastSequence + 1 !== this.#active.firstSequence
      : this.#active.firstSequence > 1;
    const isCut = [this.#active, this.#other].some((segment) => segment.hasFrameAfter(this.#active.lastSequence));
    if (isGap || isCut) throw damaged();
    if (!this.#isOtherFull) this.#other.forget();
    if (this.#active.firstSequence === 0) this.#active.begin(1);
    else this.#active.rewriteLast();
  }

  #inOrder(): readonly LogSegment[] {
    return this.#isOtherFull ? [this.#active, this.#other] : [this.#active];
  }
}

function openSegments(directory: string): readonly [LogSegment, LogSegment] {
  const [a, b] = logNames;
  const first = new LogSegment(join(directory, a));
  try {
    return [first, new LogSegment(join(directory, b))];
  } catch (error) {
    first.close();
    throw error;
  }
}
