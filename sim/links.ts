/**
 * The sessions of one process: those that it dialled, those that it accepted, from peers and from clients. Of two nodes the
 * one with the smaller name dials, and dials again for as long as both live.
 */
import { decodeFrame, encodeFrame } from "../src/codec.ts";
import { CoterieError, protocol } from "../src/errors.ts";
import { fromBinary } from "../src/bytes.ts";
import { isClientRequest, isPeerMessage, type Answer, type Message, type PeerMessage } from "../src/messages.ts";
import type { NodeId } from "../src/ring.ts";
import { greet, hello, welcome } from "../node/handshake.ts";
import { failureOf } from "../node/self.ts";
import { isBackground } from "./background.ts";
import type { NodeProcess } from "./node-process.ts";
import type { Dice } from "./dice.ts";
import type { SessionEnd, SessionEvents } from "./session.ts";
import type { World } from "./world.ts";

const redialMs = { min: 20, mean: 300 } as const;
/** A Hello or a Welcome may be lost like any other frame. */
const handshakeMs = 2000;

interface Asker {
  readonly name: string;
  answer(messages: readonly Answer[]): void;
  end(isPowerCut: boolean): void;
}

export class Links {
  readonly #world: World;
  readonly #process: NodeProcess;
  readonly #dice: Dice;
  readonly #peers = new Map<NodeId, SessionEnd>();
  readonly #askers = new Map<number, Asker>();
  /** Sessions that have not said who they are, or have not been welcomed. */
  readonly #strangers = new Set<SessionEnd>();
  readonly #outbox = new Map<NodeId, PeerMessage[]>();
  readonly #answers = new Map<number, Answer[]>();
  #nextConnection = 1;

  constructor(world: World, process: NodeProcess) {
    this.#world = world;
    this.#process = process;
    this.#dice = world.simulator.dice(`links:${process.config.id}`);
    world.network.listen(process.config.id, (end, from) => this.#accept(end, from));
  }

  get isComplete(): boolean {
    return this.#peers.size === this.#process.config.ring.table.members.length - 1;
  }

  get peers(): readonly NodeId[] {
    return [...this.#peers.keys()].sort();
  }

  /** The process serves: it calls those whom it has to call. */
  begin(): void {
    const { id, ring } = this.#process.config;
    for (const member of ring.table.members) if (id < member.id) this.#dialLater(member.id);
  }

  end(isPowerCut: boolean): void {
    for (const end of [...this.#peers.values(), ...this.#strangers]) {
      if (isPowerCut) end.vanish();
      else end.close();
    }
    for (const asker of this.#askers.values()) asker.end(isPowerCut);
    for (const group of [this.#peers, this.#strangers, this.#askers, this.#outbox, this.#answers]) group.clear();
  }

  send(node: NodeId, message: PeerMessage): void {
    if (!this.#world.gate.stops(this.#process.id, node, message)) this.deliver(node, message);
  }

  /** Whatever the gate says. */
  deliver(node: NodeId, message: PeerMessage): void {
    if (this.#peers.has(node)) push(this.#outbox, node, message);
  }

  reply(connection: number, message: Answer): void {
    if (this.#askers.has(connection)) push(this.#answers, connection, message);
  }

  /** The machine has given the peer up. */
  cut(node: NodeId): void {
    this.#peers.get(node)?.fail("given up");
  }

  /** Everything that this turn produced for one link leaves as one frame. */
  flush(): void {
    if (this.#outbox.size > 0) this.#flushPeers();
    if (this.#answers.size > 0) this.#flushAskers();
  }

  #flushPeers(): void {
    for (const [node, messages] of this.#outbox)
      this.#peers.get(node)?.send(encodeFrame(messages), isRepeatable(messages), messages.every(isBackground));
    this.#outbox.clear();
  }

  #flushAskers(): void {
    for (const [connection, messages] of this.#answers) this.#askers.get(connection)?.answer(messages);
    this.#answers.clear();
  }

  /**
   * Somebody inside of the simulator who asks as a client does, without a network between.
   * @param end is told when the process ends, whatever was answered until then
   */
  addProbe(answer: (messages: readonly Answer[]) => void, end: () => void = () => {}): number {
    const connection = this.#nextConnection++;
    this.#askers.set(connection, { name: "a probe", answer, end });
    return connection;
  }

  /** Whose connection it is, for traces. */
  nameOf(connection: number): string {
    return this.#askers.get(connection)?.name ?? "nobody";
  }

  #dialLater(node: NodeId): void {
    const { incarnation } = this.#process;
    const delayMs = redialMs.min + this.#dice.now.exponential(redialMs.mean);
    this.#world.simulator.schedule(delayMs, "dial", () => {
      if (this.#process.incarnation === incarnation && this.#process.phase === "serving") this.#dial(node);
    });
  }

  #dial(node: NodeId): void {
    const { id } = this.#process;
    const end = this.#world.network.open(id, node, {
      onOpen: () => end.send(encodeFrame([hello("node", fromBinary(id), undefined)]), false),
      onFrame: (frame) => this.#decode(end, frame, (messages) => this.#fromDialled(node, end, messages)),
      onEnd: (reason) =>
        this.#process.turn(() => {
          this.#lose(node, end, reason);
          this.#dialLater(node);
        }),
    });
    end.incarnation = this.#process.incarnation;
    this.#strangers.add(end);
    this.#world.simulator.schedule(handshakeMs, "silence", () => {
      if (this.#strangers.has(end)) end.fail("no Welcome");
    });
  }

  #fromDialled(node: NodeId, end: SessionEnd, messages: readonly Message[]): void {
    if (this.#peers.get(node) === end) return this.#fromPeer(node, end, messages);
    // What overtook the Welcome is lost: nobody is there yet to take it.
    if (messages[0]?.kind === "Welcome") this.#link(node, end);
  }

  #accept(end: SessionEnd, from: string): SessionEvents | undefined {
    if (this.#process.phase !== "serving") return undefined;
    end.incarnation = this.#process.incarnation;
    this.#strangers.add(end);
    let guest: SessionEvents | undefined;
    return {
      onFrame: (frame) => {
        if (guest !== undefined) return guest.onFrame(frame);
        this.#decode(end, frame, (messages) => (guest = this.#greet(end, from, messages)));
      },
      onEnd: (reason) =>
        this.#process.turn(() => {
          this.#strangers.delete(end);
          guest?.onEnd(reason);
        }),
    };
  }

  #greet(end: SessionEnd, from: string, [first]: readonly Message[]): SessionEvents | undefined {
    if (first === undefined) return undefined;
    const { config } = this.#process;
    const guest = greet(config, first, () => true);
    end.send(encodeFrame([welcome(config)]), false);
    this.#strangers.delete(end);
    return guest.role === "client" ? this.#welcomeClient(end, from) : this.#welcomeNode(guest.node, end);
  }

