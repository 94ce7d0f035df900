// node/io/data-file.ts: LMDB never meets the end of a disk, because its file is long enough before it writes.
import { readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { DataFile, fillLockFile } from "../../../node/io/data-file.ts";
import { canMountSmallDisks, SmallDisk } from "../../small-disk.ts";
import { makeTempDirectory } from "../../temp-directory.ts";

const mega = 1024 * 1024;

function openIn(directory: string): { readonly file: DataFile; readonly size: () => number } {
  writeFileSync(join(directory, "data.mdb"), "pages");
  const file = new DataFile(directory);
  onTestFinished(() => file.close());
  return { file, size: () => statSync(join(directory, "data.mdb")).size };
}

test("the file becomes as long as is asked for, with zeros behind what was there", () => {
  const directory = makeTempDirectory();
  const { file, size } = openIn(directory);
  expect(file.reach(3 * mega + 1)).toBe(true);
  expect(size()).toBeGreaterThanOrEqual(3 * mega + 1);
  const bytes = readFileSync(join(directory, "data.mdb"));
  expect(bytes.subarray(0, 5).toString()).toBe("pages");
  expect(bytes.subarray(5).every((byte) => byte === 0)).toBe(true);
});

test("what LMDB has appended meanwhile is not written over", () => {
  const directory = makeTempDirectory();
  const { file } = openIn(directory);
  writeFileSync(join(directory, "data.mdb"), "pages and more pages");
  file.reach(mega);
  expect(readFileSync(join(directory, "data.mdb")).subarray(0, 20).toString()).toBe("pages and more pages");
});

test("small steps do not cost a call each", () => {
  const { file, size } = openIn(makeTempDirectory());
  file.reach(1000);
  const before = size();
  file.reach(2000);
  file.reach(mega / 8);
  expect(size()).toBe(before);
});

test("the lock file keeps its bytes, and has no holes", () => {
  const directory = makeTempDirectory();
  const path = join(directory, "lock.mdb");
  fillLockFile(directory);
  expect(statSync(path).blocks * 512).toBeGreaterThanOrEqual(16_384);
  writeFileSync(path, "locks");
  truncateSync(path, 8272);
  fillLockFile(directory);
  expect(readFileSync(path).subarray(0, 5).toString()).toBe("locks");
  expect(statSync(path).blocks * 512).toBeGreaterThanOrEqual(8272);
});

describe.runIf(canMountSmallDisks())("on a small disk", () => {
  test("it says that there is no room, and takes it when there is some", () => {
    const disk = SmallDisk.mount(4);
    if (typeof disk === "string") throw new Error(disk);
    onTestFinished(() => disk.unmount());
    const { file } = openIn(disk.path);
    expect(file.reach(2 * mega)).toBe(true);
    disk.fill();
    expect(file.reach(2 * mega)).toBe(true);
    expect(file.reach(3.5 * mega)).toBe(false);
    disk.makeRoom();
    expect(file.reach(3.5 * mega)).toBe(true);
    // All that it promised is there: no block of it is still to be found.
    expect(statSync(join(disk.path, "data.mdb")).blocks * 512).toBeGreaterThanOrEqual(3.5 * mega);
    expect(file.reach(5 * mega)).toBe(false);
  });
});
