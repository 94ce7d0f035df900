/**
 * Sets of any values that can be stored; two are the same element if they are the same bytes, fields of objects in whatever order.
 *
 * Where one adds an element and another removes it, neither knowing of the other, it stays in a set in which adding wins (OR-set) and
 * goes in one in which removing wins. Removing takes away what was seen, so the set is read first, unless the caller hands in what he
 * has read.
 */
import { invalidArgument } from "../src/errors.ts";
import { elementsAt, isLater } from "../src/shown.ts";
import type { StoredObject } from "../src/object.ts";
import { encodeElement } from "../src/value.ts";
import type { Batch } from "./batch.ts";
import { DataBucket, type Edited } from "./data-bucket.ts";
import { ElementSet } from "./element-set.ts";
import type { EditOptions, ReadOptions } from "./options.ts";
import { placeName, type Shape } from "./shape.ts";

export interface SetWins {
  /** Which holds where one adds an element and another removes it, neither knowing of the other. Default `add`. */
  readonly wins?: "add" | "remove" | undefined;
}

/** What an edit may do to a set that only grows. */
export class GrowSetEditor<T> {
  protected readonly batch: Batch;
  protected readonly path: string;

  constructor(batch: Batch, path: string) {
    this.batch = batch;
    this.path = path;
  }

  /** @throws INVALID_ARGUMENT for what cannot be stored, TOO_LARGE */
  add(element: T): void {
    this.batch.write(this.path, this.bytesOf(element));
  }

  addAll(elements: Iterable<T>): void {
    for (const element of elements) this.add(element);
  }

  protected bytesOf(element: T): Uint8Array {
    return encodeElement(element, placeName(this.path));
  }
}

/** What an edit may do to a set. */
export class SetEditor<T> extends GrowSetEditor<T> {
  remove(element: T): void {
    this.batch.remove(this.path, this.bytesOf(element));
  }

  /** Takes away all elements that its writer has seen: those that are added concurrently stay. */
  clear(): void {
    this.batch.clear(this.path);
  }
}

/** Of a set in which removing wins: removals are elements too, under a mark. */
class RemoveWinsSetEditor<T> extends SetEditor<T> {
  override add(element: T): void {
    this.batch.write(this.path, marked(1, this.bytesOf(element)));
  }

  override remove(element: T): void {
    this.batch.write(this.path, marked(0, this.bytesOf(element)));
  }
}

function marked(mark: number, bytes: Uint8Array): Uint8Array {
  const element = new Uint8Array(bytes.length + 1);
  element[0] = mark;
  element.set(bytes, 1);
  return element;
}

/** A set. */
export function set<T>({ wins = "add" }: SetWins = {}): Shape<ReadonlySet<T>, SetEditor<T>> {
  if (wins !== "add" && wins !== "remove")
    throw invalidArgument(`of a set wins is add or remove, not ${JSON.stringify(wins)}`);
  if (wins === "add")
    return { type: "orSet", read: elementsOf<T>, edit: (batch, path) => new SetEditor<T>(batch, path) };
  return {
    type: "rwSet",
    read: (object, path) => elementsOf(object, path, 1),
    edit: (batch, path) => new RemoveWinsSetEditor<T>(batch, path),
  };
}

/** A set from which nothing is ever removed (G-set). */
export function growSet<T>(): Shape<ReadonlySet<T>, GrowSetEditor<T>> {
  return { type: "gSet", read: elementsOf<T>, edit: (batch, path) => new GrowSetEditor<T>(batch, path) };
}

/** In the order in which they were added. */
function elementsOf<T>(object: StoredObject, path: string, markBytes = 0): ReadonlySet<T> {
  const elements = [...elementsAt(object, path)].sort((a, b) => (isLater(a, b) ? 1 : -1));
  return new ElementSet<T>(elements.map(({ value }) => value!.subarray(markBytes)));
}

/** A bucket of sets that only grow. */
export class GrowSetBucket<T, Editor extends GrowSetEditor<T> = GrowSetEditor<T>> extends DataBucket<
  ReadonlySet<T>,
  Editor
> {
  add(key: string, element: T, options?: EditOptions): Promise<Edited<ReadonlySet<T>>> {
    return this.edit(key, (one) => one.add(element), options);
  }

  addAll(key: string, elements: Iterable<T>, options?: EditOptions): Promise<Edited<ReadonlySet<T>>> {
    return this.edit(key, (one) => one.addAll(elements), options);
  }

  async has(key: string, element: T, options?: ReadOptions): Promise<boolean> {
    return (await this.get(key, options)).value.has(element);
  }
}

/** A bucket of sets. */
export class SetBucket<T> extends GrowSetBucket<T, SetEditor<T>> {
  /** Removes what is seen of the element, or was seen by the read that is handed in as `seen`. */
  remove(key: string, element: T, options?: EditOptions): Promise<Edited<ReadonlySet<T>>> {
    return this.edit(key, (one) => one.remove(element), options);
  }
}
