import { once } from "node:events";
import { WebSocket } from "ws";
import type { Done } from "../target.ts";
import { GET, GET_REPLY, PUT, PUT_REPLY, type Message } from "./messages.ts";
import { Link, receive, SOCKET_OPTIONS, Wire } from "./wire.ts";

/** One socket to each node of the floor. A key's node is its number modulo the nodes. */
export class FloorClient {
  private readonly wire = new Wire();
  private readonly links: Link[] = [];
  private readonly pending: (Done | undefined)[] = [];
  private readonly freeIds: number[] = [];
  private readonly keys: string[] = [];
  private closing = false;

  async connect(ports: number[]): Promise<void> {
    for (const port of ports) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}`, SOCKET_OPTIONS);
      await once(socket, "open");
      socket.on("close", this.fail);
      const link = new Link(socket);
      receive(link, this.handle);
      this.links.push(link);
    }
  }

  put(keyNumber: number, value: Uint8Array, w: number, done: Done): void {
    this.wire.send(this.linkOf(keyNumber), [PUT, this.expect(done), this.keyOf(keyNumber), value, w]);
  }

  get(keyNumber: number, r: number, done: Done): void {
    this.wire.send(this.linkOf(keyNumber), [GET, this.expect(done), this.keyOf(keyNumber), r]);
  }

  close(): void {
    this.closing = true;
    for (const link of this.links) link.socket.terminate();
  }

  private linkOf(keyNumber: number): Link {
    return this.links[keyNumber % this.links.length]!;
  }

  private keyOf(keyNumber: number): string {
    return (this.keys[keyNumber] ??= `key-${String(keyNumber).padStart(8, "0")}`);
  }

  private expect(done: Done): number {
    const id = this.freeIds.pop() ?? this.pending.length;
    this.pending[id] = done;
    return id;
  }

  private readonly handle = (_link: Link, message: Message): void => {
    if (message[0] === GET_REPLY && message[2] === null) this.settle(message[1], new Error("not found"));
    else if (message[0] === GET_REPLY || message[0] === PUT_REPLY) this.settle(message[1]);
  };

  private settle(id: number, error?: Error): void {
    const done = this.pending[id];
    this.pending[id] = undefined;
    this.freeIds.push(id);
    done?.(error);
  }

  /** The floor has no retries: when a node is gone, the figures mean nothing any more. */
  private readonly fail = (): void => {
    if (!this.closing) throw new Error("a floor node closed its connection");
  };
}
