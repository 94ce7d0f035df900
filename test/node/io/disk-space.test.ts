// Design §14: a full disk refuses writes and keeps reading. This is what looks ahead.
import { expect, test } from "vitest";
import { DiskSpace, refuseFullDisk, roomOf } from "../../../node/io/disk-space.ts";
import { makeTempDirectory } from "../../temp-directory.ts";

const mega = 1024 * 1024;

async function statesOf(totalBytes: number, free: readonly number[]): Promise<boolean[]> {
  const left = [...free];
  const space = new DiskSpace(() => Promise.resolve({ freeBytes: left.shift()!, totalBytes }));
  const states: boolean[] = [];
  while (left.length > 0) {
    await space.look();
    states.push(space.isShort);
  }
  return states;
}

test("a disk is short below its reserve, and roomy again from twice the reserve on", async () => {
  // Without the gap a node at the edge would change its mind with every file that comes or goes.
  const free = [6, 5, 4.9, 5, 9.9, 10, 9, 4, 0, 10].map((share) => share * mega);
  const states = [false, false, true, true, true, false, false, true, true, false];
  expect(await statesOf(100 * mega, free)).toEqual(states);
});

test("the reserve of a large disk is 64 MiB, not a part of it", async () => {
  expect(await statesOf(2 ** 42, [64 * mega, 64 * mega - 1, 128 * mega])).toEqual([false, true, false]);
});

test("a disk that cannot be measured is taken for what it was", async () => {
  const answers = [{ freeBytes: 0, totalBytes: 100 }, undefined, { freeBytes: 100, totalBytes: 100 }, undefined];
  const space = new DiskSpace(() => {
    const answer = answers.shift();
    return answer === undefined ? Promise.reject(new Error("statfs")) : Promise.resolve(answer);
  });
  const states: boolean[] = [];
  for (let look = 0; look < 4; look++) {
    await space.look();
    states.push(space.isShort);
  }
  expect(states).toEqual([true, true, false, false]);
});

test("the figures of a real directory make sense, and a node may start in it", async () => {
  const directory = makeTempDirectory();
  const room = await roomOf(directory);
  expect(room.freeBytes).toBeGreaterThan(0);
  expect(room.freeBytes).toBeLessThanOrEqual(room.totalBytes);
  expect(() => refuseFullDisk(directory)).not.toThrow();
});
