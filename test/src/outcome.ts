/** What a frame comes out as: its messages, or why it is condemned. */
import { decodeFrame } from "../../src/codec.ts";
import { CoterieError } from "../../src/errors.ts";
import type { Message } from "../../src/messages.ts";

/** Anything but PROTOCOL is thrown on. */
export function outcome(bytes: Uint8Array): Message[] | string {
  try {
    return decodeFrame(bytes);
  } catch (error) {
    if (!(error instanceof CoterieError) || error.code !== "PROTOCOL") throw error;
    return error.message.replace("not a frame of this protocol: ", "");
  }
}
