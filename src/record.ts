/**
 * The bytes of an object, on disk and on the wire alike: encoded once, sent as they are stored.
 *
 *   1 byte of version | 4 of checksum, over all that follows | 8 of digest | context | count of siblings | heads | values
 *   head: actor's place in the context, counter, timestamp, 8 bytes of client id, sequence, value length × 2 + (tombstone?)
 *
 * The digest names the state: one hash over key, context and heads, so that replicas compare eight bytes instead of objects.
 * It is computed when a record is made and never again. A record whose checksum is wrong is *missing, not absent*.
 */
import { ByteReader, ByteWriter, MalformedBytes } from "./bytes.ts";
import { contains, readContext, writeContext, type CausalContext } from "./causal-context.ts";
import { compareDots } from "./dot.ts";
import { protocol } from "./errors.ts";
import { checksum32, hash64 } from "./hash.ts";
import type { Sibling, StoredObject } from "./object.ts";
import { makeOpId, sequenceMax, sequenceOf } from "./op-id.ts";
import { readTimestamp, writeTimestamp } from "./timestamp.ts";

export const recordVersion = 1;
export const digestBytes = 8;
const digestAt = 5;
const bodyAt = digestAt + digestBytes;
const writer = new ByteWriter();

/** @param keyHash the 64-bit hash of the key, which seeds the digest */
export function encodeRecord(keyHash: bigint, object: StoredObject): Uint8Array {
  writer.clear();
  for (let at = 0; at < bodyAt; at++) writer.byte(0);
  writeContext(writer, object.context);
  writer.number(object.siblings.length);
  for (const sibling of object.siblings) writeHead(object.context, sibling);
  const digest = hash64(writer.view(bodyAt), keyHash);
  for (const { value } of object.siblings) if (value !== undefined) writer.raw(value);
  writer.patch(0, recordVersion, 1);
  writer.patch(digestAt, Number(digest >> 32n), 4);
  writer.patch(digestAt + 4, Number(digest & 0xffff_ffffn), 4);
  writer.patch(1, checksum32(writer.view(digestAt)), 4); // last: it covers the digest
  return writer.take();
}

/** Says what is wrong with a record, without decoding it. */
export function recordProblem(record: Uint8Array): string | undefined {
  if (record.length <= bodyAt) return "too short";
  if (record[0] !== recordVersion) return `format version ${record[0]}, this program knows ${recordVersion}`;
  const stored = ((record[1]! << 24) | (record[2]! << 16) | (record[3]! << 8) | record[4]!) >>> 0;
  return stored === checksum32(record.subarray(digestAt)) ? undefined : "wrong checksum";
}

/** The eight bytes that two equal states share. */
export function digestOf(record: Uint8Array): Uint8Array {
  return record.subarray(digestAt, bodyAt);
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
 * @throws MalformedBytes on anything but canonical bytes
 */
export function decodeRecord(record: Uint8Array): StoredObject {
  const reader = new ByteReader(record, bodyAt);
  const context = readContext(reader);
  const siblings: Head[] = [];
  const sizes: number[] = [];
  for (let left = reader.count(); left > 0; left--) {
    siblings.push(readHead(reader, context, siblings.at(-1)));
    sizes.push(readSize(reader));
  }
  for (const [at, size] of sizes.entries()) if (size % 2 === 0) siblings[at]!.value = reader.raw(size / 2);
  reader.end();
  return { siblings, context };
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
    const valueBytes = object.siblings.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    const digest = hash64(record.subarray(bodyAt, record.length - valueBytes), keyHash);
    if (digest !== digestNumber(record)) throw new MalformedBytes("its digest is of another key or state");
    return object;
  } catch (error) {
    if (error instanceof MalformedBytes) throw protocol(`not a record: ${error.message}`);
    throw error;
  }
}

function digestNumber(record: Uint8Array): bigint {
  return new DataView(record.buffer, record.byteOffset).getBigUint64(digestAt);
}

/** A sibling whose value comes later: all values lie behind all heads. */
interface Head extends Sibling {
  value: Uint8Array | undefined;
}

function writeHead(context: CausalContext, sibling: Sibling): void {
  writer.number(context.findIndex((events) => events.actor === sibling.dot.actor));
  writer.number(sibling.dot.counter);
  writeTimestamp(writer, sibling.timestamp);
  writer.text(sibling.op, 0, 8);
  writer.number(sequenceOf(sibling.op));
  writer.number((sibling.value?.length ?? 0) * 2 + (sibling.value === undefined ? 1 : 0));
}

function readHead(reader: ByteReader, context: CausalContext, previous: Head | undefined): Head {
  const actor = context[reader.number()]?.actor;
  if (actor === undefined) throw new MalformedBytes("a sibling of an actor that the context lacks");
  const dot = { actor, counter: reader.number() };
  if (dot.counter === 0) throw new MalformedBytes("a sibling without a dot: counters are from 1");
  if (!contains(context, dot)) throw new MalformedBytes("a sibling that the context has not seen");
  if (previous !== undefined && compareDots(previous.dot, dot) >= 0) throw new MalformedBytes("siblings out of order");
  const timestamp = readTimestamp(reader);
  const client = reader.text8();
  const sequence = reader.number();
  if (sequence > sequenceMax) throw new MalformedBytes("an operation id over 48 bits");
  return { dot, value: undefined, timestamp, op: makeOpId(client, sequence) };
}

function readSize(reader: ByteReader): number {
  const size = reader.number();
  if (size % 2 === 1 && size !== 1) throw new MalformedBytes("a tombstone with a value");
  return size;
}
