/**
 * What every value begins with, so that reads can be told which writes they have missed, whatever the store itself knows of causes:
 * the number of the process that wrote it, how many processes there are, and for each of them how many of its writes to this key the
 * writer had seen, its own entry being this write's own number.
 *
 * - One process has at most one write to a key under way, so its writes to it are in order, and an entry stands for all up to it.
 * - But for blind writes, which replace nothing: those of one process stand side by side, and the latest counts as if it covered the
 *   earlier ones. So of them fewer may be told stale or lost than are, never more.
 */

export const processesMax = 255;

export function stampBytes(processes: number): number {
  return 2 + 4 * processes;
}

/** @param vectors of which the value's own begins at `at` */
export function writeStamp(
  value: Uint8Array,
  writer: number,
  processes: number,
  vectors: Uint32Array,
  at: number,
): void {
  value[0] = writer;
  value[1] = processes;
  for (let process = 0; process < processes; process++) writeNumber(value, 2 + 4 * process, vectors[at + process]!);
}

/** The stamp of a write that has seen nothing. */
export function writeBlindStamp(value: Uint8Array, writer: number, processes: number, sequence: number): void {
  value[0] = writer;
  value[1] = processes;
  for (let process = 0; process < processes; process++)
    writeNumber(value, 2 + 4 * process, process === writer ? sequence : 0);
}

/** The process that wrote a value which has a stamp. */
export function writerOf(value: Uint8Array): number {
  return value[0]!;
}

/** Joins a value's vector into another. @returns whether it has one of so many processes */
export function joinStamp(value: Uint8Array, processes: number, into: Uint32Array, at: number): boolean {
  if (value.length < stampBytes(processes) || value[1] !== processes) return false;
  for (let process = 0; process < processes; process++) {
    const sequence = readNumber(value, 2 + 4 * process);
    if (sequence > into[at + process]!) into[at + process] = sequence;
  }
  return true;
}

function writeNumber(bytes: Uint8Array, at: number, number: number): void {
  bytes[at] = number;
  bytes[at + 1] = number >>> 8;
  bytes[at + 2] = number >>> 16;
  bytes[at + 3] = number >>> 24;
}

function readNumber(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}
