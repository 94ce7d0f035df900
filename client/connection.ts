/**
 * One socket to one node: greets, numbers requests, sends what a turn of the event loop produced as one frame, and
 * reconnects by itself for as long as somebody uses it.
 *
 *   idle ──use──▶ connecting ──open, Hello──▶ greeting ──Welcome──▶ open
 *                   ▲      └───────────┬──────────┘                   │
 *                   └──use──── down ◀──┴─────────closed───────────────┘       close() ──▶ closed, for good
 *
 * A connection that is down takes a request at any time; the pool passes it over until its pause is over.
 */
import { decodeFrame, encodeFrame, roughSize } from "../src/codec.ts";
import { closed, CoterieError, unavailable } from "../src/errors.ts";
import { limits } from "../src/limits.ts";
import type {
  Answer,
  Conflicts,
  ConflictsReply,
  Failure,
  Get,
  GetReply,
  Hello,
  Message,
  Put,
  PutReply,
  Status,
  StatusReply,
  Settled,
  Welcome,
} from "../src/messages.ts";
import type { NodeId } from "../src/ring.ts";
import type { Runtime, Socket } from "./runtime.ts";
import { WaitingTable, type Waiting } from "./waiting-table.ts";

export interface Replies {
  readonly Get: GetReply;
  readonly Put: PutReply;
  readonly Status: StatusReply;
  readonly Conflicts: ConflictsReply;
}

/** How long after its own timeout a node may still be heard: its error knows more than ours. */
const graceMs = 50;
/** How often unanswered requests are looked at. One timer per connection, none per request. */
const sweepMs = 20;
const handshakeMs = 5000;
/** How long a socket that left a request unanswered may stay silent before it is given up. */
const silenceMs = 5000;
const backoffMs = { first: 50, most: 2000 } as const;

export class Connection {
  readonly url: string;
  /** Known from the first Welcome on. */
  node: NodeId | undefined;
  readonly #hello: Hello;
  readonly #runtime: Runtime;
  readonly #onWelcome: (connection: Connection, welcome: Welcome) => void;
  #state: "idle" | "connecting" | "greeting" | "open" | "down" | "closed" = "idle";
  #socket: Socket | undefined;
  #outbox: Message[] = [];
  #outboxBytes = 0;
  #isFlushing = false;
  #isSweeping = false;
  readonly #waiting = new WaitingTable();
  /** It let a request wait in vain, and has said nothing since: frozen, perhaps, behind a socket that is open. */
  #isSilent = false;
  #failures = 0;
  #downUntilMs = 0;
  /** Why the last try failed, in words. */
  lastProblem = "not tried yet";
  #refusal: CoterieError | undefined;
  /** A timer left running would keep a Node process alive after its last line. */
  #stopWatch: () => void = () => undefined;

  constructor(
    url: string,
    hello: Hello,
    runtime: Runtime,
    onWelcome: (connection: Connection, welcome: Welcome) => void,
  ) {
    this.url = url;
    this.#hello = hello;
    this.#runtime = runtime;
    this.#onWelcome = onWelcome;
  }

  /** Worth a request: open, on its way, or due for another try. */
  get isUsable(): boolean {
    return this.#state !== "closed" && (this.#state !== "down" || this.#runtime.now() >= this.#downUntilMs);
  }

