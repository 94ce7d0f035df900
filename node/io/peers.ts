/**
 * The links to the other members: of each pair the node with the smaller name dials, and dials again for as long as it runs. Whether
 * somebody is still there at the other end is for the replica to find out (node/liveness.ts): it has a link cut that is silent.
 */
import { clearTimeout, setTimeout } from "node:timers";
import type { Logger } from "pino";
import { WebSocket } from "ws";
import { encodeRingTable, type Member } from "../../src/ring.ts";
import { pack } from "../../src/msgpack.ts";
import { equalBytes, fromBinary } from "../../src/bytes.ts";
import type { Message, Welcome } from "../../src/messages.ts";
import { hello } from "../handshake.ts";
import type { NodeConfig } from "../self.ts";
import { dialOptions, Link, type Turn } from "./link.ts";
import type { Server } from "./server.ts";

const redialMs = { first: 50, most: 1000 } as const;
const handshakeTimeoutMs = 5000;

export class Peers {
  readonly #dials: readonly Dial[];

  constructor(config: NodeConfig, secret: string | undefined, server: Server, turn: Turn, log: Logger) {
    const others = config.ring.table.members.filter(({ id }) => config.id < id);
    this.#dials = others.map((member) => new Dial(config, member, secret, server, turn, log));
  }

  start(): void {
    for (const dial of this.#dials) dial.start();
  }

  close(): void {
    for (const dial of this.#dials) dial.close();
  }
}

class Dial {
  readonly #config: NodeConfig;
  readonly #member: Member;
  readonly #secret: string | undefined;
  readonly #server: Server;
  readonly #turn: Turn;
  readonly #log: Logger;
  #link: Link | undefined;
  #isWelcome = false;
  #failures = 0;
  #redial: NodeJS.Timeout | undefined;
  /** Until the Welcome: before it, nobody else looks after the link. */
  #impatience: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(config: NodeConfig, member: Member, secret: string | undefined, server: Server, turn: Turn, log: Logger) {
    this.#config = config;
    this.#member = member;
    this.#secret = secret;
    this.#server = server;
    this.#turn = turn;
    this.#log = log;
  }

  start(): void {
    const socket = new WebSocket(this.#member.url, { ...dialOptions, handshakeTimeout: handshakeTimeoutMs });
    this.#isWelcome = false;
    const link: Link = new Link(socket, this.#turn, {
      onMessages: (messages) => this.#receive(link, messages),
      onClose: (reason) => this.#down(link, reason),
    });
    this.#link = link;
    this.#impatience = setTimeout(() => link.cut("no Welcome in time"), handshakeTimeoutMs);
    socket.on("open", () => link.send(hello("node", fromBinary(this.#config.id), this.#secret)));
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#redial);
    clearTimeout(this.#impatience);
    this.#link?.close("the node is stopping");
  }

  #receive(link: Link, messages: readonly Message[]): void {
    if (this.#isWelcome) return this.#server.fromPeer(this.#member.id, link, messages);
    const [first, ...rest] = messages;
    if (first === undefined) return;
    const problem = this.#problemWith(first);
    if (problem !== undefined) {
      this.#log.warn({ peer: this.#member.id, url: this.#member.url, problem }, "peer refused");
      return link.close(problem);
    }
    clearTimeout(this.#impatience);
    this.#isWelcome = true;
    this.#failures = 0;
    this.#server.linkUp(this.#member.id, link);
    this.#server.fromPeer(this.#member.id, link, rest);
  }

  #problemWith(first: Message): string | undefined {
    if (first.kind === "Failure") return first.message;
    if (first.kind !== "Welcome") return `a ${first.kind} in the place of a Welcome`;
    if (first.node !== this.#member.id) return `node ${first.node} answers at the address of ${this.#member.id}`;
    return this.#hasSameRing(first) ? undefined : "it has another ring: the member lists of all nodes must be the same";
  }

  #hasSameRing({ ring }: Welcome): boolean {
    return equalBytes(pack(encodeRingTable(ring)), pack(encodeRingTable(this.#config.ring.table)));
  }

  #down(link: Link, reason: string): void {
    clearTimeout(this.#impatience);
    if (this.#isWelcome) this.#server.linkDown(this.#member.id, link, reason);
    else this.#log.debug({ peer: this.#member.id, reason }, "dial failed");
    this.#link = undefined;
    if (this.#isClosed) return;
    const delayMs = Math.min(redialMs.first * 2 ** this.#failures++, redialMs.most);
    this.#redial = setTimeout(() => this.start(), delayMs);
  }
}
