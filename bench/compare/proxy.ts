/**
 * The network between real nodes, where a test or a benchmark can break it: one TCP proxy in front of each node, whose address is the
 * node's url for everybody. So all nodes have the same ring, and none of them knows.
 *
 * - Who dials is told by the first WebSocket message, a Hello with the dialler's name. The HTTP request before it is let through, so a
 *   partition does not refuse a connection: it is open, and nothing comes. That is what a path that swallows packets looks like.
 * - What is held is not lost: TCP would send it again until the path is open. Neither is an end of the connection seen before that.
 * - A condition belongs to a direction, from one to another; `client` stands for everybody who is no node.
 */
import { createServer, connect, type Server, type Socket } from "node:net";
import { decodeFrame } from "../../src/codec.ts";
import { toBinary } from "../../src/bytes.ts";

export type Condition =
  | { readonly kind: "pass" | "hold" }
  | { readonly kind: "delay"; readonly ms: number }
  | { readonly kind: "drip"; readonly bytesPerSecond: number };

/** A node in front of which there is a proxy. */
export interface Target {
  readonly id: string;
  readonly proxyPort: number;
  readonly port: number;
}

const pass: Condition = { kind: "pass" };
/** What passes goes at once: without `noDelay` the second of two small frames would wait for an acknowledgement, up to 40 ms. */
const socketOptions = { allowHalfOpen: true, noDelay: true } as const;
/** How often what is delayed or drips is looked at; what passes goes at once. */
const pumpMs = 5;
/** What a pipe holds before it stops reading, as a socket's buffers do. */
const heldBytesMax = 256 * 1024;

export class Network {
  readonly #conditions = new Map<string, Condition>();
  readonly #servers: Server[] = [];
  readonly #tunnels = new Set<Tunnel>();
  readonly #pump: NodeJS.Timeout;

