/**
 * A frame on the wire: four bytes of checksum over the rest, little-endian, then the rest. TCP's own checksum lets a flipped bit through
 * now and then, and a record that is believed in spite of it would be passed on from node to node. Here it condemns its link, and no more.
 */
import { malformed } from "./fields.ts";
import { checksum32 } from "./hash.ts";

export const checksumBytes = 4;

/** Writes the checksum in front of what stands behind the first four bytes. @returns the same bytes */
export function sealFrame(frame: Uint8Array): Uint8Array {
  const sum = checksum32(restOf(frame));
  for (let at = 0; at < checksumBytes; at++) frame[at] = (sum >>> (8 * at)) & 0xff;
  return frame;
}

/** @throws PROTOCOL if the checksum is not that of the rest */
export function openFrame(frame: Uint8Array): Uint8Array {
  if (frame.length <= checksumBytes) throw malformed("bytes end too early");
  const rest = restOf(frame);
  const sum = checksum32(rest);
  for (let at = 0; at < checksumBytes; at++)
    if (frame[at] !== ((sum >>> (8 * at)) & 0xff)) throw malformed("the frame's checksum is wrong");
  return rest;
}

/** A plain array, of Node's buffers too: cutting those takes a second constructor. */
function restOf({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset + checksumBytes, length - checksumBytes);
}
