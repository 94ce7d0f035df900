/**
 * A key as bytes: bucket name, a zero byte, the key's text in UTF-8. Nodes treat it as opaque, but for the bucket's name,
 * which chooses the options, and its hash, which chooses the partition.
 */
import { toBinary } from "./bytes.ts";
import { invalidArgument, tooLarge } from "./errors.ts";
import { hash64 } from "./hash.ts";
import { limits } from "./limits.ts";

declare const TextEncoder: new () => {
  encode(text: string): Uint8Array;
  encodeInto(text: string, into: Uint8Array): { readonly read: number; readonly written: number };
};
declare const TextDecoder: new (label: string, options: { fatal: boolean }) => { decode(bytes: Uint8Array): string };

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: false });
const bucketPattern = /^[a-z0-9][a-z0-9._-]*$/i;
/** Where keys are encoded: an array of its own for each costs four times as much as its encoding. */
const scratch = new Uint8Array(limits.keyBytesMax);

/** @throws INVALID_ARGUMENT, TOO_LARGE */
export function makeKey(bucket: string, key: string): Uint8Array {
  checkBucket(bucket);
  if (typeof key !== "string" || key.length === 0)
    throw invalidArgument(`a key is a text of at least one character, not ${JSON.stringify(key)}`);
  if (/\p{Surrogate}/u.test(key))
    throw invalidArgument(
      "the key has half a surrogate pair: it is no text, and its bytes would be those of other keys",
    );
  const { read, written } = encoder.encodeInto(key, scratch);
  if (read < key.length)
    throw tooLarge(`the key has ${encoder.encode(key).length} bytes, the limit is ${limits.keyBytesMax}`);
  const bytes = new Uint8Array(bucket.length + 1 + written);
  for (let at = 0; at < bucket.length; at++) bytes[at] = bucket.charCodeAt(at);
  bytes.set(scratch.subarray(0, written), bucket.length + 1);
  return bytes;
}

/** @throws INVALID_ARGUMENT */
export function checkBucket(bucket: string): void {
  if (allowed.has(bucket)) return;
  if (typeof bucket !== "string" || !bucketPattern.test(bucket) || bucket.length > limits.bucketBytesMax)
    throw invalidArgument(
      `a bucket's name has 1 to ${limits.bucketBytesMax} letters, digits, dots, dashes or underscores and begins with a letter or digit, not ${JSON.stringify(bucket)}`,
    );
  if (allowed.size >= knownMax) allowed.clear();
  allowed.add(bucket);
}

export function bucketOf(key: Uint8Array): string {
  let length = 0;
  let slot = 0;
  for (; length <= limits.bucketBytesMax && length < key.length && key[length] !== 0; length++)
    slot = (slot * 31 + key[length]!) % knownMax;
  const found = known[slot];
  if (found?.length === length && hasName(key, found)) return found;
  return (known[slot] = toBinary(key.subarray(0, length)));
}

/** Every request asks for the name several times, and there are few: each is made, and checked, once. */
const knownMax = 256;
const known: (string | undefined)[] = Array.from({ length: knownMax });
const allowed = new Set<string>();

function hasName(key: Uint8Array, bucket: string): boolean {
  for (let at = 0; at < bucket.length; at++) if (key[at] !== bucket.charCodeAt(at)) return false;
  return true;
}

/** What a person typed, for messages and traces. */
export function formatKey(key: Uint8Array): string {
  return `${bucketOf(key)}/${textOfKey(key)}`;
}

/** Without the bucket. */
export function textOfKey(key: Uint8Array): string {
  return decoder.decode(key.subarray(bucketOf(key).length + 1));
}

/** Checks key bytes that a client sent. @throws INVALID_ARGUMENT, TOO_LARGE */
export function checkKey(key: Uint8Array): void {
  const bucket = bucketOf(key);
  checkBucket(bucket);
  const length = key.length - bucket.length - 1;
  if (length < 1) throw invalidArgument("the key is empty");
  if (length > limits.keyBytesMax) throw tooLarge(`the key has ${length} bytes, the limit is ${limits.keyBytesMax}`);
}

/** Places the key on the ring, seeds its digests and binds its tokens. */
export function hashKey(key: Uint8Array): bigint {
  return hash64(key);
}
