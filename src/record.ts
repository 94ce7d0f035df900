/**
 * The bytes of an object, on disk and on the wire alike: encoded once, sent as they are stored.
 *
 *   1 byte of layout | 4 of checksum, over all that follows, XORed by layout | 8 of digest | context | count of siblings | heads | values
 *   head: actor's place in the context, counter, timestamp, 8 bytes of client id, sequence, value length × 2 + (no value?)
 *
 * That is the plain layout. There are two others:
 * - sole, of most keys that hold a plain value: one actor, and one sibling, which is that actor's last event. What the context says
 *   already is left out: both counts, the actor's place and the counter.
 * - with paths, where anything has a path or is spent: the paths stand as a list before the count of siblings, the count of those that
 *   are spent after it, and each head ends with its path's place.
 *
 * The digest names the state: one hash over key, context and heads, so that replicas compare eight bytes instead of objects. A sole record
 * has the digest of its plain form, as an earlier version wrote it: the two are one state. It is computed when a record is made, and
 * checked when one comes over the wire. A record whose checksum is wrong is *missing, not absent*.
 */
import { ByteReader, ByteWriter, MalformedBytes } from "./bytes.ts";
import { contains, readContext, readEvents, writeContext, writeEvents, type CausalContext } from "./causal-context.ts";
import { compareDots, type Dot } from "./dot.ts";
import { protocol } from "./errors.ts";
import { checksum32, hash64 } from "./hash.ts";
import { checkCounted, isSpentIncrement } from "./crdt/counter.ts";
import { isCounter, isPath, plainPath, registerPath, typeAt } from "./crdt/path.ts";
import { has, isDropped, type Sibling, type StoredObject } from "./object.ts";
import { sequenceOf } from "./op-id.ts";
import { appended } from "./short-list.ts";
import { readTimestamp, writeTimestamp } from "./timestamp.ts";

const plainLayout = 1;
const pathsLayout = 2;
const soleLayout = 3;
/** By layout, what its checksum is XORed with: so that a changed byte of the layout shows, too. */
const sealMasks: readonly (number | undefined)[] = [undefined, 0, 0xffff_ffff, 0x0f0f_0f0f];

export const digestBytes = 8;
/** Where a record has its digest. */
export const digestAt = 5;
const bodyAt = digestAt + digestBytes;
const writer = new ByteWriter();
const plainPaths: readonly string[] = [plainPath];
const none: never[] = [];

/** @param keyHash the 64-bit hash of the key, which seeds the digest */
export function encodeRecord(keyHash: bigint, object: StoredObject): Uint8Array {
  const layout = layoutOf(object);
  const digest = hashBody(keyHash, object, layout === soleLayout ? plainLayout : layout);
  if (layout === soleLayout) writeBody(object, soleLayout);
  for (const { value } of object.siblings) if (value !== undefined) writer.raw(value);
  for (const { value } of object.spent) if (value !== undefined) writer.raw(value);
  writer.patch(0, layout, 1);
  writer.patch(digestAt, Number(digest >> 32n), 4);
  writer.patch(digestAt + 4, Number(digest & 0xffff_ffffn), 4);
  writer.patch(1, sealOf(layout, writer.view(digestAt)), 4); // last: it covers the digest
  return writer.take();
}

/** Says what is wrong with a record, without decoding it. */
export function recordProblem(record: Uint8Array): string | undefined {
  if (record.length <= bodyAt) return "too short";
  const layout = record[0]!;
  if (sealMasks[layout] === undefined) return `layout ${layout}, this program knows ${plainLayout} to ${soleLayout}`;
  return int32At(record, 1) >>> 0 === sealOf(layout, record.subarray(digestAt)) ? undefined : "wrong checksum";
}

function sealOf(layout: number, rest: Uint8Array): number {
  return (checksum32(rest) ^ sealMasks[layout]!) >>> 0;
}

/** The eight bytes that two equal states share. */
export function digestOf(record: Uint8Array): Uint8Array {
  return record.subarray(digestAt, bodyAt);
}

/** The first four of the eight as a signed number, for whoever remembers the digests of many records. */
export function digestHigh(record: Uint8Array): number {
  return int32At(record, digestAt);
}

/** The last four. */
export function digestLow(record: Uint8Array): number {
  return int32At(record, digestAt + 4);
}

