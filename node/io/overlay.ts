/** Walks laid over each other: what a scan sees is what the tables have, under the log, under what is gathered. All are in order. */
import { compareBytes, equalBytes } from "../../src/bytes.ts";

/** What a walk finds: a key, and its value unless it was removed. */
export type WalkedEntry = readonly [key: Uint8Array, value: Uint8Array | undefined];

/** Two walks in one: of a key that both have, the newer entry. */
export function* overlay(older: Iterable<WalkedEntry>, newer: Iterator<WalkedEntry>): Generator<WalkedEntry> {
  let next = newer.next();
  for (const entry of older) {
    for (; next.done !== true && compareBytes(next.value[0], entry[0]) < 0; next = newer.next()) yield next.value;
    const isInBoth = next.done !== true && equalBytes(next.value[0], entry[0]);
    yield isInBoth ? next.value : entry;
    if (isInBoth) next = newer.next();
  }
  for (; next.done !== true; next = newer.next()) yield next.value;
}
