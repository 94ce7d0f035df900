/**
 * A causal context: the set of dots that somebody has seen, of one key.
 *
 * - Per actor a base (all of 1..base is in) and a cloud (single dots beyond a gap).
 * - Normal form, the only one: entries sorted by actor, clouds sorted and strictly above base + 1, no entry that says nothing.
 * - It only grows. Nothing is ever pruned from it: a forgotten dot would let its overwritten value rise again.
 *
 * Source: Almeida, Shoker, Baquero: Delta State Replicated Data Types (2018), §7 "causal contexts"; the base and
 * cloud form is that of dotted version vectors with exceptions.
 */
import { ByteReader, ByteWriter, MalformedBytes } from "./bytes.ts";
import { compareDots, epochOf, type Actor, type Dot } from "./dot.ts";
import { appended } from "./short-list.ts";

export interface ActorEvents {
  readonly actor: Actor;
  readonly base: number;
  readonly cloud: readonly number[];
}

export type CausalContext = readonly ActorEvents[];

const none: readonly number[] = [];

export const emptyContext: CausalContext = [];

export function contextOf(dots: Iterable<Dot>): CausalContext {
  const byActor = new Map<Actor, number[]>();
  for (const { actor, counter } of [...dots].sort(compareDots)) {
    const counters = byActor.get(actor);
    if (counters === undefined) byActor.set(actor, [counter]);
    else if (counters.at(-1) !== counter) counters.push(counter);
  }
  return [...byActor].map(([actor, counters]) => normalise(actor, 0, counters));
}

export function eventsOf(context: CausalContext, actor: Actor): ActorEvents | undefined {
  for (const events of context) if (events.actor === actor) return events;
  return undefined;
}

export function contains(context: CausalContext, dot: Dot): boolean {
  const events = eventsOf(context, dot.actor);
  return events !== undefined && (dot.counter <= events.base || isInCloud(events.cloud, dot.counter));
}

export function addDot(context: CausalContext, dot: Dot): CausalContext {
  return joinContexts(context, [normalise(dot.actor, 0, [dot.counter])]);
}

/** The union. Gives back `a` itself where `b` adds nothing, so that "did it grow" is a comparison of references. */
export function joinContexts(a: CausalContext, b: CausalContext): CausalContext {
  if (includes(a, b)) return a;
  let joined: ActorEvents[] = [];
  let inA = 0;
  let inB = 0;
  while (inA < a.length || inB < b.length) {
    const fromA = a[inA];
    const fromB = b[inB];
    if (fromB === undefined || (fromA !== undefined && fromA.actor < fromB.actor)) {
      joined = appended(joined, fromA!);
      inA++;
    } else if (fromA === undefined || fromB.actor < fromA.actor) {
      joined = appended(joined, fromB);
      inB++;
    } else {
      joined = appended(joined, joinEvents(fromA, fromB));
      inA++;
      inB++;
    }
  }
  return joined;
}

/** Whether every dot of `b` is in `a`: b ⊑ a. */
export function includes(a: CausalContext, b: CausalContext): boolean {
  if (a === b) return true;
  let inA = 0;
  for (const events of b) {
    while (inA < a.length && a[inA]!.actor < events.actor) inA++;
    const mine = a[inA];
    if (mine === undefined || mine.actor !== events.actor || !includesEvents(mine, events)) return false;
  }
  return true;
}

/** Actors and single dots beyond gaps: what a context takes to keep. */
export function entriesOf(context: CausalContext): number {
  return context.reduce((sum, { cloud }) => sum + 1 + cloud.length, 0);
}

export function sameContext(a: CausalContext, b: CausalContext): boolean {
  return includes(a, b) && includes(b, a);
}

/** Every dot, in canonical order. For tests and traces: a base of a million is a million dots. */
export function* dotsOf(context: CausalContext): Generator<Dot> {
  for (const { actor, base, cloud } of context) {
    for (let counter = 1; counter <= base; counter++) yield { actor, counter };
    for (const counter of cloud) yield { actor, counter };
  }
}

