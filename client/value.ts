/** The application's values as the bytes that the store keeps. */
import { CoterieError, invalidArgument, protocol, tooLarge } from "../src/errors.ts";
import { limits } from "../src/limits.ts";
import { packValue, unpackValue } from "../src/msgpack.ts";

/** @throws INVALID_ARGUMENT for what would not come back as it went in, TOO_LARGE */
export function encodeValue(value: unknown): Uint8Array {
  if (value === undefined) throw invalidArgument("undefined is no value: delete the key instead");
  const bytes = packed(value);
  if (bytes.length > limits.valueBytesMax)
    throw tooLarge(`the value has ${bytes.length} bytes, the limit is ${limits.valueBytesMax}`);
  return bytes;
}

/** @throws PROTOCOL: what stands in the store need not have come from an SDK */
export function decodeValue(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return undefined;
  try {
    return unpackValue(bytes);
  } catch (error) {
    throw protocol(`the stored bytes are no value: ${(error as Error).message}`);
  }
}

function packed(value: unknown): Uint8Array {
  try {
    return packValue(value);
  } catch (error) {
    const message = `this value cannot be stored: ${(error as Error).message}`;
    throw new CoterieError("INVALID_ARGUMENT", message, { cause: error });
  }
}
