/**
 * One WebSocket as the node uses it: whole frames in, and out one frame per turn of the event loop, however many messages
 * the turn produced for it.
 */
import type { WebSocket } from "ws";
import { decodeFrame, encodeFrame, roughSize } from "../../src/codec.ts";
import { CoterieError, protocol } from "../../src/errors.ts";
import { limits } from "../../src/limits.ts";
import type { Message } from "../../src/messages.ts";

export interface LinkEvents {
  onMessages(messages: readonly Message[]): void;
  /** Once. */
  onClose(reason: string): void;
}

/** Same on both ends: no compression, no check of texts that we never send, and a bound before anything is allocated. */
export const socketOptions: {
  readonly perMessageDeflate: false;
  readonly skipUTF8Validation: true;
  readonly maxPayload: number;
} = { perMessageDeflate: false, skipUTF8Validation: true, maxPayload: limits.frameBytesMax };

/**
 * For the side that dials: a mask of zeros, which `ws` need not apply. Masks guard proxies against scripts in browsers that
 * choose the bytes on the wire; a node's peers are not such.
 */
export const dialOptions: typeof socketOptions & { readonly generateMask: (mask: Buffer) => void } = {
  ...socketOptions,
  generateMask: (mask) => mask.fill(0),
};

/** Sweeps of silence, each answered by a ping, after which the other side is taken for gone. */
const silentSweepsMax = 3;
const closePolicyViolation = 1008;

export class Link {
  readonly #socket: WebSocket;
  readonly #turn: Turn;
  #outbox: Message[] = [];
  #outboxBytes = 0;
  #silentSweeps = 0;
  #problem = "";
  /** Less until the other side has said who it is. */
  frameBytesMax: number = limits.frameBytesMax;

  constructor(socket: WebSocket, turn: Turn, events: LinkEvents) {
    this.#socket = socket;
    this.#turn = turn;
    socket.on("message", (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary, events));
    socket.on("ping", () => (this.#silentSweeps = 0));
    socket.on("pong", () => (this.#silentSweeps = 0));
    socket.on("error", (error) => (this.#problem = error.message));
    socket.on("close", (_code, reason) =>
      events.onClose(this.#problem || reason.toString() || "closed by the other side"),
    );
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** What it was given to say and has not yet said, roughly. */
  get queuedBytes(): number {
    return this.#outboxBytes + this.#socket.bufferedAmount;
  }

  send(message: Message): void {
    if (this.#outbox.length === 0) this.#turn.willFlush(this);
    this.#outbox.push(message);
    this.#outboxBytes += roughSize(message);
    if (this.#outboxBytes >= limits.frameBytesTarget) this.flush();
  }

  flush(): void {
    if (this.#outbox.length === 0) return;
    const messages = this.#outbox;
    this.#outbox = [];
    this.#outboxBytes = 0;
    if (!this.isOpen) return;
    const frame = encodeFrame(messages);
    this.#turn.sent(messages.length, frame.length);
    this.#socket.send(frame);
    if (this.#socket.bufferedAmount > limits.linkQueueBytesMax)
      this.cut(`over ${limits.linkQueueBytesMax} bytes wait for it to read`);
  }

  /** Called at a steady pace: pings, and gives up on a side that has been silent for several times. */
  sweep(): void {
    if (this.#silentSweeps++ >= silentSweepsMax) this.cut("silent for too long");
    else if (this.isOpen) this.#socket.ping();
  }

  /** Says why and closes, giving what is queued a chance to leave. */
  close(reason: string): void {
    this.flush();
    this.#problem ||= reason;
    // WebSocket has room for 123 bytes. What is cut in the middle of a character becomes one of three bytes.
    this.#socket.close(closePolicyViolation, Buffer.from(reason).subarray(0, 120).toString());
  }

  /** Ends it at once. */
  cut(reason: string): void {
    this.#problem ||= reason;
    this.#socket.terminate();
  }

  #receive(data: Buffer, isBinary: boolean, events: LinkEvents): void {
    if (!this.isOpen) return;
    this.#silentSweeps = 0;
    try {
      if (data.length > this.frameBytesMax)
        throw protocol(`a frame of ${data.length} bytes, ${this.frameBytesMax} are allowed here`);
      if (!isBinary) throw protocol("a text frame: this protocol has binary ones only");
      events.onMessages(decodeFrame(data));
    } catch (error) {
      if (!(error instanceof CoterieError)) throw error;
      this.close(error.message);
    }
  }
}

/** The end of a turn of the event loop: then every link that has something to say says it in one frame. */
export class Turn {
  readonly #links: Link[] = [];
  #isScheduled = false;
  #messages = 0;
  #bytes = 0;
  readonly #end = (): void => {
    this.#isScheduled = false;
    for (const link of this.#links.splice(0)) link.flush();
  };

  /** All that was sent, on whichever link: messages, and the frames in which they left. */
  get traffic(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.#messages, bytes: this.#bytes };
  }

  /** A frame has left. */
  sent(messages: number, bytes: number): void {
    this.#messages += messages;
    this.#bytes += bytes;
  }

  willFlush(link: Link): void {
    this.#links.push(link);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#end);
  }
}
