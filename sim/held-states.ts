/**
 * What every node holds of every key, read from the nodes themselves after each event that has touched it: of a node that is up
 * what it reads itself, of one that is down what lies on its disk.
 */
import type { NodeId } from "../src/ring.ts";
import type { Table } from "../node/store.ts";
import type { Witnessed } from "./witness.ts";
import type { Platter } from "./platter.ts";
import { hintKeyOf, recordInHint, storeKeyOf } from "./place.ts";
import type { Lane, KeyPlace, RecordedChange, StatePlace, Step } from "./recorded.ts";

/** A node as a recording sees it: also while it is down. */
export interface Holder extends Witnessed {
  readonly phase: string;
  readonly platter: Platter;
}

/** A place where a state may lie: a node's own record of a key, or one that it keeps for another node. */
export interface Slot {
  readonly node: Holder;
  readonly lane: Lane;
  readonly key: Uint8Array;
  readonly keyName: string;
  readonly keyPlace: KeyPlace;
  readonly target: { readonly id: NodeId; readonly lane: Lane } | undefined;
}

interface Held {
  readonly slot: Slot;
  bytes: Uint8Array | undefined;
  change: { -readonly [Field in keyof RecordedChange]: RecordedChange[Field] } | undefined;
}

export class HeldStates {
  readonly changes: RecordedChange[] = [];
  readonly #placeOf: (record: Uint8Array | undefined) => StatePlace | undefined;
  readonly #held = new Map<string, Held>();
  readonly #touched = new Set<Held>();
  /** Those of which not everything is on the disk yet. */
  readonly #unsynced = new Set<Held>();

  constructor(placeOf: (record: Uint8Array | undefined) => StatePlace | undefined) {
    this.#placeOf = placeOf;
  }

  touch(slot: Slot): void {
    const name = `${slot.lane} ${slot.target?.lane ?? ""} ${slot.keyPlace}`;
    const known = this.#held.get(name);
    const held = known ?? { slot, bytes: undefined, change: undefined };
    if (known === undefined) this.#held.set(name, held);
    this.#touched.add(held);
  }

  /** The node has died or come back: whatever it ever held may be something else. */
  touchAll(node: Holder): void {
    for (const held of this.#held.values()) if (held.slot.node === node) this.#touched.add(held);
  }

  /** @param step asked for only if something is different */
  look(step: () => Step): void {
    const disks = new Disks();
    for (const held of this.#touched) this.#compare(held, disks.read(held.slot), step);
    this.#touched.clear();
    for (const held of this.#unsynced) this.#lookForSync(held, step);
  }

  #compare(held: Held, bytes: Uint8Array | undefined, step: () => Step): void {
    if (isSame(bytes, held.bytes)) return;
    const { lane, keyPlace, target } = held.slot;
    const state = this.#placeOf(bytes);
    held.bytes = bytes;
    held.change = {
      step: step(),
      node: lane,
      key: keyPlace,
      ...(target !== undefined && { target: target.lane }),
      ...(state !== undefined && { state }),
    };
    this.changes.push(held.change);
    this.#unsynced.add(held);
  }

  #lookForSync(held: Held, step: () => Step): void {
    const { node } = held.slot;
    const durable = read(held.slot, (table, key) => node.durable(table, key));
    if (node.phase !== "down" && !isSame(durable, held.bytes)) return;
    if (held.change !== undefined) held.change.durable = step();
    this.#unsynced.delete(held);
  }
}

/** Those of nodes that are down, each read once. */
class Disks {
  readonly #records = new Map<Holder, ReadonlyMap<string, Uint8Array>>();
  readonly #hints = new Map<Holder, ReadonlyMap<string, Uint8Array>>();

  read(slot: Slot): Uint8Array | undefined {
    const { node, keyName, target } = slot;
    if (node.phase !== "down") return read(slot, (table, key) => node.seen(table, key));
    if (target !== undefined)
      return listed(this.#hints, node, () => node.platter.hints()).get(`${target.id} ${keyName}`);
    return listed(this.#records, node, () => node.platter.records()).get(keyName);
  }
}

function listed(
  lists: Map<Holder, ReadonlyMap<string, Uint8Array>>,
  node: Holder,
  list: () => ReadonlyMap<string, Uint8Array>,
): ReadonlyMap<string, Uint8Array> {
  const known = lists.get(node) ?? list();
  lists.set(node, known);
  return known;
}

function read(
  { node, key, target }: Slot,
  get: (table: Table, key: Uint8Array) => Uint8Array | undefined,
): Uint8Array | undefined {
  if (target === undefined) return get("objects", storeKeyOf(node, key));
  const hint = get("hints", hintKeyOf(node, target.id, key));
  return hint === undefined ? undefined : recordInHint(hint);
}

/** The very same bytes, at the same place in memory: nobody changes them there. */
function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.length === b.length;
}
