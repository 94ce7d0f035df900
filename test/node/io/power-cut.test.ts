/**
 * node/io/write-ahead-log.ts on a disk that forgets. Its files are as the page cache has them; beside them stands what is on disk.
 * A write that returns puts its own sectors there. A killed process leaves some of its last write in the page cache, and on disk
 * nothing; when the power is cut, any of the sectors that differ have reached the disk, and a file is as long as before or as now.
 */
import * as fs from "node:fs";
import { basename, join } from "node:path";
import * as fc from "fast-check";
import { expect, onTestFinished, test, vi } from "vitest";
import { CommitGroup } from "../../../node/io/commit-group.ts";
import { logNames, WriteAheadLog } from "../../../node/io/write-ahead-log.ts";
import type { Batch, Write } from "../../../node/store.ts";
import { Random } from "../../../src/random.ts";
import { bytesOf, put, remove, textOf } from "../../contract/store.ts";
import { makeTempDirectory } from "../../temp-directory.ts";

/** Of the disk of the running test. */
const hooks = vi.hoisted(() => ({ write: undefined as unknown, onSynced: undefined as unknown }));

vi.mock("node:fs", async (original) => {
  const real = await original<typeof fs>();
  const writeSync = (...parameters: FileWrite): number => {
    const bytes = real.writeSync(...parameters);
    (hooks.onSynced as OnSynced | undefined)?.(parameters);
    return bytes;
  };
  const write = (...parameters: readonly [...FileWrite, OnWritten]): void => {
    const onWritten = parameters[5];
    (hooks.write as typeof write)(...(parameters.slice(0, 5) as unknown as FileWrite), onWritten);
  };
  return { ...real, writeSync, write };
});

type FileWrite = readonly [file: number, image: Uint8Array, offset: number, length: number, position: number];
type OnWritten = (error: Error | null, bytes: number) => void;
type OnSynced = (write: FileWrite) => void;
type Contents = ReadonlyMap<string, string>;
type Fate = "done" | "killed" | "cut";

const sector = 512;
const page = 4096;

const fate = fc.constantFrom<Fate>("done", "done", "done", "done", "killed", "cut");
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      keys: fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 3 }),
      bytes: fc.oneof(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 0, max: 20_000 })),
      fate,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("rotate" as const, "free" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("end" as const), fate }) },
);

test("whatever is killed, and whenever the power is cut: all that was acknowledged is there, in whole groups", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), fc.nat(), async (steps, seed) => {
      const machine = new Machine(makeTempDirectory(), new Random(seed));
      for (const [at, step] of steps.entries()) {
        if (step.kind === "write")
          await machine.write(
            step.keys.map((key) => writeOf(key, at, step.bytes)),
            step.fate,
          );
        else if (step.kind === "end") machine.end(step.fate);
        else machine[step.kind]();
      }
      machine.end("cut");
    }),
    { numRuns: 300 },
  );
}, 60_000);

/**
 * Every sector of a value tells which write it is of. Where two frames that nobody was told of end in the same bytes, the second, cut off
 * in its turn, can complete the first, which then rises: a write of unknown outcome that happened late, and not what is looked for here.
 */
function writeOf(key: string, at: number, bytes: number): Write {
  return bytes % 5 === 0 ? remove(key) : put(key, `${at} `.repeat(1 + bytes / 2));
}

/** A log, the tables behind it, and what must be in both together. */
class Machine {
  readonly #directory: string;
  readonly #disk: Disk;
  #tables: Contents = new Map();
  #expected: Contents = new Map();
  /** Of a group that nobody was told of. */
  #possible: Contents | undefined;
  #log: WriteAheadLog;

  constructor(directory: string, random: Random) {
    this.#directory = directory;
    this.#disk = new Disk(directory, random);
    this.#log = this.#start();
  }

  async write(writes: readonly Write[], fate: Fate): Promise<void> {
    const group = new CommitGroup<Batch>();
    group.add({ writes });
    this.#log.append(group);
    const next = applied(
      this.#expected,
      writes.map(({ key, value }) => [textOf(key), value] as const),
    );
    this.#disk.isDying = fate !== "done";
    const isWritten = await new Promise<boolean>((resolve) => {
      this.#disk.onDeath = () => resolve(false);
      this.#log.write((error) => (expect(error).toBeNull(), resolve(true)));
    });
    if (isWritten) this.#expected = next;
    else this.#possible = next;
    if (fate !== "done") this.end(fate);
  }

