/** Flags: on or off; which of the two wins where they are changed side by side is a choice. */
import { invalidArgument } from "../src/errors.ts";
import { elementsAt } from "../src/shown.ts";
import { encodeValue } from "../src/value.ts";
import type { Batch } from "./batch.ts";
import { DataBucket, type Edited } from "./data-bucket.ts";
import type { EditOptions } from "./options.ts";
import type { Shape } from "./shape.ts";

export interface FlagWins {
  /** Which holds where one enables and another disables, neither knowing of the other. Default `enable`. */
  readonly wins?: "enable" | "disable" | undefined;
}

/** What an edit may do to a flag. */
export class FlagEditor {
  readonly #batch: Batch;
  readonly #path: string;
  readonly #disableWins: boolean;

  constructor(batch: Batch, path: string, disableWins: boolean) {
    this.#batch = batch;
    this.#path = path;
    this.#disableWins = disableWins;
  }

  enable(): void {
    this.#batch.write(this.#path, this.#disableWins ? enabled : on);
  }

  disable(): void {
    if (this.#disableWins) this.#batch.write(this.#path, disabled);
    else this.#batch.clear(this.#path);
  }
}

const on = encodeValue(true);
const enabled = Uint8Array.of(1);
const disabled = Uint8Array.of(0);

/** A flag, off at first. */
export function flag({ wins = "enable" }: FlagWins = {}): Shape<boolean, FlagEditor> {
  if (wins !== "enable" && wins !== "disable")
    throw invalidArgument(`of a flag wins is enable or disable, not ${JSON.stringify(wins)}`);
  const disableWins = wins === "disable";
  return {
    type: disableWins ? "dwFlag" : "ewFlag",
    read: (object, path) => elementsAt(object, path).length > 0,
    edit: (batch, path) => new FlagEditor(batch, path, disableWins),
  };
}

/** A bucket of flags. */
export class FlagBucket extends DataBucket<boolean, FlagEditor> {
  enable(key: string, options?: EditOptions): Promise<Edited<boolean>> {
    return this.edit(key, (one) => one.enable(), options);
  }

  disable(key: string, options?: EditOptions): Promise<Edited<boolean>> {
    return this.edit(key, (one) => one.disable(), options);
  }
}
