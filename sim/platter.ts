/** What is on a disk, whoever has it open. It outlives the processes of its node. */
import { fromBinary } from "../src/bytes.ts";
import { formatKey } from "../src/key.ts";
import type { Table } from "../node/store.ts";
import { recordInHint, targetAndKeyIn } from "./place.ts";

export type Tables = Readonly<Record<Table, Map<string, Uint8Array>>>;

export class Platter {
  readonly tables: Tables = { objects: new Map(), hints: new Map(), conflicts: new Map(), meta: new Map() };
  /** There is no room on it. Whoever changes it has the disk `lookForRoom`. */
  isFull = false;
  failingSyncs: "none" | "next" | "all" = "none";

  /** An old copy of it: what a disk that is set back becomes. */
  backup: Platter | undefined;

  /** What is written on it, and no fault of its own. */
  copy(): Platter {
    const copy = new Platter();
    for (const [table, entries] of Object.entries(this.tables))
      for (const [key, value] of entries) copy.tables[table as Table].set(key, value);
    return copy;
  }

  /** The keys of which there are records, readable or not. */
  keys(): Uint8Array[] {
    return [...this.tables.objects.keys()].map((name) => fromBinary(name.slice(2)));
  }

  /** Records by the keys' names. */
  records(): ReadonlyMap<string, Uint8Array> {
    const objects = [...this.tables.objects];
    return new Map(objects.map(([name, record]) => [formatKey(fromBinary(name.slice(2))), record]));
  }

  /** The records that are kept as hints, by target and key. */
  hints(): ReadonlyMap<string, Uint8Array> {
    const hints = new Map<string, Uint8Array>();
    for (const [name, value] of this.tables.hints) {
      const [target, key] = targetAndKeyIn(fromBinary(name));
      hints.set(`${target} ${formatKey(key)}`, recordInHint(value));
    }
    return hints;
  }
}