function int32At(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** Whether two records are of the same state of the same key. */
export function isSameState(a: Uint8Array, b: Uint8Array): boolean {
  for (let at = digestAt; at < bodyAt; at++) if (a[at] !== b[at]) return false;
  return true;
}

/** Whether a record is of the state that has this digest. */
export function hasDigest(record: Uint8Array, digest: Uint8Array): boolean {
  for (let at = 0; at < digestBytes; at++) if (record[digestAt + at] !== digest[at]) return false;
  return true;
}

/**
 * @param record one that `recordProblem` finds nothing wrong with; values are views into it
 * @throws MalformedBytes on anything but canonical bytes; but what would be sole is taken in the plain layout, too
 */
export function decodeRecord(record: Uint8Array): StoredObject {
  const reader = new ByteReader(record, bodyAt);
  const object = record[0] === soleLayout ? readSole(reader) : readLists(reader, record[0] === pathsLayout);
  reader.end();
  return object;
}

/**
 * The object in a record that came over the wire.
 * @param keyHash of the key that it came under: a record that strayed to another key has the wrong digest
 * @throws PROTOCOL
 */
export function openRecord(keyHash: bigint, record: Uint8Array): StoredObject {
  const problem = recordProblem(record);
  if (problem !== undefined) throw protocol(`not a record: ${problem}`);
  try {
    const object = decodeRecord(record);
    if (record[0] === pathsLayout) checkElements(object, pathsOf(object));
    if (bodyDigest(keyHash, record, object) !== digestNumber(record))
      throw new MalformedBytes("its digest is of another key or state");
    return object;
  } catch (error) {
    if (error instanceof MalformedBytes) throw protocol(`not a record: ${error.message}`);
    throw error;
  }
}

/** A sibling whose value comes later: all values lie behind all heads. */
interface Head extends Sibling {
  path: string;
  value: Uint8Array | undefined;
}

function layoutOf(object: StoredObject): number {
  if (!isPlain(object)) return pathsLayout;
  const { context, siblings } = object;
  if (context.length !== 1 || siblings.length !== 1) return plainLayout;
  const { base, cloud } = context[0]!;
  return cloud.length === 0 && siblings[0]!.dot.counter === base ? soleLayout : plainLayout;
}

function isPlain({ siblings, spent }: StoredObject): boolean {
  return spent.length === 0 && siblings.every(({ path }) => path === plainPath);
}

function bodyDigest(keyHash: bigint, record: Uint8Array, object: StoredObject): bigint {
  if (record[0] === soleLayout) return hashBody(keyHash, object, plainLayout);
  let valueBytes = 0;
  for (const { value } of object.siblings) valueBytes += value?.length ?? 0;
  for (const { value } of object.spent) valueBytes += value?.length ?? 0;
  return hash64(record.subarray(bodyAt, record.length - valueBytes), keyHash);
}

function digestNumber(record: Uint8Array): bigint {
  return new DataView(record.buffer, record.byteOffset).getBigUint64(digestAt);
}

function hashBody(keyHash: bigint, object: StoredObject, layout: number): bigint {
  writeBody(object, layout);
  return hash64(writer.view(bodyAt), keyHash);
}

/** Behind room for what comes before it, and up to the values. */
function writeBody(object: StoredObject, layout: number): void {
  writer.clear();
  writer.leave(bodyAt);
  if (layout === soleLayout) return writeSole(object);
  writeContext(writer, object.context);
  if (layout === pathsLayout) writeWithPaths(object);
  else writePlain(object);
}

function writeSole({ context, siblings }: StoredObject): void {
  writeEvents(writer, context[0]!, false);
  writeHead(siblings[0]!);
}

function writePlain({ context, siblings }: StoredObject): void {
  writer.number(siblings.length);
  for (const sibling of siblings) {
    writeDot(context, sibling.dot);
    writeHead(sibling);
  }
}

function writeWithPaths(object: StoredObject): void {
  const places = new Map<string, number>();
  for (const path of pathsOf(object)) places.set(path, places.size);
  writer.number(places.size);
  for (const path of places.keys()) writer.utf8(path);
  writer.number(object.siblings.length);
  writer.number(object.spent.length);
  for (const list of [object.siblings, object.spent])
    for (const sibling of list) {
      writeDot(object.context, sibling.dot);
      writeHead(sibling);
      writer.number(places.get(sibling.path)!);
    }
}

/** Sorted, so that equal objects are equal bytes. */
function pathsOf({ siblings, spent }: StoredObject): string[] {
  const paths = new Set<string>();
  for (const { path } of siblings) paths.add(path);
  for (const { path } of spent) paths.add(path);
  return [...paths].sort();
}

function writeDot(context: CausalContext, { actor, counter }: Dot): void {
  writer.number(context.findIndex((events) => events.actor === actor));
  writer.number(counter);
}

/** Without its dot and path. */
function writeHead(sibling: Sibling): void {
  writeTimestamp(writer, sibling.timestamp);
  writer.text(sibling.op, 0, 8);
  writer.number(sequenceOf(sibling.op));
  writer.number((sibling.value?.length ?? 0) * 2 + (sibling.value === undefined ? 1 : 0));
}

function readPaths(reader: ByteReader): readonly string[] {
  const paths: string[] = [];
  for (let left = reader.count(); left > 0; left--) paths.push(reader.utf8());
  return paths;
}

/** What only the canonical form of this layout has. */
function checkWithPaths(object: StoredObject, paths: readonly string[]): void {
  const known = pathsOf(object);
  if (known.length !== paths.length || known.some((path, at) => path !== paths[at]))
    throw new MalformedBytes("paths out of order, or not all in use");
  if (isPlain(object)) throw new MalformedBytes("a plain object in the layout with paths");
  for (const { dot } of object.spent) if (has(object, dot)) throw new MalformedBytes("a sibling both live and spent");
}

/** What only elements of the types at their paths have: whoever shows or changes them relies on it. */
function checkElements({ siblings, spent }: StoredObject, paths: readonly string[]): void {
  for (const path of paths)
    if (path !== plainPath && !isPath(path)) throw new MalformedBytes("a path that leads nowhere");
  for (const sibling of siblings) checkLive(sibling);
  for (const sibling of spent) {
    const { path, value } = sibling;
    if (value !== undefined && !(isCounter(path) ? isSpentIncrement(value) : isDropped(sibling)))
      throw new MalformedBytes("a value of what is spent");
  }
}

function checkLive({ path, value }: Sibling): void {
  if (path === plainPath || path === registerPath) return;
  const type = typeAt(path);
  if (value === undefined || type === "map") throw new MalformedBytes("an element without a value");
  if ((type === "rwSet" || type === "dwFlag") && !(value[0]! <= 1))
    throw new MalformedBytes("an element without its mark");
  if (isCounter(path)) checkCounted(value);
}

/** Of the values of the record that is being read: length × 2, and 1 for no value. */
const sizes: number[] = [];

function readSole(reader: ByteReader): StoredObject {
  const events = readEvents(reader, false);
  const siblings = [readHead(reader, { actor: events.actor, counter: events.base })];
  sizes[0] = readSize(reader);
  readValues(reader, siblings, 0);
  return { siblings, spent: none, context: [events] };
}

function readLists(reader: ByteReader, hasPaths: boolean): StoredObject {
  const context = readContext(reader);
  const paths = hasPaths ? readPaths(reader) : plainPaths;
  const count = reader.count();
  const spentCount = hasPaths ? reader.count() : 0;
  const siblings = readHeads(reader, context, paths, count, 0);
  const spent = readHeads(reader, context, paths, spentCount, count);
  readValues(reader, siblings, 0);
  readValues(reader, spent, count);
  const object = { siblings, spent, context };
  if (hasPaths) checkWithPaths(object, paths);
  return object;
}

/** @param firstSize where the values' sizes go */
function readHeads(
  reader: ByteReader,
  context: CausalContext,
  paths: readonly string[],
  count: number,
  firstSize: number,
): Head[] {
  let heads: Head[] = none;
  for (let at = 0; at < count; at++) {
    const head = readHead(reader, readDot(reader, context, heads.at(-1)));
    sizes[firstSize + at] = readSize(reader);
    const path = paths === plainPaths ? plainPath : paths[reader.number()];
    if (path === undefined) throw new MalformedBytes("a path that is not in the list");
    head.path = path;
    heads = appended(heads, head);
  }
  return heads;
}

function readValues(reader: ByteReader, heads: readonly Head[], firstSize: number): void {
  for (let at = 0; at < heads.length; at++) {
    const size = sizes[firstSize + at]!;
    if (size % 2 === 0) heads[at]!.value = reader.raw(size / 2);
  }
}

function readDot(reader: ByteReader, context: CausalContext, previous: Head | undefined): Dot {
  const actor = context[reader.number()]?.actor;
  if (actor === undefined) throw new MalformedBytes("a sibling of an actor that the context lacks");
  const dot = { actor, counter: reader.number() };
  if (dot.counter === 0) throw new MalformedBytes("a sibling without a dot: counters are from 1");
  if (!contains(context, dot)) throw new MalformedBytes("a sibling that the context has not seen");
  if (previous !== undefined && compareDots(previous.dot, dot) >= 0) throw new MalformedBytes("siblings out of order");
  return dot;
}

/** Without its path and value. */
function readHead(reader: ByteReader, dot: Dot): Head {
  const timestamp = readTimestamp(reader);
  return { dot, path: plainPath, value: undefined, timestamp, op: reader.id14("an operation id") };
}

function readSize(reader: ByteReader): number {
  const size = reader.number();
  if (size % 2 === 1 && size !== 1) throw new MalformedBytes("a tombstone with a value");
  return size;
}