  #welcomeNode(node: NodeId, end: SessionEnd): SessionEvents {
    this.#link(node, end);
    return {
      onFrame: (frame) => this.#decode(end, frame, (messages) => this.#fromPeer(node, end, messages)),
      onEnd: (reason) => this.#lose(node, end, reason),
    };
  }

  #welcomeClient(end: SessionEnd, name: string): SessionEvents {
    const connection = this.#nextConnection++;
    this.#askers.set(connection, {
      name,
      answer: (messages) => end.send(encodeFrame(messages), false),
      end: (isPowerCut) => (isPowerCut ? end.vanish() : end.close()),
    });
    return {
      onFrame: (frame) => this.#decode(end, frame, (messages) => this.#fromClient(connection, messages)),
      onEnd: () => this.#askers.delete(connection),
    };
  }

  #fromClient(connection: number, messages: readonly Message[]): void {
    for (const message of messages) if (isClientRequest(message)) this.#process.takeRequest(connection, message);
  }

  #fromPeer(node: NodeId, end: SessionEnd, messages: readonly Message[]): void {
    if (!messages.every(isPeerMessage)) throw protocol(`${node} says what a node does not say to a node`);
    this.#process.takeFrame(node, end.peerIncarnation, messages);
  }

  /** A new session replaces one that has not been found dead yet. */
  #link(node: NodeId, end: SessionEnd): void {
    const old = this.#peers.get(node);
    if (old !== undefined) {
      old.close();
      this.#process.take({ kind: "linkDown", node });
    }
    this.#strangers.delete(end);
    this.#peers.set(node, end);
    this.#world.trace.line(this.#process.id, () => `is linked to ${node}`);
    this.#process.take({ kind: "linkUp", node });
  }

  #lose(node: NodeId, end: SessionEnd, reason: string): void {
    this.#strangers.delete(end);
    if (this.#peers.get(node) !== end) return;
    this.#peers.delete(node);
    this.#outbox.delete(node);
    this.#world.coverage.mark("link lost");
    this.#world.trace.line(this.#process.id, () => `loses its link to ${node}: ${reason}`);
    this.#process.take({ kind: "linkDown", node });
  }

  /** A frame that cannot be decoded condemns its link, and nothing else. */
  #decode(end: SessionEnd, frame: Uint8Array, take: (messages: readonly Message[]) => void): void {
    this.#process.turn(() => this.#decodeNow(end, frame, take));
  }

  #decodeNow(end: SessionEnd, frame: Uint8Array, take: (messages: readonly Message[]) => void): void {
    try {
      take(decodeFrame(frame));
    } catch (error) {
      if (!(error instanceof CoterieError)) throw error;
      this.#world.coverage.mark("bad frame");
      end.send(encodeFrame([failureOf(0, error)]), false);
      end.fail(error.message);
    }
  }
}

function push<Key, Message>(boxes: Map<Key, Message[]>, key: Key, message: Message): void {
  const box = boxes.get(key);
  if (box === undefined) boxes.set(key, [message]);
  else box.push(message);
}

/** A request that came twice would be a second request: TCP does not do that to a program, and no program could tell. */
function isRepeatable(messages: readonly Message[]): boolean {
  return !messages.some(({ kind }) => kind === "Get" || kind === "Put");
}
