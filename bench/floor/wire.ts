import { Packr } from "msgpackr";
import type { ClientOptions, WebSocket } from "ws";
import { packBytesFirst } from "./binary.ts";
import type { Message } from "./messages.ts";

packBytesFirst();
const packr = new Packr({ useRecords: false });

/**
 * The socket options of both ends. The mask of a client's frames only guards proxies against hostile browsers;
 * ws skips the masking and the unmasking of every byte when the mask is zero.
 */
export const SOCKET_OPTIONS: ClientOptions = {
  perMessageDeflate: false,
  skipUTF8Validation: true,
  maxPayload: 64 * 1024 * 1024,
  generateMask: (mask) => mask.fill(0),
};

/** One socket and the messages that the present turn of the event loop has produced for it. */
export class Link {
  readonly socket: WebSocket;
  waiting: Message[] = [];

  constructor(socket: WebSocket) {
    this.socket = socket;
  }
}

/**
 * Sends everything that one turn of the event loop produced for a link as one frame: one encoding, one system call
 * and one wake-up of the peer for many messages. `setImmediate` runs after all sockets of a turn were read;
 * a microtask would run after each of them and send several smaller frames.
 */
export class Wire {
  private touched: Link[] = [];

  send(link: Link, message: Message): void {
    if (link.waiting.length === 0) {
      if (this.touched.length === 0) setImmediate(this.flush);
      this.touched.push(link);
    }
    link.waiting.push(message);
  }

  private readonly flush = (): void => {
    const links = this.touched;
    this.touched = [];
    for (const link of links) {
      const frame = packr.pack(link.waiting);
      link.waiting = [];
      link.socket.send(frame);
    }
  };
}

/** Hands each message that arrives on a link to `handle`, in order. The peers are trusted: nothing is checked. */
export function receive(link: Link, handle: (link: Link, message: Message) => void): void {
  link.socket.on("message", (frame: Buffer) => {
    const messages = packr.unpack(frame) as Message[];
    for (const message of messages) handle(link, message);
  });
}