  rotate(): void {
    if (this.#log.full === undefined && this.#log.activeEntries > 0) this.#log.rotate();
  }

  free(): void {
    const { full } = this.#log;
    if (full === undefined) return;
    for (const piece of full.pieces(2, 1000))
      this.#tables = applied(
        this.#tables,
        piece.map(({ key, value }) => [textOf(key), value] as const),
      );
    this.#log.free();
  }

  /** And starts again. */
  end(fate: Fate): void {
    this.#log.close();
    this.#disk.isDying = false;
    if (fate === "cut") this.#disk.cutPower();
    this.#log = this.#start();
    let found = this.#tables;
    for (const segment of this.#log.segments.toReversed())
      found = applied(
        found,
        Array.from(segment.walk("objects", bytesOf(""), bytesOf("~")), ([key, value]) => [textOf(key), value] as const),
      );
    if (this.#possible !== undefined && isSame(found, this.#possible)) this.#expected = this.#possible;
    this.#possible = undefined;
    expect(isSame(found, this.#expected)).toBe(true);
  }

  #start(): WriteAheadLog {
    const log = new WriteAheadLog(this.#directory);
    onTestFinished(() => {
      try {
        log.close();
      } catch {
        // closed by the test
      }
    });
    return log;
  }
}

class Disk {
  /** The next writes are the last ones: one of them, or a part of it. */
  isDying = false;
  onDeath: () => void = () => {};
  readonly #directory: string;
  readonly #random: Random;
  readonly #onDisk = new Map<string, Buffer>(logNames.map((name) => [name, Buffer.alloc(0)]));

  constructor(directory: string, random: Random) {
    this.#directory = directory;
    this.#random = random;
    hooks.onSynced = (write: FileWrite) => this.#sync(write);
    hooks.write = (...[file, image, offset, length, position, onWritten]: [...FileWrite, OnWritten]) => {
      const dies = this.isDying && this.#random.between(0, 1) === 0;
      if (!dies) return setImmediate(onWritten, null, fs.writeSync(file, image, offset, length, position));
      this.isDying = false;
      // A process is killed between two pages of a write.
      const kept = Math.min(length, this.#random.between(0, 1) === 0 ? length : this.#random.between(0, 3) * page);
      fs.writevSync(file, [image.subarray(offset, offset + kept)], position);
      return setImmediate(this.onDeath);
    };
  }

  cutPower(): void {
    for (const [name, old] of this.#onDisk) {
      const path = join(this.#directory, name);
      const cached = fs.readFileSync(path);
      const length = this.#random.between(0, 1) === 0 ? old.length : Math.max(old.length, cached.length);
      const left = lengthened(old, length);
      for (let at = 0; at < length; at += sector)
        if (this.#random.between(0, 2) === 0) cached.copy(left, at, at, Math.min(at + sector, length));
      fs.writeFileSync(path, left);
      this.#onDisk.set(name, left);
    }
  }

  #sync([file, image, offset, length, position]: FileWrite): void {
    const name = basename(fs.readlinkSync(`/proc/self/fd/${file}`));
    const old = this.#onDisk.get(name);
    if (old === undefined) return;
    const bytes = lengthened(old, Math.max(old.length, position + length));
    bytes.set(image.subarray(offset, offset + length), position);
    this.#onDisk.set(name, bytes);
  }
}

function lengthened(bytes: Buffer, length: number): Buffer {
  const longer = Buffer.alloc(length);
  bytes.copy(longer);
  return longer;
}

function applied(
  contents: Contents,
  entries: readonly (readonly [name: string, value: Uint8Array | undefined])[],
): Contents {
  const next = new Map(contents);
  for (const [name, value] of entries) {
    if (value === undefined) next.delete(name);
    else next.set(name, textOf(value));
  }
  return next;
}

function isSame(a: Contents, b: Contents): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
