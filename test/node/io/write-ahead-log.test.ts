// node/io/write-ahead-log.ts and log-segment.ts: what is found after a start, whatever the last one has left of its files.
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { CommitGroup } from "../../../node/io/commit-group.ts";
import { hashOf } from "../../../node/io/key-hash.ts";
import type { WalkedEntry } from "../../../node/io/overlay.ts";
import { logNames, WriteAheadLog } from "../../../node/io/write-ahead-log.ts";
import type { Batch, Write } from "../../../node/store.ts";
import { bytesOf, put, remove, textOf } from "../../contract/store.ts";
import { makeTempDirectory } from "../../temp-directory.ts";

const sector = 512;

test("what was written is found, the last of each key, over both segments and after any number of starts", async () => {
  const directory = makeTempDirectory();
  let log = open(directory);
  await write(log, put("a", "1"), put("b", "1"));
  await write(log, put("a", "2"), remove("c"));
  log.rotate();
  await write(log, remove("b"), put("d", ""));
  for (let start = 0; start < 3; start++) {
    log.close();
    log = open(directory);
    expect(contents(log)).toEqual({ a: "2", b: undefined, c: undefined, d: "" });
    expect(log.full).toBeDefined();
    await write(log, put("a", "2"));
  }
});

test("a segment that was freed is used again, and what it had before is not found", async () => {
  const directory = makeTempDirectory();
  let log = open(directory);
  for (let use = 0; use < 7; use++) {
    for (let at = 0; at <= 7 - use; at++) await write(log, put(`${use} ${at}`, "x".repeat(1000)));
    if (log.full !== undefined) log.free();
    if (use % 2 === 0) {
      log.close();
      log = open(directory);
    }
    // After a start the segment that was free may be full again: its entries are in the tables, and may be moved once more.
    if (log.full !== undefined) log.free();
    expect(Object.keys(contents(log)).every((key) => key.startsWith(`${use} `))).toBe(true);
    log.rotate();
  }
});

test("a start before the first frame of a segment, after its turn, finds the other one", async () => {
  const directory = makeTempDirectory();
  const log = open(directory);
  await write(log, put("a", "1"));
  log.rotate();
  log.close();
  const next = open(directory);
  expect(contents(next)).toEqual({ a: "1" });
  await write(next, put("a", "2"));
  next.close();
  expect(contents(open(directory))).toEqual({ a: "2" });
});

test("a file that has grown long for once is cut when it is used again", async () => {
  const directory = makeTempDirectory();
  const log = open(directory);
  for (let at = 0; at < 5; at++) await write(log, put("a", "x".repeat(10_000_000)));
  expect(statSync(join(directory, "log.0")).size + statSync(join(directory, "log.1")).size).toBeGreaterThan(50_000_000);
  log.rotate();
  await write(log, put("b", "1"));
  log.free();
  log.rotate();
  await write(log, put("c", "1"));
  expect(statSync(join(directory, "log.0")).size + statSync(join(directory, "log.1")).size).toBeLessThan(43_000_000);
  log.close();
  expect(contents(open(directory))).toEqual({ b: "1", c: "1" });
});

describe("a walk", () => {
  test("sees what was there when it began, while keys are written over, added, and the segment is used again", async () => {
    const log = open(makeTempDirectory());
    await write(log, put("a", "1"), put("c", "1"), remove("e"), put("g", "1"));
    await write(log, put("c", "2"));
    const walk = log.segments[0]!.walk("objects", bytesOf("a"), bytesOf("g"));
    expect(named(walk.next().value)).toEqual(["a", "1"]);
    for (let round = 0; round < 3; round++)
      await write(log, put("b", "3"), put("c", `${round}`.repeat(200_000)), put("e", "3"));
    expect(named(walk.next().value)).toEqual(["c", "2"]);
    log.rotate();
    await write(log, put("e", "4"));
    log.free();
    expect(named(walk.next().value)).toEqual(["e", undefined]);
    expect(walk.next().done).toBe(true);
  });
});

