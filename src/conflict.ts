/**
 * What last-write-wins leaves out, so that it can be listed: a value that was written to a register and lost to another one that its
 * writer, and the winner's, had not seen.
 *
 * - It is lost where a join makes the two meet. `lossesOf` says which values are losers now and were none before, so each is noted
 *   once per replica; whoever lists them tells them apart by key and dot.
 * - What is no loss: a retry of the same operation under another dot, and a value that equals the winner's.
 *
 *   4 bytes of checksum, over all that follows | when it was noted | key | path | dot and timestamp of what was lost | dot and
 *   timestamp of the winner | length of the value + 1, 0 for a delete | value
 */
import { ByteReader, ByteWriter, equalBytes, MalformedBytes } from "./bytes.ts";
import { plainPath, typeAt } from "./crdt/path.ts";
import { makeActor, type Dot } from "./dot.ts";
import { checksum32 } from "./hash.ts";
import { placesOf, type Sibling, type StoredObject } from "./object.ts";
import { elementsAt, registerWinner } from "./shown.ts";
import { readTimestamp, writeTimestamp, type Timestamp } from "./timestamp.ts";

export interface Loss {
  readonly lost: Sibling;
  readonly winner: Sibling;
}

export interface Conflict {
  /** When a node noted it, on that node's wall clock. */
  readonly atMs: number;
  readonly key: Uint8Array;
  /** Of the register within the key's value. */
  readonly path: string;
  readonly dot: Dot;
  readonly timestamp: Timestamp;
  readonly winner: { readonly dot: Dot; readonly timestamp: Timestamp };
  /** What was lost; `undefined`: a delete. */
  readonly value: Uint8Array | undefined;
}

const none: readonly Loss[] = [];
const noPaths: ReadonlySet<string> = new Set();
const checksumBytes = 4;
const writer = new ByteWriter();

/** What lost in the registers of `joined` and had not lost in `before`, which was joined into it. */
export function lossesOf(joined: StoredObject, before: StoredObject): readonly Loss[] {
  const paths = contestedRegisters(joined);
  if (paths.size === 0) return none;
  const losses: Loss[] = [];
  const [after, earlier] = [placesOf(joined, paths), placesOf(before, paths)];
  for (const path of paths) {
    const known = new Set(losersAt(earlier.get(path)!, path).map(({ lost }) => lost.op));
    losses.push(...losersAt(after.get(path)!, path).filter(({ lost }) => !known.has(lost.op)));
  }
  return losses.length === 0 ? none : losses;
}

/** On the path of every join: of plain values there is nothing to look at. */
function contestedRegisters({ siblings }: StoredObject): ReadonlySet<string> {
  if (siblings.length < 2) return noPaths;
  let seen: Set<string> | undefined;
  let contested: Set<string> | undefined;
  for (const { path } of siblings) {
    if (path === plainPath || typeAt(path) !== "lwwRegister") continue;
    seen ??= new Set();
    if (seen.has(path)) (contested ??= new Set()).add(path);
    seen.add(path);
  }
  return contested ?? noPaths;
}

function losersAt(object: StoredObject, path: string): Loss[] {
  const winner = registerWinner(object, path);
  if (winner === undefined) return [];
  const losers = elementsAt(object, path).filter((one) => one !== winner && !isSameValue(one.value, winner.value));
  return losers.map((lost) => ({ lost, winner }));
}

function isSameValue(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}

export function encodeConflict({ atMs, key, path, dot, timestamp, winner, value }: Conflict): Uint8Array {
  writer.clear();
  writer.fixed(0, checksumBytes);
  writer.fixed(atMs, 6);
  writer.number(key.length);
  writer.raw(key);
  writer.utf8(path);
  for (const write of [{ dot, timestamp }, winner]) {
    writeDot(write.dot);
    writeTimestamp(writer, write.timestamp);
  }
  writer.number(value === undefined ? 0 : value.length + 1);
  if (value !== undefined) writer.raw(value);
  writer.patch(0, checksum32(writer.view(checksumBytes)), checksumBytes);
  return writer.take();
}

/** @throws MalformedBytes */
export function decodeConflict(bytes: Uint8Array): Conflict {
  const reader = new ByteReader(bytes);
  if (reader.fixed(checksumBytes) !== checksum32(bytes.subarray(checksumBytes)))
    throw new MalformedBytes("wrong checksum");
  const atMs = reader.fixed(6);
  const key = reader.raw(reader.count());
  const path = reader.utf8();
  const dot = readDot(reader);
  const timestamp = readTimestamp(reader);
  const winner = { dot: readDot(reader), timestamp: readTimestamp(reader) };
  const size = reader.number();
  const value = size === 0 ? undefined : reader.raw(size - 1);
  reader.end();
  return { atMs, key, path, dot, timestamp, winner, value };
}

function writeDot({ actor, counter }: Dot): void {
  writer.text(actor, 0, actor.length);
  writer.number(counter);
}

function readDot(reader: ByteReader): Dot {
  const replica = reader.text8();
  const epoch = reader.fixed(6);
  return { actor: makeActor(replica, epoch), counter: reader.number() };
}
