// node/io/disk-store.ts where its parts get in each other's way: what is held back here, a test lets go at the worst moment.
import { readdirSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { openDiskStore, type DiskStore, type DiskStoreOptions } from "../../../node/io/disk-store.ts";
import { LmdbTables } from "../../../node/io/lmdb-tables.ts";
import * as directories from "../../../node/io/sync-directory.ts";
import { WriteAheadLog } from "../../../node/io/write-ahead-log.ts";
import type { Batch, StoreEvents } from "../../../node/store.ts";
import { bytesOf, put, textOf, turn } from "../../contract/store.ts";
import { makeTempDirectory } from "../../temp-directory.ts";

vi.mock("../../../node/io/sync-directory.ts", { spy: true });

const mebibyte = 2 ** 20;

describe("closing", () => {
  test("a log that waits for tables without room takes what was submitted, and does not wait for them", async () => {
    const { store, durable } = await withLongLog();
    await store.close();
    expect(durable.length).toBe(5);
  });

  test("it waits for a write that is tried again, and for all behind it: nothing is written once it is over", async () => {
    const writes = holdLog();
    const { store, durable } = open(makeTempDirectory(), { lookMs: 5 });
    store.commit({ writes: [put("a", "1")] });
    await until(() => writes.length === 1);
    store.commit({ writes: [put("b", "1")] });
    writes.shift()!.fail(Object.assign(new Error("no room"), { code: "ENOSPC" }));
    await until(() => writes.length === 1);
    let isClosed = false;
    const closing = store.close().then(() => (isClosed = true));
    await turn();
    expect({ isClosed, durable: durable.length }).toEqual({ isClosed: false, durable: 0 });
    writes.shift()!.goOn();
    await until(() => writes.length === 1);
    expect({ isClosed, durable: durable.length }).toEqual({ isClosed: false, durable: 1 });
    writes.shift()!.goOn();
    await closing;
    expect(durable.length).toBe(2);
  });

  test("once a move into the tables hangs, and ends later, it touches no file that was closed meanwhile", async () => {
    let end = (): void => {};
    const hanging = new Promise<void>((resolve) => (end = resolve));
    const write = vi.spyOn(LmdbTables.prototype, "write").mockReturnValue(hanging);
    const look = vi.spyOn(LmdbTables.prototype, "hasRoomFor");
    onTestFinished(() => void vi.restoreAllMocks());
    const { store, failures } = open(makeTempDirectory(), { flushTimeoutMs: 50, rotateAtEntries: 600 });
    store.commit({ writes: Array.from({ length: 600 }, (_, at) => put(`key ${at}`, "1")) });
    await until(() => store.pendingBytes === 0);
    store.commit({ writes: [put("more", "1")] });
    await until(() => failures.length === 1);
    await store.close();
    expect([write.mock.calls.length, look.mock.calls.length]).toEqual([1, 1]);
    end();
    await turn();
    expect(look.mock.calls.length).toBe(1);
  });
});

test("reads go on until it is closed, and are refused from then on", async () => {
  const { store } = open(await directoryToMove(), { lookMs: 2 });
  const read = (): unknown => store.get("objects", bytesOf("none"));
  const write = vi.spyOn(LmdbTables.prototype, "write");
  onTestFinished(() => write.mockRestore());
  await until(() => write.mock.settledResults.at(-1)?.type === "fulfilled");
  const closing = store.close();
  for (let step = 0; step < 20; step++) {
    expect(() => read() ?? [...store.scan("objects", bytesOf("a"), bytesOf("b"))]).toThrow("The store is closed.");
    await Promise.resolve();
  }
  await closing;
  expect(read).toThrow(expect.objectContaining({ code: "CLOSED" }));
  // Long enough for a timer of lmdb-js that would end the process.
  await new Promise((resolve) => setTimeout(resolve, 5));
});

describe("opening", () => {
  test("nothing is told before whoever opens it has it", async () => {
    const directory = await directoryToMove();
    holdTables();
    let isOpen = false;
    const told: boolean[] = [];
    const { store } = open(directory, { lookMs: 5 }, { onFull: () => told.push(isOpen) });
    isOpen = true;
    await until(() => store.isFull);
    expect(told).toEqual([true]);
  });

  test("it may be closed at once, with a log that is to be moved", async () => {
    const directory = await directoryToMove();
    for (let times = 0; times < 3; times++) await open(directory).store.close();
    expect(textOf(open(directory).store.get("objects", bytesOf("key 1"))!)).toBe("1");
  });

  test("one that fails at its end leaves no file open", async () => {
    const directory = makeTempDirectory();
    vi.mocked(directories.syncDirectory).mockImplementationOnce(() => {
      throw new Error("cannot be synced");
    });
    expect(() => open(directory)).toThrow(/cannot be opened: cannot be synced/);
    await until(() => openFilesIn(directory).length === 0);
    await open(directory).store.close();
  });

  test("tables that are gone, while the log has more, are a damage and no new store", async () => {
    const directory = await directoryToMove();
    rmSync(join(directory, "data.mdb"));
    expect(() => open(directory)).toThrow(/its tables are gone.* start with an empty directory/);
    expect(openFilesIn(directory)).toEqual([]);
  });
});

test("a log that came to rest while the tables had no room is moved when they have some", async () => {
  const directory = await directoryToMove();
  const tables = holdTables();
  const write = vi.spyOn(LmdbTables.prototype, "write");
  onTestFinished(() => write.mockRestore());
  const { store } = open(directory, { lookMs: 2 });
  await until(() => tables.looks() > 20);
  tables.letGo();
  const moved = (): unknown[] => write.mock.calls.flatMap(([writes]) => writes.map(({ key }) => textOf(key)));
  await until(() => moved().includes("key 2"));
  expect(textOf(store.get("objects", bytesOf("key 2"))!)).toBe("2");
});

test("a log that has become far too long waits for the tables, and goes on when they have caught up", async () => {
  const { store, durable, tables } = await withLongLog();
  expect(store.pendingBytes).toBeGreaterThan(0);
  tables.letGo();
  await until(() => store.pendingBytes === 0);
  expect(durable.length).toBe(5);
});

/** Two batches wait in it for the log, and the log for tables that have no room. */
async function withLongLog(): Promise<Opened & { readonly tables: ReturnType<typeof holdTables> }> {
  const tables = holdTables();
  const opened = open(makeTempDirectory(), { lookMs: 5 });
  const sizes = [33 * mebibyte, 1, 65 * mebibyte, 1, 1];
  for (const [at, size] of sizes.entries()) {
    opened.store.commit({ writes: [put(`key ${at}`, "x".repeat(size))] });
    if (at < 3) await until(() => opened.durable.length === at + 1);
  }
  const looks = tables.looks();
  await until(() => tables.looks() > looks + 5);
  expect(opened.durable.length).toBe(3);
  return { ...opened, tables };
}

interface Opened {
  readonly store: DiskStore<Batch>;
  readonly durable: readonly Batch[];
  readonly failures: readonly Error[];
}

function open(directory: string, options: DiskStoreOptions = {}, events: Partial<StoreEvents> = {}): Opened {
  const durable: Batch[] = [];
  const failures: Error[] = [];
  const store = openDiskStore<Batch>(
    directory,
    {
      onDurable: (batches) => durable.push(...batches),
      onFailure: (error) => failures.push(error),
      onFull: () => {},
      ...events,
    },
    options,
  );
  onTestFinished(() => store.close());
  return { store, durable, failures };
}

/** Its log has one segment that is full, with "key 1", and one that is not, with "key 2". */
async function directoryToMove(): Promise<string> {
  const directory = makeTempDirectory();
  const { store, durable } = open(directory, { rotateAtEntries: 1 });
  for (let at = 0; at < 3; at++) {
    store.commit({ writes: [put(`key ${at}`, `${at}`)] });
    await until(() => durable.length === at + 1);
  }
  await store.close();
  return directory;
}

/** As if the disk had no room for the tables. */
function holdTables(): { looks(): number; letGo(): void } {
  const look = vi.spyOn(LmdbTables.prototype, "hasRoomFor").mockReturnValue(false);
  onTestFinished(() => look.mockRestore());
  return { looks: () => look.mock.calls.length, letGo: () => look.mockRestore() };
}

interface HeldWrite {
  goOn(): void;
  fail(error: Error): void;
}

/** Writes to the log wait in the list that is returned. */
function holdLog(): HeldWrite[] {
  const held: HeldWrite[] = [];
  const { write } = Object.getOwnPropertyDescriptors(WriteAheadLog.prototype);
  const hold = vi.spyOn(WriteAheadLog.prototype, "write").mockImplementation(function (this: WriteAheadLog, onWritten) {
    held.push({ goOn: () => write.value?.call(this, onWritten), fail: onWritten });
  });
  onTestFinished(() => hold.mockRestore());
  return held;
}

function until(isMet: () => boolean): Promise<void> {
  return vi.waitFor(() => expect(isMet()).toBe(true), { timeout: 5000, interval: 1 });
}

function openFilesIn(directory: string): readonly string[] {
  const files = readdirSync("/proc/self/fd").flatMap((name) => {
    try {
      return [readlinkSync(join("/proc/self/fd", name))];
    } catch {
      return []; // closed meanwhile, like the one through which this was read
    }
  });
  return files.filter((path) => path.startsWith(directory));
}