function joinEvents(a: ActorEvents, b: ActorEvents): ActorEvents {
  const base = Math.max(a.base, b.base);
  if (a.cloud.length === 0 && b.cloud.length === 0) return base === a.base ? a : b;
  const cloud = [...new Set([...a.cloud, ...b.cloud])].sort((x, y) => x - y);
  return normalise(a.actor, base, cloud);
}

function includesEvents(a: ActorEvents, b: ActorEvents): boolean {
  if (b.base > a.base) return false;
  let at = 0;
  for (const counter of b.cloud) {
    if (counter <= a.base) continue;
    while (at < a.cloud.length && a.cloud[at]! < counter) at++;
    if (a.cloud[at] !== counter) return false;
  }
  return true;
}

function isInCloud(cloud: readonly number[], counter: number): boolean {
  let low = 0;
  let high = cloud.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (cloud[middle]! < counter) low = middle + 1;
    else high = middle;
  }
  return cloud[low] === counter;
}

/** Moves what touches the base into it. `sorted` may hold counters that the base already covers. */
function normalise(actor: Actor, base: number, sorted: readonly number[]): ActorEvents {
  let grown = base;
  let taken = 0;
  while (taken < sorted.length && sorted[taken]! <= grown + 1) grown = Math.max(grown, sorted[taken++]!);
  return { actor, base: grown, cloud: taken === sorted.length ? none : sorted.slice(taken) };
}

/**
 * Canonical bytes: count × 2 + (any clouds?), then per actor replica id, epoch, base and, if there are any clouds, the
 * cloud as a count and the distances from one counter to the next.
 */
export function writeContext(writer: ByteWriter, context: CausalContext): void {
  const clouds = context.some((events) => events.cloud.length > 0);
  writer.number(context.length * 2 + (clouds ? 1 : 0));
  for (const events of context) writeEvents(writer, events, clouds);
}

/** @param clouds whether a cloud follows the base, even an empty one */
export function writeEvents(writer: ByteWriter, { actor, base, cloud }: ActorEvents, clouds: boolean): void {
  writer.text(actor, 0, 8);
  writer.number(epochOf(actor));
  writer.number(base);
  if (clouds) writeCloud(writer, base, cloud);
}

function writeCloud(writer: ByteWriter, base: number, cloud: readonly number[]): void {
  writer.number(cloud.length);
  let previous = base;
  for (const counter of cloud) {
    writer.number(counter - previous);
    previous = counter;
  }
}

/** @throws MalformedBytes on anything but the normal form in its canonical bytes. */
export function readContext(reader: ByteReader): CausalContext {
  const head = reader.count();
  const clouds = head % 2 === 1;
  let context: ActorEvents[] = [];
  for (let left = Math.floor(head / 2); left > 0; left--) {
    const events = readEvents(reader, clouds);
    const previous = context.at(-1);
    if (previous !== undefined && previous.actor >= events.actor) throw new MalformedBytes("actors out of order");
    context = appended(context, events);
  }
  if (clouds && !context.some((events) => events.cloud.length > 0))
    throw new MalformedBytes("clouds announced, none there");
  return context;
}

/** @param clouds as it was written */
export function readEvents(reader: ByteReader, clouds: boolean): ActorEvents {
  const actor = reader.id14("epoch");
  const base = reader.number();
  const cloud = clouds ? readCloud(reader, base) : none;
  if (base === 0 && cloud.length === 0) throw new MalformedBytes("an actor without events");
  return { actor, base, cloud };
}

function readCloud(reader: ByteReader, base: number): readonly number[] {
  const count = reader.count();
  if (count === 0) return none;
  const cloud: number[] = [];
  let previous = base;
  for (let left = count; left > 0; left--) {
    const distance = reader.number();
    if (distance === 0 || (previous === base && distance === 1)) throw new MalformedBytes("cloud not in normal form");
    previous += distance;
    if (previous > Number.MAX_SAFE_INTEGER) throw new MalformedBytes("counter over 53 bits");
    cloud.push(previous);
  }
  return cloud;
}
