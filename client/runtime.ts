/**
 * What the client needs of the world. In Node and in browsers it is given the real one; the simulator gives it its own.
 */
import type { Random } from "../src/random.ts";

export interface Socket {
  send(frame: Uint8Array): void;
  /** Closes without waiting; `onClose` follows unless it was called before. */
  close(): void;
}

export interface SocketEvents {
  onOpen(): void;
  onFrame(frame: Uint8Array): void;
  /** Once, also when the socket never opened. */
  onClose(reason: string): void;
}

export interface Runtime {
  readonly random: Random;
  /** Milliseconds on a clock that never jumps. */
  now(): number;
  /** A delay of 0 is the end of this turn of the event loop. @returns what cancels it */
  schedule(delayMs: number, callback: () => void): () => void;
  openSocket(url: string, events: SocketEvents): Socket;
  /** Where an application is being written: merges are checked against their laws on what they meet. Left out: no. */
  readonly isDevelopment?: boolean;
  /** Tells its developer something. Left out: nobody listens. */
  readonly warn?: (sentence: string) => void;
}
