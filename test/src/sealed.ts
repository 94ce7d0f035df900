/** Frames whose checksum is right, whatever they say. */
import { checksumBytes, sealFrame } from "../../src/frame.ts";
import { pack } from "../../src/msgpack.ts";

export function sealed(payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(checksumBytes + payload.length);
  frame.set(payload, checksumBytes);
  return sealFrame(frame);
}

export function frameOf(value: unknown): Uint8Array {
  return sealed(pack(value));
}