describe("after a crash", () => {
  test("a last frame of which any sector is missing is written over, and all before it is there", async () => {
    const { directory, sectors } = await twoSegments();
    for (const { file, at } of sectors.filter(({ group }) => group === "last")) {
      const copy = copyOf(directory);
      spoil(join(copy, file), at);
      const log = open(copy);
      expect(contents(log)).toEqual({ first: "1", second: "2", third: "3" });
      await write(log, put("last", "again"));
      log.close();
      expect(contents(open(copy))).toEqual({ first: "1", second: "2", third: "3", last: "again" });
    }
  });

  test("so is a long one, of which a sector anywhere is missing", async () => {
    const directory = makeTempDirectory();
    const log = open(directory);
    await write(log, put("first", "1"));
    const from = log.segments[0]!.bytes;
    await write(log, put("last", "x".repeat(1_000_000)));
    const end = log.segments[0]!.bytes;
    log.close();
    const file = logNames.find((name) => readFileSync(join(directory, name)).includes("first"))!;
    for (const at of [from, from + 200 * sector, from + 600 * sector, from + 1500 * sector, end - sector]) {
      const copy = copyOf(directory);
      spoil(join(copy, file), at);
      expect(contents(open(copy))).toEqual({ first: "1" });
    }
  });

  test("a file that ends in the middle of its last frame is one that was cut short by the crash", async () => {
    const { directory, sectors } = await twoSegments();
    const { file, at } = sectors.find(({ group }) => group === "last")!;
    truncateSync(join(directory, file), at + 7);
    expect(contents(open(directory))).toEqual({ first: "1", second: "2", third: "3" });
  });

  test("any other frame that is broken was acknowledged: the log is refused, with advice", async () => {
    const { directory, sectors } = await twoSegments();
    const acknowledged = sectors.filter(({ group }) => group !== "last");
    expect(acknowledged.length).toBeGreaterThan(5);
    for (const { file, at } of acknowledged) {
      const copy = copyOf(directory);
      spoil(join(copy, file), at);
      expect(() => open(copy)).toThrow(/its log is damaged.* start with an empty directory/);
    }
  });

  test.each(logNames)("so is %s when its beginning is not that of a log", async (name) => {
    const { directory } = await twoSegments();
    spoil(join(directory, name), 0);
    expect(() => open(directory)).toThrow("its log is damaged");
  });

  test.each([
    ["gone", rmSync],
    ["cut to nothing", truncateSync],
  ])("so is the log when a file is %s that was in use before the other began", async (_, lose) => {
    const directory = makeTempDirectory();
    const log = open(directory);
    for (const value of ["1", "2", "3"]) {
      await write(log, put("a", value));
      log.free();
      log.rotate();
    }
    await write(log, put("a", "4"));
    log.close();
    for (const name of logNames) {
      const copy = copyOf(directory);
      lose(join(copy, name));
      expect(() => open(copy)).toThrow("its log is damaged");
    }
  });

  test("a file that the crash kept from getting its header is made anew", async () => {
    for (const bytes of [0, 100, sector]) {
      const directory = makeTempDirectory();
      writeFileSync(join(directory, "log.1"), new Uint8Array(bytes));
      const log = open(directory);
      await write(log, put("a", "1"));
      log.close();
      expect(contents(open(directory))).toEqual({ a: "1" });
    }
  });

  test("a value that looks like the frames of this very log is a value", async () => {
    // Whoever could write one would be believed to have written others, or keep the node from starting.
    const directory = makeTempDirectory();
    const log = open(directory);
    for (let at = 0; at < 300; at++) await write(log, put("b", "x"));
    const end = log.segments[0]!.bytes;
    log.close();
    const path = logNames.map((name) => join(directory, name)).find((file) => statSync(file).size > sector)!;
    // Of a number that the victim does not reach.
    const foreign = readFileSync(path).subarray(end - sector, end);
    const other = makeTempDirectory();
    const victim = open(other);
    // At each offset of a sector, so that it stands at the beginning of one.
    const text = Buffer.concat([foreign, foreign, foreign, foreign]);
    for (let shift = 0; shift < sector; shift += 8)
      await write(victim, { table: "objects", key: Buffer.from("v"), value: text.subarray(shift) });
    victim.rotate();
    await write(victim, put("c", "1"));
    victim.free();
    victim.close();
    expect(Object.keys(contents(open(other))).toSorted()).toEqual(["c", "v"]);
  });

  test("any groups, turns, starts and one broken sector: all, all but the last group, or a refusal", async () => {
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          keys: fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 }),
          bytes: fc.integer({ min: 0, max: 900 }),
        }),
      },
      { weight: 2, arbitrary: fc.constantFrom("turn" as const, "free" as const, "start" as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20, size: "max" }), fc.nat(), async (steps, where) => {
        const directory = makeTempDirectory();
        let log = open(directory);
        let before: Contents = {};
        let now: Contents = {};
        for (const [at, step] of steps.entries()) {
          if (step === "turn" && log.full === undefined && log.activeEntries > 0) log.rotate();
          if (step === "free" && log.full !== undefined) log.free();
          if (step === "start") {
            log.close();
            log = open(directory);
          }
          if (typeof step === "string") continue;
          const writes = step.keys.map((key) => put(key, `${at} ${"x".repeat(step.bytes)}`));
          await write(log, ...writes);
          before = now;
          now = Object.assign(
            {},
            now,
            ...writes.map(({ key, value }) => ({ [textOf(key)]: textOf(value!) })),
          ) as Contents;
        }
        log.close();
        expectWhatIsThere(contents(open(directory)), now);
        const file = join(directory, logNames[where % 2]!);
        spoil(file, Math.floor((where % statSync(file).size) / sector) * sector);
        expectAllOrAllButOne(directory, now, before);
      }),
      { numRuns: 150 },
    );
  });
});

