/**
 * The causal context as clients hold it: opaque, bound to its key.
 *
 *   1 byte of version | 8 of the key's hash | latest timestamp that it covers | context
 *
 * The timestamp lets the next write be later than everything that it replaces, whatever the clocks. A later version may
 * append a signature (design §17).
 */
import { base64urlnopad } from "@scure/base";
import { ByteReader, ByteWriter, MalformedBytes } from "./bytes.ts";
import { emptyContext, readContext, writeContext, type CausalContext } from "./causal-context.ts";
import { badContext, tooLarge } from "./errors.ts";
import { limits } from "./limits.ts";
import { earliest, readTimestamp, writeTimestamp, type Timestamp } from "./timestamp.ts";

export interface Token {
  readonly context: CausalContext;
  readonly latest: Timestamp;
}

/** Of somebody who has seen nothing. */
export const emptyToken: Token = { context: emptyContext, latest: earliest };

const version = 1;
/** What is wrong with its bytes helps nobody who holds it: it stands in the error's cause. */
const foreign = "this is not a context that a read or write has returned, or only a part of one";
const writer = new ByteWriter();

export function encodeToken(keyHash: bigint, token: Token): Uint8Array {
  writer.clear();
  writer.byte(version);
  writer.hash(keyHash);
  writeTimestamp(writer, token.latest);
  writeContext(writer, token.context);
  return writer.take();
}

/** @throws BAD_CONTEXT, TOO_LARGE */
export function decodeToken(keyHash: bigint, bytes: Uint8Array): Token {
  if (bytes.length > limits.tokenBytesMax)
    throw tooLarge(`the context has ${bytes.length} bytes, the limit is ${limits.tokenBytesMax}`);
  try {
    return readToken(keyHash, new ByteReader(bytes));
  } catch (error) {
    if (error instanceof MalformedBytes) throw badContext(foreign, { cause: error });
    throw error;
  }
}

function readToken(keyHash: bigint, reader: ByteReader): Token {
  const found = reader.byte();
  if (found !== version) throw badContext(foreign, { cause: `version ${found}, not ${version}` });
  if (reader.fixed(4) !== Number(keyHash >> 32n) || reader.fixed(4) !== Number(keyHash & 0xffff_ffffn))
    throw badContext("this context belongs to another key");
  const latest = readTimestamp(reader);
  const context = readContext(reader);
  reader.end();
  return { context, latest };
}

export function tokenText(bytes: Uint8Array): string {
  return base64urlnopad.encode(bytes);
}

/** @throws BAD_CONTEXT */
export function tokenBytes(text: string): Uint8Array {
  try {
    return base64urlnopad.decode(text);
  } catch (error) {
    throw badContext(foreign, { cause: error });
  }
}
