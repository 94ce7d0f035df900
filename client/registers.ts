/** Registers hold one value: the one that was assigned last, or all that were assigned without knowing of each other. */
import { registerPath } from "../src/crdt/path.ts";
import type { Sibling, StoredObject } from "../src/object.ts";
import { elementsAt, latestWrite, registerWinner } from "../src/shown.ts";
import { decodeValue, encodeElement } from "../src/value.ts";
import type { Batch } from "./batch.ts";
import { DataBucket, type Edited, type Read } from "./data-bucket.ts";
import type { EditOptions, ReadOptions } from "./options.ts";
import { placeName, type Shape } from "./shape.ts";

/** What an edit may do to a register of either kind. */
export class RegisterEditor<T> {
  readonly #batch: Batch;
  readonly #path: string;

  constructor(batch: Batch, path: string) {
    this.#batch = batch;
    this.#path = path;
  }

  /** @throws INVALID_ARGUMENT for what cannot be stored, TOO_LARGE */
  assign(value: T): void {
    this.#batch.write(this.#path, encodeElement(value, placeName(this.#path)));
  }

  /** Empties it: what is assigned concurrently stays. */
  clear(): void {
    this.#batch.clear(this.#path);
  }
}

/** A register in which the last assignment wins (LWW-register): whoever has read it wins over what he has read, whatever the clocks. */
export function register<T>(): Shape<T | undefined, RegisterEditor<T>> {
  return {
    type: "lwwRegister",
    read: (object, path) => decodeValue(winnerAt(object, path)?.value) as T | undefined,
    edit: (batch, path) => new RegisterEditor<T>(batch, path),
  };
}

/** A register that keeps concurrent assignments side by side until somebody who has read them assigns (MV-register). */
export function multiRegister<T>(): Shape<readonly T[], RegisterEditor<T>> {
  return {
    type: "mvRegister",
    read: (object, path) => elementsAt(object, path).map(({ value }) => decodeValue(value) as T),
    edit: (batch, path) => new RegisterEditor<T>(batch, path),
  };
}

/** Of a register that is a whole key together with what was put there plainly before, or by somebody who knew of no register. */
function winnerAt(object: StoredObject, path: string): Sibling | undefined {
  return path === registerPath ? latestWrite(object) : registerWinner(object, path);
}

/** A bucket of registers of which the last assignment wins. */
export class RegisterBucket<T> extends DataBucket<T | undefined, RegisterEditor<T>> {
  assign(key: string, value: T, options?: EditOptions): Promise<Edited<T | undefined>> {
    return this.edit(key, (one) => one.assign(value), options);
  }
}

export interface ValuesRead<T> extends Read<readonly T[]> {
  /** All that were assigned without knowing of each other: the value, by a better name. */
  readonly values: readonly T[];
}

/** A bucket of registers that keep concurrent assignments. */
export class MultiRegisterBucket<T> extends DataBucket<readonly T[], RegisterEditor<T>> {
  override async get(key: string, options?: ReadOptions): Promise<ValuesRead<T>> {
    const read = await super.get(key, options);
    return Object.assign(read, { values: read.value }); // the same object: an edit may be handed it as `seen`
  }

  assign(key: string, value: T, options?: EditOptions): Promise<Edited<readonly T[]>> {
    return this.edit(key, (one) => one.assign(value), options);
  }
}