/** What is found may lack what was freed, and must not be other than what was written. */
function expectWhatIsThere(found: Contents, written: Contents): void {
  for (const [key, value] of Object.entries(found)) expect(value).toBe(written[key]);
}

function expectAllOrAllButOne(directory: string, now: Contents, before: Contents): void {
  let found: Contents;
  try {
    found = contents(open(directory));
  } catch (error) {
    return expect(error).toHaveProperty("message", expect.stringContaining("its log is damaged")) as undefined;
  }
  const isAll = Object.entries(found).every(([key, value]) => value === now[key]);
  const isAllButLast = Object.entries(found).every(([key, value]) => value === before[key]);
  expect(isAll || isAllButLast).toBe(true);
}

type Contents = Readonly<Record<string, string | undefined>>;

/** Four groups in both segments, each of several sectors, and where each stands. */
async function twoSegments(): Promise<{
  readonly directory: string;
  readonly sectors: readonly { readonly file: string; readonly at: number; readonly group: string }[];
}> {
  const directory = makeTempDirectory();
  const log = open(directory);
  const sectors: { file: string; at: number; group: string }[] = [];
  const groups = ["first", "second", "third", "last"];
  for (const [index, group] of groups.entries()) {
    if (group === "third") log.rotate();
    const from = log.segments[0]!.bytes;
    const padding: Write = put(`padding ${group}`, "x".repeat(1200));
    await write(log, put(group, `${index + 1}`), { ...padding, table: "meta" });
    const file = index < 2 ? "log.0" : "log.1";
    for (let at = from; at < log.segments[0]!.bytes; at += sector) sectors.push({ file, at, group });
  }
  log.close();
  // Which file is used first is for the log to say.
  const isTurned = readFileSync(join(directory, "log.0")).includes("third");
  return { directory, sectors: sectors.map((it) => ({ ...it, file: isTurned ? otherName(it.file) : it.file })) };
}

function otherName(name: string): string {
  return name === "log.0" ? "log.1" : "log.0";
}

function open(directory: string): WriteAheadLog {
  const log = new WriteAheadLog(directory);
  onTestFinished(() => {
    try {
      log.close();
    } catch {
      // closed by the test
    }
  });
  return log;
}

async function write(log: WriteAheadLog, ...writes: readonly Write[]): Promise<void> {
  const group = new CommitGroup<Batch>();
  group.add({ writes });
  log.append(group);
  await new Promise<void>((resolve, reject) => log.write((error) => (error === null ? resolve() : reject(error))));
}

/** What reads find in `objects`. */
function contents(log: WriteAheadLog): Contents {
  const found: Record<string, string | undefined> = {};
  for (const segment of log.segments.toReversed())
    for (const [key, value] of segment.walk("objects", bytesOf(""), bytesOf("~"))) {
      expect(segment.find("objects", key, hashOf(key))).toBeGreaterThan(0);
      found[textOf(key)] = value && textOf(value);
    }
  return found;
}

function named(entry: WalkedEntry | void): unknown {
  return entry && [textOf(entry[0]), entry[1] && textOf(entry[1])];
}

function copyOf(directory: string): string {
  const copy = makeTempDirectory();
  mkdirSync(copy, { recursive: true });
  for (const name of logNames) copyFileSync(join(directory, name), join(copy, name));
  return copy;
}

/** Turns over every bit of a sector. */
function spoil(path: string, at: number): void {
  const bytes = readFileSync(path);
  for (let index = at; index < Math.min(at + sector, bytes.length); index++) bytes[index] = 255 - bytes[index]!;
  writeFileSync(path, bytes);
}
