/**
 * A counter: every increment counts once, however often it was tried and wherever, and a reset takes away exactly what it saw.
 *
 * - Each actor keeps one live increment per counter, its newest, which carries the sum of all that this actor has counted. So a
 *   counter is as large as the number of its actors, and nobody ever has to add up what was.
 * - The increments before it are spent: kept with their amounts for their operation ids. An operation that was tried at two
 *   coordinators stands under two dots, and is in two sums: whoever reads takes away what is too much. The instance with the smallest
 *   dot counts.
 * - For good it is taken away by the actor of an instance that does not count, with its next increment (`corrections`). No other may,
 *   so it happens once. The instance stays among what is spent: a reset may still come whose reader had seen the operation there.
 * - A reset is an element of its own, a list of marks: so much had this actor counted with that increment. What an actor counted
 *   up to its highest mark counts no more; neither do corrections of it, nor other instances of an operation that was reset.
 *
 * A spent increment may be forgotten when its operation is never tried again, and is not too often in the sums: its amount stays in
 * its actor's sum. See `node/settled-operations.ts` and `node/leftovers.ts` for how that is known.
 *
 * Sources: the state-based PN-counter of Shapiro et al.: A Comprehensive Study of Convergent and Commutative Replicated Data Types
 * (2011); resets after Baquero, Almeida, Lerche: The Problem with Embedded CRDT Counters and a Solution (2016).
 */
import { ByteReader, ByteWriter, MalformedBytes } from "../bytes.ts";
import { compareDots, epochOf, type Actor, type Dot } from "../dot.ts";
import { tooLarge } from "../errors.ts";
import type { Sibling, StoredObject } from "../object.ts";
import type { OpId } from "../op-id.ts";
import { isCounter } from "./path.ts";

interface Correction {
  /** The counter of the dot whose amount counts elsewhere. */
  readonly counter: number;
  readonly amount: number;
}

export interface Increment {
  readonly amount: number;
  /** All that this actor has counted here, this increment included; `undefined` when spent. */
  readonly sum: number | undefined;
  readonly corrections: readonly Correction[];
}

/** What an actor had counted with the increment of this dot. */
export interface Mark {
  readonly dot: Dot;
  readonly sum: number;
}

const incrementTag = 0;
const resetTag = 1;
const writer = new ByteWriter();

/** The value of the counter at `path`. */
export function counterValue(object: StoredObject, path: string): number {
  return new CounterState(object, path).value();
}

/** What a reader of the counter has seen: handed to a reset. */
export function marksAt(object: StoredObject, path: string): Mark[] {
  const { increments, marks } = new CounterState(object, path);
  const seen = new Map(marks);
  for (const { dot, sum } of increments)
    if (sum !== undefined && dot.counter > (seen.get(dot.actor)?.dot.counter ?? 0)) seen.set(dot.actor, { dot, sum });
  return [...seen.values()].sort((a, b) => compareDots(a.dot, b.dot));
}

/** Whether nothing counts here that was not reset. */
export function isReset(object: StoredObject, path: string): boolean {
  const { increments, marks } = new CounterState(object, path);
  return increments.every(
    ({ dot, sum }) => sum === undefined || dot.counter <= (marks.get(dot.actor)?.dot.counter ?? 0),
  );
}

export function isResetMark({ value }: Sibling): boolean {
  return value?.[0] === resetTag;
}

/** Live or spent; of what is spent with nothing to count no value is kept. */
export function isIncrement({ path, value }: Sibling): boolean {
  return isCounter(path) && value?.[0] === incrementTag;
}

/** The operations at `path` that are in more sums than they count in: what is kept of them is needed until they are taken back. */
export function surplusOps(object: StoredObject, path: string): ReadonlySet<OpId> {
  return new Set(new CounterState(object, path).surplus().map(({ op }) => op));
}

/**
 * The next increment of an actor at `path`: its bytes, and the dot that it replaces.
 * @throws TOO_LARGE if the sum could no longer be told exactly
 */
export function nextIncrement(
  object: StoredObject,
  path: string,
  actor: Actor,
  amount: number,
): { readonly value: Uint8Array; readonly replaced: readonly Dot[] } {
  const state = new CounterState(object, path);
  const mine = state.increments.find(({ dot, sum }) => dot.actor === actor && sum !== undefined);
  const marked = state.marks.get(actor)?.dot.counter ?? 0;
  const surplus = state.surplus().filter(({ dot }) => dot.actor === actor);
  const corrections = [
    ...(mine?.corrections ?? []),
    ...surplus.map(({ dot, amount: taken }) => ({ counter: dot.counter, amount: taken })),
  ].filter(({ counter }) => counter > marked);
  corrections.sort((a, b) => a.counter - b.counter);
  const sum = (mine?.sum ?? 0) + amount;
  if (!Number.isSafeInteger(sum)) throw tooLarge(`the counter would go beyond ${Number.MAX_SAFE_INTEGER}`);
  return {
    value: encodeIncrement({ amount, sum, corrections }),
    replaced: mine === undefined ? [] : [mine.dot],
  };
}

/** The resets at `path` of which a reset to these marks says all that they say. */
export function resetsWithin(object: StoredObject, path: string, marks: readonly Mark[]): Dot[] {
  const counters = new Map(marks.map(({ dot }) => [dot.actor, dot.counter]));
  const isWithin = ({ dot }: Mark): boolean => dot.counter <= (counters.get(dot.actor) ?? 0);
  return object.siblings
    .filter((sibling) => sibling.path === path && isResetMark(sibling) && decodeMarks(sibling.value!).every(isWithin))
    .map(({ dot }) => dot);
}

