/** Counters: every increment counts once, however often it was tried. See `src/crdt/counter.ts`. */
import { counterValue } from "../src/crdt/counter.ts";
import { invalidArgument } from "../src/errors.ts";
import type { Batch } from "./batch.ts";
import { DataBucket, type Edited } from "./data-bucket.ts";
import type { EditOptions } from "./options.ts";
import type { Shape } from "./shape.ts";

/** What an edit may do to a counter that only grows. */
export class GrowCounterEditor {
  protected readonly batch: Batch;
  protected readonly path: string;

  constructor(batch: Batch, path: string) {
    this.batch = batch;
    this.path = path;
  }

  /** @throws INVALID_ARGUMENT for what is no whole number, or negative */
  increment(amount: number = 1): void {
    if (checkAmount(amount) < 0) throw invalidArgument(`a counter that only grows cannot be incremented by ${amount}`);
    this.batch.increment(this.path, amount);
  }
}

/** What an edit may do to a counter. */
export class CounterEditor extends GrowCounterEditor {
  /** @throws INVALID_ARGUMENT for what is no whole number */
  override increment(amount: number = 1): void {
    this.batch.increment(this.path, checkAmount(amount));
  }

  decrement(amount: number = 1): void {
    this.batch.increment(this.path, -checkAmount(amount));
  }

  /** Takes away all that was counted as far as the writer has seen it: concurrent increments stay. */
  reset(): void {
    this.batch.clear(this.path);
  }
}

function checkAmount(amount: unknown): number {
  if (typeof amount !== "number" || !Number.isSafeInteger(amount))
    throw invalidArgument(`a counter counts whole numbers up to ${Number.MAX_SAFE_INTEGER}, not ${String(amount)}`);
  return amount;
}

/** A counter (PN-counter). */
export function counter(): Shape<number, CounterEditor> {
  return { type: "pnCounter", read: counterValue, edit: (batch, path) => new CounterEditor(batch, path) };
}

/** A counter that only grows (G-counter). */
export function growCounter(): Shape<number, GrowCounterEditor> {
  return { type: "gCounter", read: counterValue, edit: (batch, path) => new GrowCounterEditor(batch, path) };
}

/** A bucket of counters that only grow. */
export class GrowCounterBucket<Editor extends GrowCounterEditor = GrowCounterEditor> extends DataBucket<
  number,
  Editor
> {
  increment(key: string, amount: number = 1, options?: EditOptions): Promise<Edited<number>> {
    return this.edit(key, (one) => one.increment(amount), options);
  }
}

/** A bucket of counters. */
export class CounterBucket extends GrowCounterBucket<CounterEditor> {
  decrement(key: string, amount: number = 1, options?: EditOptions): Promise<Edited<number>> {
    return this.edit(key, (one) => one.decrement(amount), options);
  }

  /** Takes away all that was counted as far as it is seen: what is counted concurrently stays. */
  reset(key: string, options?: EditOptions): Promise<Edited<number>> {
    return this.edit(key, (one) => one.reset(), options);
  }
}
