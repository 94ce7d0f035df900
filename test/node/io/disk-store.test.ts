import { mkdtempSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { openDiskStore, type DiskStore, type DiskStoreOptions } from "../../../node/io/disk-store.ts";
import { storeKeyBytesMax } from "../../../node/io/lmdb-tables.ts";
import type { Batch, StoreEvents, Write } from "../../../node/store.ts";
import { Random } from "../../../src/random.ts";
import {
  bytesOf,
  describeFullDisk,
  describeStoreContract,
  put,
  remove,
  textOf,
  turn,
  type FillableHarness,
  type StoreHarness,
} from "../../contract/store.ts";
import { canMountSmallDisks, SmallDisk } from "../../small-disk.ts";
import { makeTempDirectory } from "../../temp-directory.ts";

class DiskHarness implements StoreHarness {
  readonly #directory: string;
  readonly #events: StoreEvents;
  readonly #options: DiskStoreOptions;
  readonly #markers = new Map<Batch, () => void>();
  store: DiskStore<Batch>;

  constructor(events: StoreEvents, options: DiskStoreOptions = {}, directory: string = makeTempDirectory()) {
    this.#directory = directory;
    this.#events = events;
    this.#options = options;
    this.store = this.#open();
    onTestFinished(() => this.store.close());
  }

  /** Batches become durable in order: when an empty one is, so is all before it. */
  settle(): Promise<void> {
    const marker = { writes: [] };
    this.store.commit(marker);
    return new Promise((resolve) => this.#markers.set(marker, resolve));
  }

  async reopen(): Promise<void> {
    await this.store.close();
    this.store = this.#open();
  }

  #open(): DiskStore<Batch> {
    const events = {
      onDurable: (batches: readonly Batch[]) => batches.forEach((batch) => this.#giveBack(batch)),
      onFailure: (error: Error) => this.#events.onFailure(error),
      onFull: (isFull: boolean) => this.#events.onFull(isFull),
    };
    return openDiskStore<Batch>(this.#directory, events, this.#options);
  }

  #giveBack(batch: Batch): void {
    const wake = this.#markers.get(batch);
    if (wake === undefined) return this.#events.onDurable([batch]);
    this.#markers.delete(batch);
    wake();
  }
}

/** On a disk of its own that has room for nothing but what tests of full disks write. */
class SmallDiskHarness extends DiskHarness implements FillableHarness {
  readonly #disk: SmallDisk;

  static open(events: StoreEvents): SmallDiskHarness {
    const disk = SmallDisk.mount(32);
    if (typeof disk === "string") throw new Error(disk);
    onTestFinished(() => disk.unmount());
    return new SmallDiskHarness(events, disk);
  }

  constructor(events: StoreEvents, disk: SmallDisk) {
    super(events, { lookMs: 10 }, disk.path);
    this.#disk = disk;
  }

  setFull(isFull: boolean): void {
    if (isFull) this.#disk.fill();
    else this.#disk.makeRoom();
  }

  until(isMet: () => boolean): Promise<void> {
    return vi.waitFor(() => expect(isMet()).toBe(true), { timeout: 10_000, interval: 5 });
  }
}

/** So that the log is moved into the tables all the time. */
const busy: DiskStoreOptions = { rotateAtEntries: 3 };

describeStoreContract("the disk store", (events) => new DiskHarness(events));
describeStoreContract("the disk store, with a log that is always full", (events) => new DiskHarness(events, busy));
describeStoreContract(
  "the disk store, with a log that rests at once",
  (events) => new DiskHarness(events, { lookMs: 1 }),
);
if (canMountSmallDisks()) describeFullDisk("the disk store", (events) => SmallDiskHarness.open(events));

describe("reads while commits are under way", () => {
  test.each([
    ["wherever the commits stand", {}],
    ["wherever the moves into the tables stand", { rotateAtEntries: 200 }],
  ])("40,000 random operations read like a map, %s", async (_, options) => {
    const random = new Random(7);
    const model = new Map<string, string>();
    const events = { ...ignoreEvents, onDurable: () => expectRandomKeys() };
    const harness = new DiskHarness(events, options);
    const { store } = harness;
    const keyOf = (): string => `key ${random.between(0, 299)}`;
    const expectRandomKeys = (): void => {
      for (let count = 0; count < 3; count++) expectKey(store, model, keyOf());
    };
    for (let operation = 0; operation < 40_000; operation++) {
      store.commit({ writes: randomWrites(random, keyOf, model, operation) });
      expectRandomKeys();
      if (operation % 500 === 0) expect(scanAll(store)).toEqual(sortedEntries(model));
      await randomPause(random);
    }
    await harness.settle();
    expect(scanAll(store)).toEqual(sortedEntries(model));
  });

  test.each([
    ["the log grows", {}],
    ["the log is moved, and the map outgrows its address space", { mapBytes: 2 ** 20, rotateAtEntries: 50 }],
  ])("a walk keeps its snapshot while %s", async (_, options) => {
    const harness = new DiskHarness(ignoreEvents, options);
    for (let index = 0; index < 1000; index++) harness.store.commit({ writes: [put(key4(index), "before")] });
    await harness.settle();
    const walk = harness.store.scan("objects", bytesOf(""), bytesOf("~"));
    let seen = 0;
    for (const [key, value] of walk) {
      expect([textOf(key), textOf(value)]).toEqual([key4(seen), "before"]);
      harness.store.commit({ writes: [put(key4(seen), "x".repeat(20_000)), put(`${key4(seen)} more`, "after")] });
      if (seen++ % 100 === 0) await harness.settle();
    }
    expect(seen).toBe(1000);
    await harness.settle();
    expect(scanAll(harness.store).length).toBe(2000);
  });
});

describe("what is refused", () => {
  test("a key that the tables cannot take is refused before any write of its batch", async () => {
    const harness = new DiskHarness(ignoreEvents);
    const { store } = harness;
    const wrong = [new Uint8Array(0), new Uint8Array(storeKeyBytesMax + 1)];
    for (const key of wrong) {
      const write: Write = { table: "objects", key, value: bytesOf("x") };
      expect(() => store.commit({ writes: [put("a", "1"), write] })).toThrow(RangeError);
      expect(store.get("objects", bytesOf("a"))).toBeUndefined();
    }
    const longest = new Uint8Array(storeKeyBytesMax).fill(1);
    store.commit({ writes: [{ table: "objects", key: longest, value: bytesOf("x") }] });
    await harness.settle();
    expect(store.get("objects", longest)).toEqual(bytesOf("x"));
  });

  test("a directory whose name has a dot is still a directory", () => {
    const store = new DiskHarness(ignoreEvents, {}, mkdtempSync(join(makeTempDirectory(), "node."))).store;
    expect(store.get("objects", bytesOf("a"))).toBeUndefined();
  });

  test("what cannot be opened is a STORAGE error with the path", () => {
    const path = fileURLToPath(import.meta.url);
    expect(() => new DiskHarness(ignoreEvents, {}, path)).toThrow(`The store in ${path} cannot be opened: `);
  });
});

test("a group is given back in one call", async () => {
  const groups: number[] = [];
  const events = { ...ignoreEvents, onDurable: (batches: readonly Batch[]) => groups.push(batches.length) };
  const store = openDiskStore<Batch>(makeTempDirectory(), events);
  for (let index = 0; index < 100; index++) store.commit({ writes: [put(`key ${index}`, "1")] });
  await store.close();
  expect(groups).toEqual([100]);
});

describe("closing", () => {
  test("it waits for everything submitted, and then takes nothing more", async () => {
    const durable: Batch[] = [];
    const { store } = new DiskHarness({ ...ignoreEvents, onDurable: (batches) => durable.push(...batches) });
    for (let index = 0; index < 100; index++) store.commit({ writes: [put(`key ${index}`, "1")] });
    const closing = store.close();
    expect(() => store.commit({ writes: [] })).toThrow("The store is closed.");
    await closing;
    await store.close();
    expect(durable.length).toBe(100);
  });

  test("a walk that is still open ends in an error, not in a crash", async () => {
    const harness = new DiskHarness(ignoreEvents);
    harness.store.commit({ writes: [put("a", "1"), put("b", "1")] });
    await harness.settle();
    const walk = harness.store.scan("objects", bytesOf("a"), bytesOf("z"));
    const abandoned = harness.store.scan("objects", bytesOf("a"), bytesOf("z"));
    expect([walk.next().done, abandoned.next().done]).toEqual([false, false]);
    await harness.reopen();
    expect(() => walk.next()).toThrow("closed under a scan");
    abandoned.return(undefined);
    expect(scanAll(harness.store).length).toBe(2);
  });
});

const ignoreEvents: StoreEvents = { onDurable: () => {}, onFailure: rethrow, onFull: () => {} };

function rethrow(error: Error): void {
  throw error;
}

function key4(index: number): string {
  return `key ${String(index).padStart(4, "0")}`;
}

function randomWrites(random: Random, keyOf: () => string, model: Map<string, string>, operation: number): Write[] {
  return Array.from({ length: random.between(0, 2) }, (_, index) => {
    const key = keyOf();
    if (random.between(0, 3) === 0) {
      model.delete(key);
      return remove(key);
    }
    const value = `${operation}.${index}`;
    model.set(key, value);
    return put(key, value);
  });
}

/** All the ways in which time may pass between two operations, from none to as long as a sync. */
async function randomPause(random: Random): Promise<void> {
  const choice = random.between(0, 99);
  if (choice < 8) await turn();
  else if (choice < 20) await Promise.resolve();
  else if (choice < 22) await new Promise((resolve) => setTimeout(resolve, 0));
  else if (choice < 24) await readFile("/dev/null");
}

function expectKey(store: DiskStore<Batch>, model: ReadonlyMap<string, string>, key: string): void {
  const value = store.get("objects", bytesOf(key));
  const text = value && textOf(value);
  // `expect` for each of 120,000 reads would take longer than all the rest.
  if (text !== model.get(key)) expect({ key, value: text }).toEqual({ key, value: model.get(key) });
}

function scanAll(store: DiskStore<Batch>): string[] {
  return Array.from(
    store.scan("objects", bytesOf(""), bytesOf("~")),
    ([key, value]) => `${textOf(key)}=${textOf(value)}`,
  );
}

function sortedEntries(model: ReadonlyMap<string, string>): string[] {
  return [...model].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}=${value}`);
}
