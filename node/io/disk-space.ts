/**
 * How much room the file system of a data directory has, and whether that is too little to go on writing.
 *
 *   roomy ──less than the reserve is free──▶ short ──twice the reserve is free──▶ roomy
 *
 * Looking ahead keeps the end orderly: writes are refused while what was accepted before still fits. The gap between the two
 * bounds keeps a node at the edge from changing its mind with every file that somebody else writes or removes.
 */
import { statfsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { storage } from "../../src/errors.ts";

export interface Room {
  /** What this process may still use. */
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Of a small file system a small part, of a large one no more than a node can have under way. */
const reserve = { share: 1 / 20, bytesMax: 64 * 1024 * 1024 } as const;

export class DiskSpace {
  readonly #measure: () => Promise<Room>;
  isShort = false;

  constructor(measure: () => Promise<Room>) {
    this.#measure = measure;
  }

  /** Looks again. What cannot be measured changes nothing: then the first group that finds no room shows it. */
  async look(): Promise<void> {
    const room = await this.#measure().catch(() => undefined);
    if (room !== undefined) this.isShort = room.freeBytes < reserveOf(room) * (this.isShort ? 2 : 1);
  }
}

export async function roomOf(directory: string): Promise<Room> {
  const { bavail, blocks, bsize } = await statfs(directory);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

/** @throws STORAGE if a node that starts in `directory` would have to refuse every write, the one of its own identity first */
export function refuseFullDisk(directory: string): void {
  const { bavail, blocks, bsize } = statfsSync(directory);
  const room = { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  if (room.freeBytes >= reserveOf(room)) return;
  throw storage(
    `The disk under ${directory} is full: ${room.freeBytes} bytes are free, and a node needs ${reserveOf(room)} to start. ` +
      "Make room, and start it again.",
  );
}

function reserveOf({ totalBytes }: Room): number {
  return Math.min(Math.ceil(totalBytes * reserve.share), reserve.bytesMax);
}
