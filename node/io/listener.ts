/** The one port of a node: accepts clients and peers alike, and greets them. */
import { createServer, type Server as HttpServer } from "node:http";
import { clearTimeout, setTimeout } from "node:timers";
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import { WebSocketServer, type WebSocket } from "ws";
import { CoterieError, invalidArgument, storage } from "../../src/errors.ts";
import { limits } from "../../src/limits.ts";
import type { Hello, Message } from "../../src/messages.ts";
import { greet, welcome, type Guest } from "../handshake.ts";
import { failureOf, type NodeConfig } from "../self.ts";
import { Link, socketOptions, type Turn } from "./link.ts";
import type { ClientConnection, Server } from "./server.ts";

/** Time for a guest to say Hello. */
const helloMs = 5000;

export interface ListenerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly isCredential: (role: Hello["role"], credential: string | undefined) => boolean;
}

export class Listener {
  readonly #config: NodeConfig;
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #turn: Turn;
  readonly #log: Logger;
  readonly #http: HttpServer = createServer((_request, response) => {
    response.writeHead(426, { "content-type": "text/plain", upgrade: "websocket" });
    response.end(
      `This is Coterie node ${this.#config.id}. It speaks WebSocket: use the coterie command or coterie/client.\n`,
    );
  });
  readonly #sockets: WebSocketServer = new WebSocketServer({ server: this.#http, ...socketOptions });
  readonly #links = new Map<Link, AcceptedLink>();
  #nextConnection = 1;

  constructor(config: NodeConfig, options: ListenerOptions, server: Server, turn: Turn, log: Logger) {
    this.#config = config;
    this.#options = options;
    this.#server = server;
    this.#turn = turn;
    this.#log = log;
    this.#sockets.on("connection", (socket) => this.#accept(socket));
  }

  /** @returns the port it listens on @throws INVALID_ARGUMENT if the port is taken or the address is not ours, STORAGE if the system refuses for another reason */
  listen(): Promise<number> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      // `ws` repeats the errors of the HTTP server that it stands on.
      this.#sockets.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
      this.#http.listen(port, host, () => resolve((this.#http.address() as AddressInfo).port));
    });
  }

  /** Finds clients that are gone without a word. Links to peers are looked after by the replica's own pings, at a cost that does not grow. */
  sweep(): void {
    for (const [link, accepted] of this.#links) if (!accepted.isPeer) link.sweep();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => void this.#http.close(() => resolve()));
    for (const link of this.#links.keys()) link.close("the node is stopping");
    this.#sockets.close();
    const impatience = setTimeout(() => this.#cutAll(), 1000);
    this.#http.closeIdleConnections();
    await closed;
    clearTimeout(impatience);
  }

  #cutAll(): void {
    for (const link of this.#links.keys()) link.cut("the node is stopping");
    this.#http.closeAllConnections();
  }

  #accept(socket: WebSocket): void {
    const accepted = new AcceptedLink(
      this.#config,
      this.#options,
      this.#server,
      this.#log,
      () => this.#nextConnection++,
    );
    const link: Link = new Link(socket, this.#turn, {
      onMessages: (messages) => accepted.receive(link, messages),
      onClose: (reason) => {
        this.#links.delete(link);
        accepted.close(link, reason);
      },
    });
    link.frameBytesMax = limits.helloBytesMax;
    this.#links.set(link, accepted);
    setTimeout(() => accepted.expire(link), helloMs).unref();
  }
}

/** One accepted socket: a stranger until it has said Hello, then a client or a peer. */
class AcceptedLink {
  readonly #config: NodeConfig;
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #log: Logger;
  readonly #nextConnection: () => number;
  #guest: Guest | undefined;
  #client: ClientConnection | undefined;

  constructor(config: NodeConfig, options: ListenerOptions, server: Server, log: Logger, nextConnection: () => number) {
    this.#config = config;
    this.#options = options;
    this.#server = server;
    this.#log = log;
    this.#nextConnection = nextConnection;
  }

  get isPeer(): boolean {
    return this.#guest?.role === "node";
  }

  receive(link: Link, messages: readonly Message[]): void {
    const rest = this.#guest === undefined ? this.#admit(link, messages) : messages;
    if (this.#guest?.role === "node") this.#server.fromPeer(this.#guest.node, link, rest);
    else if (this.#client !== undefined) this.#server.fromClient(this.#client, rest);
  }

  close(link: Link, reason: string): void {
    if (this.#guest?.role === "node") this.#server.linkDown(this.#guest.node, link, reason);
    if (this.#client !== undefined) this.#server.clientDown(this.#client);
  }

  expire(link: Link): void {
    if (this.#guest === undefined) link.close(`no Hello within ${helloMs} ms`);
  }

  #admit(link: Link, messages: readonly Message[]): readonly Message[] {
    const [first, ...rest] = messages;
    if (first === undefined) return [];
    try {
      this.#guest = greet(this.#config, first, this.#options.isCredential);
    } catch (error) {
      if (!(error instanceof CoterieError)) throw error;
      this.#log.warn({ reason: error.message }, "guest refused");
      link.send(failureOf(0, error));
      link.close(error.message);
      return [];
    }
    link.frameBytesMax = limits.frameBytesMax;
    link.send(welcome(this.#config));
    if (this.#guest.role === "node") this.#server.linkUp(this.#guest.node, link);
    else {
      this.#client = { id: this.#nextConnection(), client: this.#guest.client, link, openRequests: 0 };
      this.#server.clientUp(this.#client);
    }
    return rest;
  }
}

/** Asks whether `listen` could succeed, before anything is made for the node that would. @throws as `listen` does */
export function tryPort(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    probe.listen(port, host, () => void probe.close(() => resolve()));
  });
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): CoterieError {
  if (error.code === "EADDRINUSE") return invalidArgument(`port ${port} on ${host} is taken by another process`);
  if (error.code === "EACCES") return invalidArgument(`port ${port} on ${host} is not ours to take`);
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND")
    return invalidArgument(`${host} is no address of this machine`);
  return storage(`cannot listen on ${host}:${port}: ${error.message}`, { cause: error });
}