/** An increment as it is kept when it is spent. */
export function spentIncrement(sibling: Sibling): Sibling {
  const { amount, sum } = decodeIncrement(sibling.value!);
  return sum === undefined
    ? sibling
    : { ...sibling, value: encodeIncrement({ amount, sum: undefined, corrections: [] }) };
}

/** @throws MalformedBytes on what is neither the newest increment of an actor nor a reset */
export function checkCounted(value: Uint8Array): void {
  if (value[0] === resetTag) decodeMarks(value);
  else if (decodeIncrement(value).sum === undefined) throw new MalformedBytes("an increment without a sum");
}

/** @throws MalformedBytes */
export function isSpentIncrement(value: Uint8Array): boolean {
  return decodeIncrement(value).sum === undefined;
}

interface Counted extends Increment {
  readonly dot: Dot;
  readonly op: OpId;
}

class CounterState {
  /** Live and spent. */
  readonly increments: Counted[] = [];
  /** The highest of each actor. */
  readonly marks: Map<Actor, Mark> = new Map();

  constructor({ siblings, spent }: StoredObject, path: string) {
    for (const sibling of siblings) {
      if (sibling.path !== path || sibling.value === undefined) continue;
      if (isResetMark(sibling)) this.#mark(decodeMarks(sibling.value));
      else this.increments.push({ dot: sibling.dot, op: sibling.op, ...decodeIncrement(sibling.value) });
    }
    for (const { path: at, value, dot, op } of spent)
      if (at === path && value !== undefined) this.increments.push({ dot, op, ...decodeIncrement(value) });
  }

  value(): number {
    let value = 0;
    for (const { dot, sum, corrections } of this.increments) {
      const mark = this.marks.get(dot.actor);
      if (sum === undefined || (mark !== undefined && dot.counter <= mark.dot.counter)) continue;
      value += sum - (mark?.sum ?? 0);
      for (const { counter, amount } of corrections) if (counter > (mark?.dot.counter ?? 0)) value -= amount;
    }
    for (const { amount } of this.surplus()) value -= amount;
    return value;
  }

  /** The instances that are in their actor's sum although another one counts, or was reset. */
  surplus(): Counted[] {
    const surplus: Counted[] = [];
    for (const instances of this.#repeated()) {
      const counted = instances.filter((instance) => !this.#isReset(instance) && !this.#isCorrected(instance));
      surplus.push(...(instances.some((instance) => this.#isReset(instance)) ? counted : counted.slice(1)));
    }
    return surplus;
  }

  /** The instances of each operation that has several, by dot. */
  #repeated(): Counted[][] {
    const first = new Map<OpId, Counted>();
    const repeated = new Map<OpId, Counted[]>();
    for (const instance of this.increments.sort((a, b) => compareDots(a.dot, b.dot))) {
      const other = first.get(instance.op);
      if (other === undefined) first.set(instance.op, instance);
      else repeated.set(instance.op, [...(repeated.get(instance.op) ?? [other]), instance]);
    }
    return [...repeated.values()];
  }

  #isCorrected({ dot }: Counted): boolean {
    return this.increments.some(
      (other) => other.dot.actor === dot.actor && other.corrections.some(({ counter }) => counter === dot.counter),
    );
  }

  #isReset({ dot }: Counted): boolean {
    return dot.counter <= (this.marks.get(dot.actor)?.dot.counter ?? 0);
  }

  #mark(marks: readonly Mark[]): void {
    for (const mark of marks)
      if (mark.dot.counter > (this.marks.get(mark.dot.actor)?.dot.counter ?? 0)) this.marks.set(mark.dot.actor, mark);
  }
}

function encodeIncrement({ amount, sum, corrections }: Increment): Uint8Array {
  writer.clear();
  writer.byte(incrementTag);
  writeSigned(amount);
  if (sum !== undefined) {
    writeSigned(sum);
    for (const correction of corrections) {
      writer.number(correction.counter);
      writeSigned(correction.amount);
    }
  }
  return writer.take();
}

/** @throws MalformedBytes */
export function decodeIncrement(value: Uint8Array): Increment {
  const reader = new ByteReader(value);
  if (reader.byte() !== incrementTag) throw new MalformedBytes("no increment");
  const amount = readSigned(reader);
  if (reader.isAtEnd) return { amount, sum: undefined, corrections: [] };
  const sum = readSigned(reader);
  const corrections: Correction[] = [];
  while (!reader.isAtEnd) corrections.push({ counter: reader.number(), amount: readSigned(reader) });
  return { amount, sum, corrections };
}

export function encodeMarks(marks: readonly Mark[]): Uint8Array {
  writer.clear();
  writer.byte(resetTag);
  for (const { dot, sum } of marks) {
    writer.text(dot.actor, 0, 8);
    writer.number(epochOf(dot.actor));
    writer.number(dot.counter);
    writeSigned(sum);
  }
  return writer.take();
}

/** @throws MalformedBytes */
export function decodeMarks(value: Uint8Array): Mark[] {
  const reader = new ByteReader(value);
  if (reader.byte() !== resetTag) throw new MalformedBytes("no reset");
  const marks: Mark[] = [];
  while (!reader.isAtEnd) {
    marks.push({ dot: { actor: reader.id14("epoch"), counter: reader.number() }, sum: readSigned(reader) });
  }
  return marks;
}

/** Sign in the lowest bit; the amount itself has 52 at the most. */
function writeSigned(value: number): void {
  writer.byte(value < 0 ? 1 : 0);
  writer.number(Math.abs(value));
}

function readSigned(reader: ByteReader): number {
  const sign = reader.byte();
  const amount = reader.number();
  if (sign > 1 || (sign === 1 && amount === 0)) throw new MalformedBytes("a number without a sign that it can have");
  return sign === 1 ? -amount : amount;
}
