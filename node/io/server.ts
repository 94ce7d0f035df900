/**
 * Drives one replica: every event of the outside becomes an input, every effect is carried out in order. What stands in a
 * batch's `then` waits in the store until the batch is on disk.
 */
import { clearInterval, setInterval } from "node:timers";
import type { Logger } from "pino";
import { invalidArgument, overloaded, protocol, type CoterieError } from "../../src/errors.ts";
import { limits } from "../../src/limits.ts";
import { isClientRequest, isPeerMessage, type Message, type Put, type Settled } from "../../src/messages.ts";
import type { ClientId } from "../../src/op-id.ts";
import type { NodeId } from "../../src/ring.ts";
import type { Effect, Input, Instant, Persist } from "../effects.ts";
import { Replica } from "../replica.ts";
import { failureOf, type NodeConfig } from "../self.ts";
import type { Store } from "../store.ts";
import type { Link } from "./link.ts";
import type { PeerTap } from "./peer-tap.ts";

const tickMs = 10;
/** Thousands of links are not looked at in every tick. */
const ticksPerCount = 5;
/** Of one link, in what is queued. */
const countedBytesMax = 16 * 1024 * 1024;

export interface ServerEvents {
  onReady(): void;
  onStopped(): void;
  /** The replica broke an invariant of its own: it must not go on. */
  onFatal(error: Error): void;
}

export interface ClientConnection {
  readonly id: number;
  /** Who it said it is. */
  readonly client: ClientId;
  readonly link: Link;
  /** Requests without an answer. */
  openRequests: number;
}

/** A store that says how much waits in it. */
export interface QueuedStore extends Store<Persist> {
  readonly pendingBytes: number;
}

export class Server {
  readonly #replica: Replica;
  readonly #store: QueuedStore;
  readonly #log: Logger;
  readonly #events: ServerEvents;
  readonly #tap: PeerTap | undefined;
  readonly #peers = new Map<NodeId, Link>();
  readonly #clients = new Map<number, ClientConnection>();
  readonly #queue: Input[] = [];
  #isStepping = false;
  /** Read once per event of the outside: a frame, a tick, a durable group. */
  #now: Instant = instant();
  #isOver = false;
  #ticks: NodeJS.Timeout | undefined;
  #tickedAtMs = 0;
  #tickCount = 0;
  #queuedBytes = 0;

  constructor(config: NodeConfig, store: QueuedStore, log: Logger, events: ServerEvents, tap?: PeerTap) {
    this.#store = store;
    this.#tap = tap;
    this.#log = log;
    this.#events = events;
    this.#replica = new Replica(config, store, this.#now);
  }

  start(freshReplicaId: string, mayBeOlder: boolean): void {
    this.#event({ kind: "start", freshReplicaId, mayBeOlder });
    this.#tickedAtMs = this.#now.monotonicMs;
    this.#ticks = setInterval(() => this.#tick(), tickMs);
  }

  /** Nothing more is accepted; `onStopped` follows when all is written. */
  stop(): void {
    this.#event({ kind: "stop" });
  }

