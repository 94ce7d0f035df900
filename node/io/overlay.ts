/** Walks laid over each other: what a scan sees is what the tables have, under the log, under what is gathered. All are in order. */
import { binaryKey, type NamedEntry, type NamedWrite } from "./commit-group.ts";

type Bytes = Uint8Array;

/** Two walks in one: of a key that both have, the newer entry. */
export function* overlay(older: Iterable<NamedEntry>, newer: Iterator<NamedEntry>): Generator<NamedEntry> {
  let next = newer.next();
  for (const entry of older) {
    for (; next.done !== true && next.value[0] < entry[0]; next = newer.next()) yield next.value;
    const isInBoth = next.done !== true && next.value[0] === entry[0];
    yield isInBoth ? next.value : entry;
    if (isInBoth) next = newer.next();
  }
  for (; next.done !== true; next = newer.next()) yield next.value;
}

/** What the tables have. */
export function* named(walk: Iterable<readonly [key: Bytes, value: Bytes]>): Generator<NamedEntry> {
  for (const [key, value] of walk) yield [binaryKey(key), key, value];
}

/** What a group has. */
export function* gathered(writes: readonly NamedWrite[]): Generator<NamedEntry> {
  for (const [name, { key, value }] of writes) yield [name, key, value];
}
