/**
 * The delays of every leg in a real cluster (WARS), from what its nodes have noted (`leg-recorder.ts` says what, and when):
 *
 *   w   from the sending of a `ReplicaPut` until the replica's reads show it     a   from then until the acknowledgement is back
 *   r   from the sending of a `ReplicaGet` until the replica has it              s   from then until the answer is back
 *
 * A coordinator's own copy is a replica too: its w, r and s are 0, and its a, a sync of its disk, is told for each write (`ownAckOf`).
 *
 * What one node has noted may come before what another one noted earlier, and a message may be on its way when its sender is asked: a
 * trip stays open until all three of its moments are known.
 */
import type { Random } from "../../src/random.ts";
import { noDelay, sampled, type DelayLaw, type LegLaws } from "../../sim/delay-laws.ts";
import { noteFields, noteKinds } from "./leg-recorder.ts";
import { Reservoir } from "./reservoir.ts";

/** Of each leg: the tail of a law, 99.9 % of it, has fifty of them. */
const samplesMax = 50_000;

/** Delays of the replicas that coordinate nothing, as `coterie pbs --legs` reads them. */
export type LegFile = Readonly<Record<keyof LegLaws, { readonly samples: readonly number[] }>>;

/** One message to a replica and its answer: when it was sent, arrived, came back. */
type Trip = [outMs: number | undefined, inMs: number | undefined, backMs: number | undefined];

export class Legs {
  readonly #w: Reservoir;
  readonly #a: Reservoir;
  readonly #r: Reservoir;
  readonly #s: Reservoir;
  readonly #trips = new Map<string, Trip>();
  readonly #requestedAtMs = new Map<number, number>();
  readonly #answeredAtMs = new Map<number, number>();
  readonly #asked = new Map<number, number[]>();
  readonly #ownAcksMs = new Map<number, number>();

  constructor(random: Random) {
    const reservoir = (): Reservoir => new Reservoir(random, samplesMax);
    this.#w = reservoir();
    this.#a = reservoir();
    this.#r = reservoir();
    this.#s = reservoir();
  }

  /** Messages on their way. */
  get open(): number {
    return this.#trips.size;
  }

  /** As measured, of a replica that neither coordinates the write nor the read. */
  get remote(): LegLaws {
    return { w: lawOf(this.#w), a: lawOf(this.#a), r: lawOf(this.#r), s: lawOf(this.#s) };
  }

  /** The a of the replica that has coordinated these writes, by their clients' ids. */
  ownAckOf(ids: readonly number[]): DelayLaw {
    const acksMs = ids.flatMap((id) => this.#ownAcksMs.get(id) ?? []);
    return acksMs.length === 0 ? noDelay : sampled(acksMs);
  }

  get file(): LegFile {
    const samples = ({ values }: Reservoir): { readonly samples: readonly number[] } => ({ samples: values });
    return { w: samples(this.#w), a: samples(this.#a), r: samples(this.#r), s: samples(this.#s) };
  }

  /** When its coordinator took a client's request. */
  requestedAtMs(id: number): number | undefined {
    return this.#requestedAtMs.get(id);
  }

  /** When its coordinator answered a put. */
  answeredAtMs(id: number): number | undefined {
    return this.#answeredAtMs.get(id);
  }

  /** The other nodes that a read's coordinator asked, by their places among the members. */
  askedOf(id: number): readonly number[] {
    return this.#asked.get(id) ?? [];
  }

  /** @param node whose notes these are, by its place among the members */
  take(node: number, notes: Float64Array): void {
    for (let at = 0; at < notes.length; at += noteFields)
      this.#note(node, notes[at]!, notes[at + 1]!, notes[at + 2]!, notes[at + 3]!);
  }

  #note(node: number, kind: number, id: number, other: number, atMs: number): void {
    switch (kind) {
      case noteKinds.requested:
        return void this.#requestedAtMs.set(id, atMs);
      case noteKinds.answered:
        return void this.#answeredAtMs.set(id, atMs);
      case noteKinds.ownAck:
        return void this.#ownAcksMs.set(id, atMs);
      case noteKinds.asked:
        return void this.#asked.set(id, [...(this.#asked.get(id) ?? []), other]);
      // The coordinator has noted the way out and back, the replica the arrival.
      case noteKinds.copyOut:
        return this.#pass(`w ${node} ${other} ${id}`, 0, atMs);
      case noteKinds.copyIn:
        return this.#pass(`w ${other} ${node} ${id}`, 1, atMs);
      case noteKinds.copyBack:
        return this.#pass(`w ${node} ${other} ${id}`, 2, atMs);
      case noteKinds.askOut:
        return this.#pass(`r ${node} ${other} ${id}`, 0, atMs);
      case noteKinds.askIn:
        return this.#pass(`r ${other} ${node} ${id}`, 1, atMs);
      case noteKinds.askBack:
        return this.#pass(`r ${node} ${other} ${id}`, 2, atMs);
    }
  }

  #pass(name: string, station: 0 | 1 | 2, atMs: number): void {
    const trip = this.#trips.get(name) ?? [undefined, undefined, undefined];
    trip[station] = atMs;
    const [outMs, inMs, backMs] = trip;
    if (outMs === undefined || inMs === undefined || backMs === undefined) return void this.#trips.set(name, trip);
    this.#trips.delete(name);
    const [there, back] = name.startsWith("w") ? [this.#w, this.#a] : [this.#r, this.#s];
    there.add(inMs - outMs);
    back.add(backMs - inMs);
  }
}

/** Where nothing was measured nothing has happened, as no answer of others is waited for with n = 1. */
function lawOf({ values }: Reservoir): DelayLaw {
  return values.length === 0 ? noDelay : sampled(values);
}