  /** Nothing more happens, whatever is still under way. */
  end(): void {
    this.#isOver = true;
    clearInterval(this.#ticks);
  }

  /** A link to a peer is up; an older one to the same peer goes down first, with what waits for it. */
  linkUp(node: NodeId, link: Link): void {
    const older = this.#peers.get(node);
    if (older !== undefined) {
      this.linkDown(node, older, "replaced by a newer link");
      older.cut("replaced by a newer link");
    }
    this.#peers.set(node, link);
    this.#log.info({ peer: node }, "link up");
    this.#event({ kind: "linkUp", node });
  }

  linkDown(node: NodeId, link: Link, reason: string): void {
    if (this.#peers.get(node) !== link) return;
    this.#peers.delete(node);
    this.#log.info({ peer: node, reason }, "link down");
    this.#event({ kind: "linkDown", node });
  }

  clientUp(connection: ClientConnection): void {
    this.#clients.set(connection.id, connection);
  }

  clientDown(connection: ClientConnection): void {
    this.#clients.delete(connection.id);
  }

  fromPeer(node: NodeId, link: Link, messages: readonly Message[]): void {
    this.#now = instant();
    for (const message of messages) {
      if (!link.isOpen) return;
      if (!isPeerMessage(message)) refuseKind(link, message);
      else if (this.#tap === undefined) this.#input({ kind: "peer", node, message });
      else this.#tapIn(this.#tap, link, { kind: "peer", node, message });
    }
  }

  fromClient(connection: ClientConnection, messages: readonly Message[]): void {
    this.#now = instant();
    for (const message of messages) {
      if (!connection.link.isOpen) return;
      if (!isClientRequest(message)) refuseKind(connection.link, message);
      else if ("op" in message && !isOwnOperation(connection, message))
        connection.link.send(failureOf(message.id, notOwn()));
      else if (message.kind === "Settled") this.#input({ kind: "client", connection: connection.id, message });
      else if (connection.openRequests >= limits.requestsPerConnectionMax)
        connection.link.send(failureOf(message.id, tooMany()));
      else {
        connection.openRequests++;
        this.#tap?.sees(message);
        this.#input({ kind: "client", connection: connection.id, message });
      }
    }
  }

  /** What durable batches had waiting for them. */
  release(batches: readonly Persist[]): void {
    this.#now = instant();
    for (const { then } of batches) {
      for (const effect of then) this.#carryOut(effect);
      this.#drain(); // what a batch's effects deliver comes before those of the next
    }
  }

  diskFull(isFull: boolean): void {
    this.#event({ kind: "diskFull", isFull });
  }

  #tick(): void {
    const now = instant();
    const lagMs = Math.max(0, now.monotonicMs - this.#tickedAtMs - tickMs);
    this.#tickedAtMs = now.monotonicMs;
    if (this.#tickCount++ % ticksPerCount === 0) this.#queuedBytes = this.#countQueuedBytes();
    this.#event({ kind: "tick", queuedBytes: this.#queuedBytes, lagMs });
  }

  /** One that does not read is cut in the end by its own limit; before that it must not make the node refuse everybody. */
  #countQueuedBytes(): number {
    let bytes = this.#store.pendingBytes;
    for (const link of this.#peers.values()) bytes += Math.min(link.queuedBytes, countedBytesMax);
    for (const { link } of this.#clients.values()) bytes += Math.min(link.queuedBytes, countedBytesMax);
    return bytes;
  }

  #event(input: Input): void {
    this.#now = instant();
    this.#input(input);
  }

  #input(input: Input): void {
    if (this.#isOver) return;
    this.#queue.push(input);
    this.#drain();
  }

  /** Inputs that effects deliver come after the step that they came from, before anything from outside. */
  #drain(): void {
    if (this.#isStepping || this.#isOver) return;
    this.#isStepping = true;
    try {
      for (let input = this.#queue.shift(); input !== undefined && !this.#isOver; input = this.#queue.shift())
        for (const effect of this.#replica.step(this.#now, input)) this.#carryOut(effect);
    } catch (error) {
      this.#events.onFatal(error as Error);
    } finally {
      this.#isStepping = false;
    }
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case "send":
        if (this.#tap !== undefined) return this.#tapOut(this.#tap, effect);
        return this.#peers.get(effect.node)?.send(effect.message);
      case "reply": {
        const connection = this.#clients.get(effect.connection);
        if (connection === undefined) return;
        connection.openRequests--;
        this.#tap?.sees(effect.message);
        return connection.link.send(effect.message);
      }
      case "cutLink":
        return this.#peers.get(effect.node)?.cut("it does not answer, to anybody");
      case "persist":
        return this.#store.commit(effect);
      case "deliver":
        if (effect.input.kind === "peer") this.#tap?.sees(effect.input.message);
        this.#queue.push(effect.input);
        return;
      case "log":
        return this.#log[effect.level](effect.fields, effect.event);
      case "ready":
        return this.#events.onReady();
      case "stopped":
        return this.#events.onStopped();
    }
  }

  // Apart from those who call them, whose variables would be kept for the closures in every call.

  #tapIn(tap: PeerTap, link: Link, input: Input & { readonly kind: "peer" }): void {
    tap.in(input.node, input.message, () => {
      if (link.isOpen) this.#event(input);
    });
  }

  #tapOut(tap: PeerTap, { node, message }: Effect & { readonly kind: "send" }): void {
    const link = this.#peers.get(node);
    if (link !== undefined) tap.out(node, message, () => link.send(message));
  }
}

function instant(): Instant {
  return { monotonicMs: performance.now(), wallMs: Date.now() };
}

/** Operation ids are no secret: under somebody else's, a write would be taken for a retry of theirs. */
function isOwnOperation({ client }: ClientConnection, { op }: Put | Settled): boolean {
  for (let at = 0; at < client.length; at++) if (op[at] !== client.charCodeAt(at)) return false;
  return true;
}

function notOwn(): CoterieError {
  return invalidArgument("an operation id begins with the identity that its client said Hello with");
}

function tooMany(): CoterieError {
  return overloaded(`${limits.requestsPerConnectionMax} requests of this connection are under way`);
}

/** One message that has no place here fails by itself; the link lives on, since a newer version may say more than we know. */
function refuseKind(link: Link, message: Message): void {
  const id = "id" in message ? message.id : 0;
  const what = message.kind === "Unknown" ? `messages of kind ${message.number}` : `a ${message.kind} here`;
  link.send(failureOf(id, protocol(`this node does not know ${what}`)));
}
