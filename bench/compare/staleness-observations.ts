/**
 * What a run has found: each read with how long after its write's commit it began, as the nodes have noted it; and the legs of all
 * messages meanwhile. What a client has seen waits until the nodes' notes on it are there.
 */
import type { Random } from "../../src/random.ts";
import type { DelayLaw } from "../../sim/delay-laws.ts";
import { Legs } from "./legs.ts";
import type { ObservedRead } from "./staleness-curve.ts";

/** Weight of the latest read in the mean. */
const gain = 1 / 64;

/** A read that was answered. */
interface Answered extends Omit<ObservedRead, "tMs" | "asked"> {
  /** Of its request, and of the write's that it followed. */
  readonly id: number;
  readonly after: number;
  /** How long after its client had heard of the commit it was sent. */
  readonly sentMs: number;
  /** Of its key, in order of preference, by their places among the members. */
  readonly replicas: readonly number[];
}

/** Two writes of a chain, by the ids of their requests. */
interface Pause {
  readonly after: number;
  readonly before: number;
}

export class Observations {
  readonly legs: Legs;
  readonly reads: ObservedRead[] = [];
  /** From a write's acknowledgement to the next write of its chain, at their coordinator. */
  readonly pausesMs: number[] = [];
  /** How much later reads begin after a commit than their clients think: the ways of the acknowledgement and of the request. */
  latenessMs = 0;
  /** The last of their chains: those that were read. */
  readonly #lastWrites: number[] = [];
  #answered: Answered[] = [];
  #pauses: Pause[] = [];

  constructor(random: Random) {
    this.legs = new Legs(random);
  }

  /** Whether there is anything that the nodes have not told all about. */
  get areOpen(): boolean {
    return this.#answered.length > 0 || this.#pauses.length > 0 || this.legs.open > 0;
  }

  /** What its coordinator's disk took of a write that was read: those before it, which woke everybody up, took longer. */
  get ownAck(): DelayLaw {
    return this.legs.ownAckOf(this.#lastWrites);
  }

  addRead(read: Answered): void {
    if (read.moment === 0) this.#lastWrites.push(read.after);
    this.#answered.push(read);
  }

  addPause(pause: Pause): void {
    this.#pauses.push(pause);
  }

  /** @param node whose notes these are, by its place among the members */
  take(node: number, notes: Float64Array): void {
    this.legs.take(node, notes);
    this.#answered = this.#answered.filter((read) => !this.#settleRead(read));
    this.#pauses = this.#pauses.filter((pause) => !this.#settlePause(pause));
  }

  #settleRead({ id, after, replicas, reader, behind, moment, sentMs }: Answered): boolean {
    const tMs = this.#between(after, id);
    if (tMs === undefined) return false;
    const others = this.legs.askedOf(id).map((node) => replicas.indexOf(node));
    this.reads.push({ reader, tMs, behind, moment, asked: [reader, ...others] });
    this.latenessMs += (tMs - sentMs - this.latenessMs) * gain;
    return true;
  }

  #settlePause({ after, before }: Pause): boolean {
    const pauseMs = this.#between(after, before);
    if (pauseMs === undefined) return false;
    this.pausesMs.push(pauseMs);
    return true;
  }

  /** From the answer to a put until another request was taken. */
  #between(answered: number, requested: number): number | undefined {
    const fromMs = this.legs.answeredAtMs(answered);
    const untilMs = this.legs.requestedAtMs(requested);
    return fromMs === undefined || untilMs === undefined ? undefined : untilMs - fromMs;
  }
}
