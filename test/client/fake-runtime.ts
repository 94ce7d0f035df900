/** A world for the client in which time passes only when the test says so, and sockets do what the test makes them do. */
import { fromBinary } from "../../src/bytes.ts";
import { decodeFrame, encodeFrame } from "../../src/codec.ts";
import { protocolVersion, type Hello, type Message, type Welcome } from "../../src/messages.ts";
import type { ClusterOptions } from "../../src/options.ts";
import { Random } from "../../src/random.ts";
import type { RingTable } from "../../src/ring.ts";
import { planRing } from "../../src/ring-planner.ts";
import type { Runtime, Socket, SocketEvents } from "../../client/runtime.ts";

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

export class FakeRuntime implements Runtime {
  readonly random: Random;
  readonly sockets: FakeSocket[] = [];
  /** Told of every socket that is opened: a fake node can stand behind it. */
  onSocket: (socket: FakeSocket) => void = () => undefined;
  #nowMs = 1000;
  readonly #timers = new Set<Timer>();
  isDevelopment = false;
  /** What the developer was told. */
  readonly warnings: string[] = [];
  readonly warn = (sentence: string): void => void this.warnings.push(sentence);
  /** Thrown instead of opening a socket: what a browser does about an address that it does not allow. */
  refusal: Error | undefined;

  constructor(seed = 1) {
    this.random = new Random(seed);
  }

  now(): number {
    return this.#nowMs;
  }

  get timersLeft(): number {
    return this.#timers.size;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  openSocket(url: string, events: SocketEvents): Socket {
    if (this.refusal !== undefined) throw this.refusal;
    const socket = new FakeSocket(url, events, this);
    this.sockets.push(socket);
    this.onSocket(socket);
    return socket;
  }

  /** The socket that was opened last. */
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("no socket was opened");
    return socket;
  }

  /** Lets `ms` pass, with all that is due on the way, in order. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settled();
    for (let next = this.#next(); next !== undefined && next.atMs <= untilMs; next = this.#next()) {
      this.#fire(next);
      await settled();
    }
    this.#nowMs = untilMs;
  }

  /** The end of this turn of the event loop. */
  turn(): Promise<void> {
    return this.advance(0);
  }

  /** Lets as much time pass as the promise takes. */
  async run<T>(promise: Promise<T>): Promise<T> {
    const outcome = { isOver: false };
    const over = promise.finally(() => (outcome.isOver = true));
    over.catch(() => undefined);
    for (await settled(); !outcome.isOver; await settled()) {
      const next = this.#next();
      if (next === undefined) throw new Error("it waits for something that will never come");
      this.#fire(next);
    }
    return over;
  }

  #fire(timer: Timer): void {
    this.#timers.delete(timer);
    this.#nowMs = Math.max(this.#nowMs, timer.atMs);
    timer.callback();
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (first === undefined || timer.atMs < first.atMs) first = timer;
    return first;
  }
}

export class FakeSocket implements Socket {
  readonly url: string;
  /** What the client said, frame by frame. */
  readonly frames: Message[][] = [];
  /** The client closed it. */
  isClosed = false;
  onFrame: (messages: readonly Message[]) => void = () => undefined;
  readonly #events: SocketEvents;
  readonly #runtime: FakeRuntime;
  #isOver = false;

  constructor(url: string, events: SocketEvents, runtime: FakeRuntime) {
    this.url = url;
    this.#events = events;
    this.#runtime = runtime;
  }

  send(frame: Uint8Array): void {
    const messages = decodeFrame(frame);
    this.frames.push(messages);
    this.onFrame(messages);
  }

  close(): void {
    this.isClosed = true;
    this.#runtime.schedule(1, () => this.end("closed by the client"));
  }

  get messages(): Message[] {
    return this.frames.flat();
  }

  open(): void {
    this.#events.onOpen();
  }

  say(...messages: Message[]): void {
    this.sayBytes(encodeFrame(messages));
  }

  sayBytes(bytes: Uint8Array): void {
    this.#events.onFrame(bytes);
  }

  end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.onClose(reason);
  }
}

/** Promises that are done have told everybody by then. */
export function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

export const hello: Hello = {
  kind: "Hello",
  version: protocolVersion,
  features: [],
  role: "client",
  identity: fromBinary("12345678"),
  credential: undefined,
};

export function ringOf(nodes: number, epoch = 1): RingTable {
  const members = Array.from({ length: nodes }, (_, at) => ({
    id: `n${at + 1}`,
    url: urlOf(`n${at + 1}`),
    zone: `z${at + 1}`,
    weight: 1,
  }));
  return { ...planRing(members, { partitions: 16, replicas: 3 }), epoch };
}

export function urlOf(node: string): string {
  return `ws://${node}:7400`;
}

export function welcomeOf(
  node: string,
  ring: RingTable,
  options: ClusterOptions = { defaults: {}, buckets: {} },
): Welcome {
  return { kind: "Welcome", version: protocolVersion, features: [], node, ring, options };
}
