// node/io/disk-store.ts in a process of its own: killed, on a disk that fails, and watched while it writes.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { openDiskStore } from "../../../node/io/disk-store.ts";
import type { StoreEvents } from "../../../node/store.ts";
import { ChildProcess } from "../../child-process.ts";
import { bytesOf, textOf } from "../../contract/store.ts";
import { readLog, straceInto, type SystemCall } from "../../e2e/system-calls.ts";
import { makeTempDirectory } from "../../temp-directory.ts";

const writer = fileURLToPath(new URL("../../fixtures/store-writer.mjs", import.meta.url));
const ignoreEvents: StoreEvents = { onDurable: () => {}, onFailure: rethrow, onFull: () => {} };

describe("a process that is killed", () => {
  test.each([
    ["the log", "20000"],
    ["the tables", "50"],
  ])("it leaves all that it called durable, whole batches, and no gap in %s", async (_, rotateAtEntries) => {
    const directory = makeTempDirectory();
    for (let round = 0; round < 5; round++) {
      const options = ["--inFlight", "40", "--rotateAtEntries", rotateAtEntries];
      const child = new ChildProcess("node", writer, "--directory", directory, ...options);
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

  test.each(["log", "tables"] as const)("no room for a while in the %s is told of and waited for", async (where) => {
    const directory = makeTempDirectory();
    const large = ["--batches", "200", "--valueBytes", "20000", "--lookMs", "20", "--rotateAtEntries", "20"];
    const child = strace(failing(directory, where, "error=ENOSPC:when=3..5"), "--directory", directory, ...large);
    expect(await child.ended).toMatchObject({ code: 0 });
    expect(child.lines.filter((line) => line.startsWith("full "))).toEqual(["full true", "full false"]);
    expect(child.lines.some((line) => line.startsWith("failure "))).toBe(false);
    await expectWholePrefix(directory, lastDurable(child.lines));
  });

  test.each(["log", "tables"] as const)(
    "a failed write to the %s is reported once, and nothing is durable after it",
    async (where) => {
      const directory = makeTempDirectory();
      const busy = ["--inFlight", "8", "--rotateAtEntries", "20"];
      const child = strace(failing(directory, where, "error=EIO:when=20+"), "--directory", directory, ...busy);
      expect((await child.ended).code).toBe(3);
      expectOneFailure(child.lines, /EIO|Input\/output error/);
      await expectWholePrefix(directory, lastDurable(child.lines), where === "log" ? 0 : Infinity);
    },
  );

  test("a file of the log that cannot be cut is a failure like others", async () => {
    const directory = makeTempDirectory();
    const files = ["log.0", "log.1"].flatMap((name) => ["-P", join(directory, name)]);
    const options = [...files, "-e", "trace=ftruncate", "-e", "inject=ftruncate:error=EIO"];
    // A group of more than 40 MiB: a file is no longer when it is used again.
    const child = strace(options, "--directory", directory, "--inFlight", "5", "--valueBytes", "10000000");
    expect((await child.ended).code).toBe(3);
    expectOneFailure(child.lines, /EIO/);
    await expectWholePrefix(directory, lastDurable(child.lines));
  });

  test.each([
    ["log", "well", ""],
    ["log", "badly", ":error=EIO"],
    ["tables", "well", ""],
    ["tables", "badly", ":error=EIO"],
  ] as const)(
    "a write to the %s that takes too long is a failure, also when it ends %s later",
    async (where, _, error) => {
      const directory = makeTempDirectory();
      const slow = failing(directory, where, `delay_enter=1000000:when=20${error}`);
      const options = ["--inFlight", "8", "--flushTimeoutMs", "200", "--rotateAtEntries", "20"];
      const child = strace(slow, "--directory", directory, ...options);
      expect((await child.ended).code).toBe(3);
      expectOneFailure(child.lines, /did not finish a write in time/);
      await expectWholePrefix(directory, lastDurable(child.lines));
    },
  );
});

describe("the order of system calls", () => {
  test("a group is one write to the log, which is on disk when it returns, and only then onDurable", async () => {
    const calls = await callsOf("--batches", "25", "--fillers", "500");
    const groups = Array.from({ length: 25 }, (_, at) => [at === 0 ? "segment begun" : "log written", "durable"]);
    expect(calls).toEqual(groups.flat());
  });

  test("a segment of the log is written over when the tables are synced, and named by a synced meta page", async () => {
    // Twenty keys are one transaction. The first two segments were empty before.
    const calls = await callsOf("--batches", "200", "--rotateAtEntries", "20");
    let begun = 0;
    let moved = 0;
    for (const [at, call] of calls.entries()) {
      if (call === "tables named") {
        expect(calls.slice(0, at).findLast((before) => before.startsWith("tables"))).toBe("tables synced");
        moved++;
      }
      if (call === "segment begun") expect(moved).toBeGreaterThanOrEqual(++begun - 2);
    }
    expect(begun).toBeGreaterThan(5);
  });
});

function rethrow(error: Error): void {
  throw error;
}

/** What makes writes to the log, or to the tables, fail; others are not looked at. */
function failing(directory: string, where: "log" | "tables", how: string): readonly string[] {
  const files = where === "log" ? ["log.0", "log.1"] : ["data.mdb"];
  // The store makes room in the file of the tables by `pwritev`, which nothing else in it calls, and syncs it by `fdatasync`.
  const call = where === "log" ? "pwrite64" : how.includes("ENOSPC") ? "pwritev" : "fdatasync";
  return [
    ...files.flatMap((name) => ["-P", join(directory, name)]),
    "-e",
    `trace=${call}`,
    "-e",
    `inject=${call}:${how}`,
  ];
}

/** Runs the writer under strace, which a machine must have to show that this store keeps its main promise. */
function strace(options: readonly string[], ...settings: readonly string[]): ChildProcess {
  const quiet = options.includes("-o") ? [] : ["-o", "/dev/null"];
  // Strace counts by thread: with one, "the twentieth" is what it says.
  return new ChildProcess(
    "strace",
    "-f",
    "-E",
    "UV_THREADPOOL_SIZE=1",
    ...options,
    ...quiet,
    "node",
    writer,
    ...settings,
  );
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
  const store = openDiskStore(directory, ignoreEvents);
  onTestFinished(() => store.close());
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

/** What the writer does with its files from the first group on, in the order in which it was finished. */
async function callsOf(...settings: readonly string[]): Promise<readonly string[]> {
  const log = join(makeTempDirectory(), "trace");
  const [command = "", ...args] = straceInto(log);
  const child = new ChildProcess(command, ...args, "node", writer, "--directory", makeTempDirectory(), ...settings);
  expect((await child.ended).code).toBe(0);
  const calls = readLog(log).toSorted((a, b) => a.endsAt - b.endsAt);
  const opened = calls.filter(({ name, text }) => name === "openat" && text.includes("O_DSYNC"));
  const synchronous = new Set(opened.map(({ result }) => result));
  const named = calls.map((call) => nameOf(call, synchronous));
  return named.slice(named.indexOf("segment begun")).filter((name) => name !== undefined);
}

function nameOf({ name, file, path, text, result }: SystemCall, synchronous: ReadonlySet<number>): string | undefined {
  if (name === "write" && file === 1 && text.includes('"durable')) return "durable";
  const isWrite = name.startsWith("pwrite") || name === "writev";
  if (/log\.[01]$/.test(path) && isWrite && synchronous.has(file))
    return text.endsWith(", 512") ? "segment begun" : "log written";
  if (!path.endsWith("data.mdb")) return undefined;
  if (name === "fdatasync") return result === 0 ? "tables synced" : undefined;
  if (isWrite) return synchronous.has(file) ? "tables named" : "tables written";
  return undefined;
}