  get isSilent(): boolean {
    return this.#isSilent;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Set while a node refuses us for good: wrong credentials, another protocol. */
  get refusal(): CoterieError | undefined {
    return this.#refusal;
  }

  /** Opens the socket unless it is open or being opened. */
  use(): void {
    if (this.#state !== "idle" && this.#state !== "down") return;
    this.#state = "connecting";
    if (this.#failures === 0) this.lastProblem = "no answer so far";
    const socket = this.#openSocket();
    if (socket === undefined) return;
    this.#socket = socket;
    this.#stopWatch = this.#runtime.schedule(handshakeMs, () => {
      if (this.#socket === socket && this.#state !== "open") this.#cut(`no Welcome within ${handshakeMs} ms`);
    });
  }

  /**
   * Numbers a request (writes `message.id`) and sends it, as soon as the socket is open. The message is the connection's from then on.
   * @param untilMs the node is waited for so long; it was told the same
   * @param waiting fails with the node's error; UNAVAILABLE if the connection ends or nothing comes, with what that means for a write
   */
  ask(message: { id: number } & (Get | Put | Status | Conflicts), untilMs: number, waiting: Waiting): void {
    if (this.#state === "closed") return waiting.fail(closed("this client was closed"));
    message.id = this.#waiting.add(waiting, untilMs + graceMs);
    this.#send(message);
    this.use();
    this.#sweepLater();
  }

  /**
   * Asks this node alone.
   * @param waitMs how long to wait for the answer
   * @throws as `ask` fails
   */
  request<Kind extends keyof Replies>(
    message: { id: number } & (Get | Put | Status | Conflicts) & { kind: Kind },
    waitMs: number,
  ): Promise<Replies[Kind]> {
    return new Promise((resolve, reject) => {
      const answer = resolve as (reply: Answer) => void;
      const waiting = { isWrite: message.kind === "Put", id: 0, giveUpAtMs: 0, answer, fail: reject };
      this.ask(message, this.#runtime.now() + waitMs, waiting);
    });
  }

  /** Sends what nobody answers, if the socket is open. */
  tell(message: Settled): void {
    if (this.#state === "open") this.#send(message);
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#flush();
    this.#state = "closed";
    this.#stopWatch();
    this.#failAll((isWrite) => closed("this client was closed", isWrite ? "unknown" : "none"));
    this.#socket?.close();
    this.#socket = undefined;
  }

  /** A browser refuses some addresses on the spot, as `ws:` from a page that came by https: a failure like any other. */
  #openSocket(): Socket | undefined {
    try {
      const socket: Socket = this.#runtime.openSocket(this.url, {
        onOpen: () => this.#greet(socket),
        onFrame: (frame) => this.#receive(socket, frame),
        onClose: (reason) => this.#down(socket, reason),
      });
      return socket;
    } catch (error) {
      this.#down(undefined, `no socket can be opened: ${(error as Error).message}`);
      return undefined;
    }
  }

  #greet(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#state = "greeting";
    socket.send(encodeFrame([this.#hello]));
  }

  #receive(socket: Socket, frame: Uint8Array): void {
    if (this.#socket !== socket) return;
    this.#isSilent = false;
    try {
      for (const message of decodeFrame(frame)) this.#take(message);
    } catch (error) {
      if (!(error instanceof CoterieError)) throw error;
      this.#cut(error.message);
    }
  }

  #take(message: Message): void {
    if (message.kind === "Welcome") return this.#welcomed(message);
    if (this.#state === "greeting" && message.kind === "Failure") this.#refusal = errorOf(message);
    switch (message.kind) {
      case "GetReply":
      case "PutReply":
      case "StatusReply":
      case "ConflictsReply":
        return this.#waiting.take(message.id)?.answer(message);
      case "Failure":
        return this.#waiting.take(message.id)?.fail(errorOf(message));
      default:
        if (message.kind !== "Hello" && this.#waiting.has(message.id))
          this.#cut(`a node does not send ${message.kind} to a client`);
    }
  }

  #welcomed(welcome: Welcome): void {
    if (this.#state !== "greeting") return;
    this.#state = "open";
    this.#stopWatch();
    this.#failures = 0;
    this.#refusal = undefined;
    this.node = welcome.node;
    this.#onWelcome(this, welcome);
    this.#flush();
  }

  #send(message: Message): void {
    this.#outbox.push(message);
    this.#outboxBytes += roughSize(message);
    if (this.#outboxBytes >= limits.frameBytesTarget) return this.#flush();
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#runtime.schedule(0, () => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#state !== "open" || this.#outbox.length === 0) return;
    this.#socket!.send(encodeFrame(this.#outbox));
    this.#outbox = [];
    this.#outboxBytes = 0;
  }

  /** Ends the socket from our side. */
  #cut(reason: string): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#down(socket, reason);
    socket.close();
  }

  #down(socket: Socket | undefined, reason: string): void {
    if (this.#socket !== socket) return;
    this.#isSilent = false;
    this.#socket = undefined;
    this.#stopWatch();
    const wasSent = this.#state === "open";
    this.#state = "down";
    this.lastProblem = reason === "" ? "the connection ended" : reason;
    this.#outbox = [];
    this.#outboxBytes = 0;
    const most = Math.min(backoffMs.first * 2 ** this.#failures++, backoffMs.most);
    this.#downUntilMs = this.#runtime.now() + most * (0.5 + this.#runtime.random.fraction() / 2);
    this.#failAll((isWrite) =>
      unavailable(`${this.url}: ${this.lastProblem}`, isWrite && wasSent ? "unknown" : "none"),
    );
  }

  #failAll(error: (isWrite: boolean) => CoterieError): void {
    for (const waiting of this.#waiting.takeDue(Infinity)) waiting.fail(error(waiting.isWrite));
  }

  #sweepLater(): void {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    this.#runtime.schedule(sweepMs, () => {
      this.#isSweeping = false;
      this.#sweep();
    });
  }

  /** A request that was given up before its socket opened must not be sent when it does. @returns whether it was still here */
  #takeBack(id: number): boolean {
    const left = this.#outbox.filter((message) => !("id" in message && message.id === id));
    const isTaken = left.length < this.#outbox.length;
    this.#outbox = left;
    return isTaken;
  }

  /** From now on others are asked first; and if nothing comes at all, a new socket may find the node where this one does not. */
  #noteSilence(): void {
    if (this.#isSilent) return;
    this.#isSilent = true;
    if (this.#state !== "open") return; // the handshake has a limit of its own
    const socket = this.#socket;
    this.#stopWatch = this.#runtime.schedule(silenceMs, () => {
      if (this.#socket === socket && this.#isSilent) this.#cut(`silent for ${silenceMs} ms`);
    });
  }

  #sweep(): void {
    for (const waiting of this.#waiting.takeDue(this.#runtime.now())) {
      this.#noteSilence();
      const mayHappen = waiting.isWrite && !this.#takeBack(waiting.id);
      waiting.fail(unavailable(`${this.url} does not answer`, mayHappen ? "unknown" : "none"));
    }
    if (this.#waiting.size > 0) this.#sweepLater();
  }
}

function errorOf({ code, message, outcome, retryable, details }: Failure): CoterieError {
  return new CoterieError(code, message, { outcome, retryable, details });
}
