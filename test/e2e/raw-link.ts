/** One socket to a node without the SDK: whatever bytes a test likes, and every message that comes back. */
import { WebSocket } from "ws";
import { decodeFrame, encodeFrame } from "../../src/codec.ts";
import { protocolVersion, type Hello, type Message } from "../../src/messages.ts";

export const helloOfClient: Hello = {
  kind: "Hello",
  version: protocolVersion,
  features: [],
  role: "client",
  identity: new Uint8Array(8).fill(7),
  credential: undefined,
};

export class RawLink {
  /** How the other side closed it. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #socket: WebSocket;
  readonly #arrived: Message[] = [];
  #waiting: ((message: Message) => void) | undefined;

  static async open(url: string): Promise<RawLink> {
    const link = new RawLink(new WebSocket(url));
    await new Promise((resolve, reject) => link.#socket.once("open", resolve).once("error", reject));
    return link;
  }

  /** Opened and greeted. */
  static async greet(url: string): Promise<RawLink> {
    const link = await RawLink.open(url);
    link.send(helloOfClient);
    const first = await link.next();
    if (first.kind !== "Welcome") throw new Error(`no Welcome but ${JSON.stringify(first)}`);
    return link;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer) => {
      for (const message of decodeFrame(data)) this.#take(message);
    });
    this.closed = new Promise((resolve) => {
      socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
      socket.on("error", () => undefined);
    });
  }

  send(...messages: readonly Message[]): void {
    this.sendRaw(encodeFrame(messages));
  }

  sendRaw(bytes: Uint8Array | string): void {
    this.#socket.send(bytes);
  }

  /** The next message. One waiter at a time. */
  next(): Promise<Message> {
    const first = this.#arrived.shift();
    return first === undefined ? new Promise((resolve) => (this.#waiting = resolve)) : Promise.resolve(first);
  }

  /** @returns what is said next, but for pings: a node pings whom it takes for a node when it likes */
  async ask(message: Message): Promise<Message> {
    this.send(message);
    for (;;) {
      const answer = await this.next();
      if (answer.kind !== "Ping") return answer;
    }
  }

  close(): void {
    this.#socket.terminate();
  }

  #take(message: Message): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#arrived.push(message);
    else waiting(message);
  }
}

/** What one node says of itself, whatever the others are doing. */
export async function statusOf(url: string): Promise<NodeReport> {
  const link = await RawLink.greet(url);
  const reply = await link.ask({ kind: "Status", id: 1 });
  link.close();
  if (reply.kind !== "StatusReply") throw new Error(`no StatusReply but ${JSON.stringify(reply)}`);
  return JSON.parse(reply.status) as NodeReport;
}

export interface NodeReport {
  readonly links: Readonly<Record<string, "up" | "down">>;
  readonly openRequests: number;
  readonly hints: { readonly count: number };
  readonly antiEntropy: { readonly freshPartitions: number };
  readonly counters: Readonly<Record<string, number>>;
}
