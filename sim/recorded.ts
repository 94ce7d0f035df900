/**
 * A run that was recorded (recording.ts), as plain data: what the page shows (page/), and what a test can ask of it.
 *
 * - A step is one event of the simulator of which there is something to tell. Steps are named by their place in `momentsUs`, so that
 *   things of the same moment keep their order: whatever one step gave rise to has a later step, or the same.
 * - Lanes, keys, actors and states are listed once, and named by their place in the list.
 */
import type { SeedReport } from "./report.ts";

export type Step = number;
export type Lane = number;
export type KeyPlace = number;

export interface Recorded {
  readonly about: About;
  /** When each step happened, in microseconds. */
  readonly momentsUs: readonly number[];
  readonly lanes: readonly RecordedLane[];
  readonly keys: readonly RecordedKey[];
  readonly actors: readonly RecordedActor[];
  readonly states: readonly RecordedState[];
  /** By the step in which they were sent; changes, operations, spans and marks likewise by that in which they began. */
  readonly frames: readonly RecordedFrame[];
  readonly changes: readonly RecordedChange[];
  readonly operations: readonly RecordedOperation[];
  readonly spans: readonly RecordedSpan[];
  readonly marks: readonly RecordedMark[];
  readonly violations: readonly RecordedViolation[];
  /** What there was too much of, one sentence each. */
  readonly leftOut: readonly string[];
}

export interface About extends Pick<
  SeedReport,
  "seed" | "kind" | "hash" | "profile" | "simulatedMs" | "events" | "operations" | "error"
> {
  /** What makes the same run again, typed in a shell; absent: it was played by a program. */
  readonly replay?: string;
}

export interface RecordedLane {
  readonly name: string;
  readonly kind: "node" | "client";
}

export interface RecordedKey {
  readonly name: string;
  /** Who holds it for good, in the order of the preference list. */
  readonly primaries: readonly Lane[];
}

export interface RecordedActor {
  /** The node that uses it, and a letter: short, and unique in the run. */
  readonly name: string;
  /** As nodes and sentences name it: `9f03a1c2.5`. */
  readonly actor: string;
}

export interface RecordedDot {
  readonly actor: number;
  readonly counter: number;
}

/** What an object is made of. */
export interface RecordedState {
  readonly siblings: readonly RecordedSibling[];
  readonly context: RecordedContext;
}

export interface RecordedSibling extends RecordedDot {
  /** Absent: a tombstone. */
  readonly value?: string;
  /** The number of the operation that wrote it. */
  readonly operation?: number;
}

/** Per actor all of 1 … base, and single dots beyond. */
export type RecordedContext = readonly {
  readonly actor: number;
  readonly base: number;
  readonly cloud: readonly number[];
}[];

/** A place in `states`; absent where there is nothing; `bad` where there is something that cannot be read. */
export type StatePlace = number | "bad";

export interface RecordedFrame {
  readonly sent: Step;
  /** When it arrived, or was lost at the other end. Absent: it was lost at once, or the run ended before. */
  readonly ended?: Step;
  readonly from: Lane;
  readonly to: Lane;
  /** Why nobody heard it. */
  readonly lost?: string;
  readonly messages: readonly RecordedMessage[];
}

export interface RecordedMessage {
  readonly kind: string;
  readonly id?: number;
  /** Of a reply: those of its request. */
  readonly keys?: readonly KeyPlace[];
  readonly state?: StatePlace;
  /** The number of the operation that it is a part of. */
  readonly operation?: number;
  /** What else it says. */
  readonly text?: string;
}

/** From this step on a node holds something else of a key. */
export interface RecordedChange {
  readonly step: Step;
  readonly node: Lane;
  readonly key: KeyPlace;
  /** It holds it as a hint for this primary. */
  readonly target?: Lane;
  readonly state?: StatePlace;
  /** Since when it would survive a crash. Absent: never, before something else took its place. */
  readonly durable?: Step;
}

export interface RecordedOperation {
  readonly number: number;
  readonly client: Lane;
  readonly key: KeyPlace;
  readonly kind: string;
  readonly value?: string;
  readonly called: Step;
  /** Absent: the run ended before. */
  readonly returned?: Step;
  readonly outcome: string;
  readonly error?: string;
  /** What a get returned. */
  readonly siblings?: readonly string[];
  /** What was asked for: r, w, and so on. */
  readonly asked: string;
  /** What a write was told to replace. */
  readonly seen?: RecordedContext;
  /** Those that were issued for it. */
  readonly dots: readonly RecordedDot[];
}

/** Something that is so for a while: a node is down, a path is blocked, a clock is wrong. */
export interface RecordedSpan {
  readonly kind: string;
  readonly lane: Lane;
  /** The lane at the other end of the path, if it is about a path. */
  readonly toward?: Lane;
  readonly text: string;
  readonly begin: Step;
  /** Absent: until the end of the run. */
  readonly end?: Step;
}

export interface RecordedMark {
  readonly step: Step;
  readonly kind: string;
  /** None: it is about everybody. */
  readonly lanes: readonly Lane[];
  readonly keys: readonly KeyPlace[];
  readonly text: string;
}

export interface RecordedViolation {
  readonly invariant: string;
  readonly sentence: string;
  readonly step: Step;
  /** What the sentence names. */
  readonly keys: readonly KeyPlace[];
  readonly lanes: readonly Lane[];
}
