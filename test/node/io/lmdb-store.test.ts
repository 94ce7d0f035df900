import { mkdtempSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { openLmdbStore, storeKeyBytesMax, type LmdbStore, type LmdbStoreOptions } from "../../../node/io/lmdb-store.ts";
import type { Batch, StoreEvents, Write } from "../../../node/store.ts";
import { Random } from "../../../src/random.ts";
import { ChildProcess } from "../../child-process.ts";
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

const writer = fileURLToPath(new URL("../../fixtures/store-writer.mjs", import.meta.url));

class LmdbHarness implements StoreHarness {
  readonly #directory: string;
  readonly #events: StoreEvents;
  readonly #options: LmdbStoreOptions;
  readonly #markers = new Map<Batch, () => void>();
  store: LmdbStore<Batch>;

  constructor(events: StoreEvents, options: LmdbStoreOptions = {}, directory: string = makeTempDirectory()) {
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

  #open(): LmdbStore<Batch> {
    const events = {
      onDurable: (batch: Batch) => this.#giveBack(batch),
      onFailure: (error: Error) => this.#events.onFailure(error),
      onFull: (isFull: boolean) => this.#events.onFull(isFull),
    };
    return openLmdbStore<Batch>(this.#directory, events, this.#options);
  }

  #giveBack(batch: Batch): void {
    const wake = this.#markers.get(batch);
    if (wake === undefined) return this.#events.onDurable(batch);
    this.#markers.delete(batch);
    wake();
  }
}

/** On a disk of its own that has room for nothing but what tests of full disks write. */
class SmallDiskHarness extends LmdbHarness implements FillableHarness {
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

describeStoreContract("LMDB", (events) => new LmdbHarness(events));
if (canMountSmallDisks()) describeFullDisk("LMDB", (events) => SmallDiskHarness.open(events));

describe("reads while commits are under way", () => {
  test("40,000 random operations read like a map, wherever the commits stand", async () => {
    const random = new Random(7);
    const model = new Map<string, string>();
    const events = { ...ignoreEvents, onDurable: () => expectRandomKeys() };
    const harness = new LmdbHarness(events);
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

  test("a walk keeps its snapshot while the map outgrows its address space", async () => {
    const harness = new LmdbHarness(ignoreEvents, { mapBytes: 2 ** 20 });
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
  test("a key that LMDB cannot take is refused before any write of its batch", async () => {
    const harness = new LmdbHarness(ignoreEvents);
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
    const store = new LmdbHarness(ignoreEvents, {}, mkdtempSync(join(makeTempDirectory(), "node."))).store;
    expect(store.get("objects", bytesOf("a"))).toBeUndefined();
  });

  test("what LMDB cannot open is a STORAGE error with the path", () => {
    const path = fileURLToPath(import.meta.url);
    expect(() => new LmdbHarness(ignoreEvents, {}, path)).toThrow(`The store in ${path} cannot be opened: `);
  });
});

describe("closing", () => {
  test("it waits for everything submitted, and then takes nothing more", async () => {
    const durable: Batch[] = [];
    const { store } = new LmdbHarness({ ...ignoreEvents, onDurable: (batch) => durable.push(batch) });
    for (let index = 0; index < 100; index++) store.commit({ writes: [put(`key ${index}`, "1")] });
    const closing = store.close();
    expect(() => store.commit({ writes: [] })).toThrow("The store is closed.");
    await closing;
    await store.close();
    expect(durable.length).toBe(100);
  });

  test("a walk that is still open ends in an error, not in a crash", async () => {
    const harness = new LmdbHarness(ignoreEvents);
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

describe("a process that is killed", () => {
  test("it leaves all that it called durable, whole batches, and no gap", async () => {
    const directory = makeTempDirectory();
    for (let round = 0; round < 5; round++) {
      const child = new ChildProcess("node", writer, "--directory", directory, "--inFlight", "40");
      await child.printed(200 + round * 37);
      await child.kill();
      await expectWholePrefix(directory, lastDurable(child.lines));
    }
  });
});

describe("a disk that fails", () => {
  test("a commit that the file system refuses is reported once, and nothing is durable after it", async () => {
    const directory = makeTempDirectory();
    // A limit on the size of files is no full disk: no room that is made anywhere would help.
    const script = `ulimit -f 2048; exec node ${writer} --directory ${directory} --inFlight 8 --valueBytes 10000`;
    const child = new ChildProcess("sh", "-c", script);
    const { code, signal } = await child.ended;
    expect({ code, signal }).toEqual({ code: 3, signal: null });
    expectOneFailure(child.lines, /file too large/);
    await expectWholePrefix(directory, lastDurable(child.lines));
  });

  test("a file system that has no room for a while is told of, waited for and written to again", async () => {
    const directory = makeTempDirectory();
    // The store makes room by `pwritev`, which nothing else in it calls.
    const noRoom = ["-e", "inject=pwritev:error=ENOSPC:when=3..5"];
    const large = ["--batches", "200", "--valueBytes", "20000", "--lookMs", "20"];
    const child = strace(noRoom, "--directory", directory, "--inFlight", "8", ...large);
    expect(await child.ended).toMatchObject({ code: 0 });
    expect(child.lines.filter((line) => line.startsWith("full "))).toEqual(["full true", "full false"]);
    expect(child.lines.some((line) => line.startsWith("failure "))).toBe(false);
    await expectWholePrefix(directory, lastDurable(child.lines));
  });

  test("a failed fdatasync is reported once, and its batches are not on disk afterwards", async () => {
    const directory = makeTempDirectory();
    const child = strace(["-e", "inject=fdatasync:error=EIO:when=20+"], "--directory", directory, "--inFlight", "8");
    expect((await child.ended).code).toBe(3);
    expectOneFailure(child.lines, /Input\/output error/);
    await expectWholePrefix(directory, lastDurable(child.lines), 0);
  });

  test.each([
    ["well", ""],
    ["badly", ":error=EIO"],
  ])("a sync that takes too long is a failure, also when it ends %s later", async (_, error) => {
    const directory = makeTempDirectory();
    const slow = ["-e", `inject=fdatasync:delay_enter=1000000:when=20${error}`];
    const child = strace(slow, "--directory", directory, "--inFlight", "8", "--flushTimeoutMs", "200");
    expect((await child.ended).code).toBe(3);
    expectOneFailure(child.lines, /did not finish a write in time/);
    await expectWholePrefix(directory, lastDurable(child.lines));
  });
});

describe("the order of system calls", () => {
  test("one transaction per batch: pages, fdatasync, meta page by a synchronous write, and only then onDurable", async () => {
    const log = join(makeTempDirectory(), "trace");
    const directory = makeTempDirectory();
    const child = strace(["-o", log], "--directory", directory, "--batches", "25", "--fillers", "3000");
    expect((await child.ended).code).toBe(0);
    expect(child.lines.length).toBe(26);
    const commits = callsPerAcknowledgement(await readFile(log, "utf8"));
    expect(commits.length).toBe(25);
    // What opening the tables wrote stands before the first.
    for (const calls of commits.slice(1)) expect(calls).toEqual(["pages", "fdatasync", "meta", "durable"]);
    expect(commits[0]?.slice(-4)).toEqual(["pages", "fdatasync", "meta", "durable"]);
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

function expectKey(store: LmdbStore<Batch>, model: ReadonlyMap<string, string>, key: string): void {
  const value = store.get("objects", bytesOf(key));
  const text = value && textOf(value);
  // `expect` for each of 120,000 reads would take longer than all the rest.
  if (text !== model.get(key)) expect({ key, value: text }).toEqual({ key, value: model.get(key) });
}

function scanAll(store: LmdbStore<Batch>): string[] {
  return Array.from(
    store.scan("objects", bytesOf(""), bytesOf("~")),
    ([key, value]) => `${textOf(key)}=${textOf(value)}`,
  );
}

function sortedEntries(model: ReadonlyMap<string, string>): string[] {
  return [...model].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}=${value}`);
}

/** Runs the writer under strace, which a machine must have to show that this store keeps its main promise. */
function strace(options: readonly string[], ...settings: readonly string[]): ChildProcess {
  const traced = ["-f", "-e", "trace=openat,write,writev,pwrite64,pwritev,fdatasync", ...options];
  const quiet = options.includes("-o") ? [] : ["-o", "/dev/null"];
  return new ChildProcess("strace", ...traced, ...quiet, "node", writer, ...settings);
}

function lastDurable(lines: readonly string[]): number {
  const durable = lines.filter((line) => line.startsWith("durable ")).map((line) => Number(line.slice(8)));
  for (let at = 1; at < durable.length; at++) expect(durable[at]).toBe(durable[at - 1]! + 1);
  const last = durable.at(-1);
  if (last === undefined) throw new Error(`the writer made nothing durable: ${lines.join(", ")}`);
  return last;
}

/** After the failure come one read, which still works, and the end; a batch given back there would be a lie. */
function expectOneFailure(lines: readonly string[], reason: RegExp): void {
  const at = lines.findIndex((line) => !line.startsWith("durable "));
  expect(lines[at]).toMatch(/^failure STORAGE Writes to the store in .* are not durable any more: /);
  expect(lines[at]).toMatch(reason);
  expect(lines.slice(at + 1)).toEqual(["reads as before", "closed"]);
}

/**
 * The records are those of all batches up to one that is not older than `durable`, and both counters name that one.
 *
 * @param newerMax how many batches more than the acknowledged ones may be there
 */
async function expectWholePrefix(directory: string, durable: number, newerMax = Infinity): Promise<void> {
  const { store } = new LmdbHarness(ignoreEvents, {}, directory);
  const counterIn = (table: "objects" | "meta"): number => Number(textOf(store.get(table, bytesOf("counter"))!));
  const newest = counterIn("meta");
  expect(counterIn("objects")).toBe(newest);
  expect(newest).toBeGreaterThanOrEqual(durable);
  expect(newest - durable).toBeLessThanOrEqual(newerMax);
  const records = Array.from(store.scan("objects", bytesOf("record "), bytesOf("record ~")), ([key]) => textOf(key));
  const expected = Array.from({ length: newest + 1 }, (_, index) => `record ${index}`);
  expect(records.toSorted()).toEqual(expected.toSorted());
  await store.close();
}

/** What each acknowledgement was preceded by: finished calls only, repeated ones counted once. */
function callsPerAcknowledgement(trace: string): string[][] {
  const [, metaFile = ""] = /openat\([^)]*data\.mdb"[^)]*O_DSYNC[^)]*\) = (\d+)/.exec(trace) ?? [];
  const dataFiles = Array.from(trace.matchAll(/openat\([^)]*data\.mdb"[^)]*\) = (\d+)/g), ([, file = ""]) => file);
  const commits: string[][] = [];
  let calls: string[] = [];
  for (const line of finishedCalls(trace)) {
    const call = nameCall(line, metaFile, dataFiles);
    if (call !== undefined && call !== calls.at(-1)) calls.push(call);
    if (call === "durable") commits.push(calls.splice(0));
  }
  return commits;
}

/** Joins the halves of calls during which strace had another thread to report, and puts them where they finished. */
function* finishedCalls(trace: string): Generator<string> {
  const unfinished = new Map<string, string>();
  for (const line of trace.split("\n")) {
    const [, pid = "", call = ""] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    if (call.endsWith("<unfinished ...>")) unfinished.set(pid, call.replace("<unfinished ...>", ""));
    else yield call.replace(/^<\.\.\. \w+ resumed>/, () => unfinished.get(pid) ?? "");
  }
}

function nameCall(call: string, metaFile: string, dataFiles: readonly string[]): string | undefined {
  const { name = "", file = "", rest = "" } = /^(?<name>\w+)\((?<file>\d+)(?<rest>.*)$/.exec(call)?.groups ?? {};
  if (name === "write" && file === "1" && rest.startsWith(', "durable')) return "durable";
  if (!dataFiles.includes(file)) return undefined;
  if (name === "fdatasync") return rest.endsWith("= 0") ? "fdatasync" : "failed fdatasync";
  return file === metaFile ? "meta" : "pages";
}