  static async start(targets: readonly Target[]): Promise<Network> {
    const network = new Network();
    await Promise.all(targets.map((target) => network.#listen(target)));
    return network;
  }

  private constructor() {
    this.#pump = setInterval(() => {
      for (const tunnel of this.#tunnels) tunnel.pump();
    }, pumpMs);
  }

  /** From now on, also on connections that are open. */
  set(from: string, to: string, condition: Condition): void {
    this.#conditions.set(`${from} ${to}`, condition);
  }

  heal(): void {
    this.#conditions.clear();
  }

  /** Ends every connection between the two, in either direction. */
  cut(a: string, b: string): void {
    for (const tunnel of this.#tunnels) if (tunnel.isBetween(a, b)) tunnel.destroy();
  }

  close(): void {
    clearInterval(this.#pump);
    for (const server of this.#servers) server.close();
    for (const tunnel of this.#tunnels) tunnel.destroy();
  }

  async #listen({ id, proxyPort, port }: Target): Promise<void> {
    const server = createServer(socketOptions, (near) => {
      const tunnel: Tunnel = new Tunnel(near, connect({ ...socketOptions, port, host: "127.0.0.1" }), id, {
        conditionOf: (from, to) => this.#conditions.get(`${from} ${to}`) ?? pass,
        onEnd: () => this.#tunnels.delete(tunnel),
      });
      this.#tunnels.add(tunnel);
    });
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(proxyPort, "127.0.0.1", resolve);
    });
  }
}

interface TunnelHost {
  conditionOf(from: string, to: string): Condition;
  onEnd(): void;
}

/** One connection: two pipes. */
class Tunnel {
  readonly #to: string;
  readonly #there: Pipe;
  readonly #back: Pipe;
  readonly #host: TunnelHost;
  #from: string | undefined;
  readonly #greeting: Buffer[] = [];

  constructor(near: Socket, far: Socket, to: string, host: TunnelHost) {
    this.#to = to;
    this.#host = host;
    this.#there = new Pipe(near, far);
    this.#back = new Pipe(far, near);
    near.on("data", (bytes: Buffer) => {
      this.#greet(bytes);
      this.pump();
    });
    far.on("data", (bytes: Buffer) => {
      this.#back.take(bytes);
      this.pump();
    });
    for (const [socket, pipe] of [
      [near, this.#there],
      [far, this.#back],
    ] as const) {
      socket.on("error", () => undefined);
      socket.on("end", () => pipe.end());
      socket.on("close", () => pipe.end());
    }
  }

  isBetween(a: string, b: string): boolean {
    return (this.#from === a && this.#to === b) || (this.#from === b && this.#to === a);
  }

  pump(): void {
    const from = this.#from;
    this.#there.pump(from === undefined ? pass : this.#host.conditionOf(from, this.#to));
    this.#back.pump(from === undefined ? pass : this.#host.conditionOf(this.#to, from));
    if (this.#there.isOver && this.#back.isOver) this.destroy();
  }

  destroy(): void {
    this.#there.destroy();
    this.#back.destroy();
    this.#host.onEnd();
  }

  /** Holds the Hello back until it is read, since it decides under which condition it travels. */
  #greet(bytes: Buffer): void {
    if (this.#from !== undefined) return this.#there.take(bytes);
    this.#greeting.push(bytes);
    const all = Buffer.concat(this.#greeting);
    const headEnd = all.indexOf("\r\n\r\n") + 4;
    if (headEnd < 4) return;
    if (headEnd > all.length - bytes.length) this.#there.take(all.subarray(0, headEnd));
    const frame = all.subarray(headEnd);
    const from = senderOf(frame);
    if (from === undefined) return;
    this.#from = from;
    this.#there.take(frame);
  }
}

/** @returns who says Hello in the first message of a client's side of a WebSocket; `undefined` while there is too little of it */
function senderOf(bytes: Buffer): string | undefined {
  const frame = frameAt(bytes);
  if (frame === undefined) return undefined;
  // A pong may overtake the Hello, which waits for the end of its turn.
  if (frame.isControl) return senderOf(bytes.subarray(frame.end));
  const [first] = decodeFrame(frame.payload);
  return first?.kind === "Hello" && first.role === "node" ? toBinary(first.identity) : "client";
}

interface Frame {
  readonly isControl: boolean;
  readonly payload: Uint8Array;
  readonly end: number;
}

/** The masked frame with which `bytes` begin, if all of it is there. */
function frameAt(bytes: Buffer): Frame | undefined {
  if (bytes.length < 6) return undefined;
  const short = bytes[1]! & 0x7f;
  const start = short === 126 ? 4 : 2;
  const length = short === 126 ? bytes.readUInt16BE(2) : short;
  const end = start + 4 + length;
  if (bytes.length < end) return undefined;
  const mask = bytes.subarray(start, start + 4);
  const payload = Uint8Array.from(bytes.subarray(start + 4, end), (byte, at) => byte ^ mask[at % 4]!);
  return { isControl: (bytes[0]! & 0x08) !== 0, payload, end };
}

/** One direction of a connection, and what is held in it. */
class Pipe {
  readonly #source: Socket;
  readonly #sink: Socket;
  #held: { readonly bytes: Buffer; readonly atMs: number }[] = [];
  #heldBytes = 0;
  #hasEnded = false;
  #credit = 0;
  #pumpedAtMs = performance.now();
  isOver = false;

  constructor(source: Socket, sink: Socket) {
    this.#source = source;
    this.#sink = sink;
  }

  take(bytes: Buffer): void {
    this.#held.push({ bytes, atMs: performance.now() });
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > heldBytesMax) this.#source.pause();
  }

  end(): void {
    this.#hasEnded = true;
  }

  pump(condition: Condition): void {
    if (this.isOver || condition.kind === "hold") return;
    const nowMs = performance.now();
    const elapsedMs = nowMs - this.#pumpedAtMs;
    this.#pumpedAtMs = nowMs;
    let budget = condition.kind === "drip" ? this.#drop(condition.bytesPerSecond, elapsedMs) : Infinity;
    const untilMs = nowMs - (condition.kind === "delay" ? condition.ms : 0);
    while (budget > 0 && this.#held[0] !== undefined && this.#held[0].atMs <= untilMs) {
      const { bytes, atMs } = this.#held.shift()!;
      const part = bytes.subarray(0, budget);
      if (part.length < bytes.length) this.#held.unshift({ bytes: bytes.subarray(part.length), atMs });
      budget -= part.length;
      this.#heldBytes -= part.length;
      if (!this.#sink.destroyed) this.#sink.write(part);
    }
    if (this.#heldBytes <= heldBytesMax) this.#source.resume();
    if (this.#held.length > 0 || !this.#hasEnded) return;
    this.isOver = true;
    this.#sink.end();
  }

  destroy(): void {
    this.isOver = true;
    this.#source.destroy();
  }

  /** Whole bytes, of which a slow drip has less than one per pump. */
  #drop(bytesPerSecond: number, elapsedMs: number): number {
    this.#credit = Math.min(this.#credit + (bytesPerSecond * elapsedMs) / 1000, bytesPerSecond / 10);
    const whole = Math.floor(this.#credit);
    this.#credit -= whole;
    return whole;
  }
}
