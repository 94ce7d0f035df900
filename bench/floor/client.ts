import { once } from "node:events";
import { WebSocket } from "ws";
import { GET, GET_REPLY, PUT, PUT_REPLY, type Message } from "./messages.ts";
import { Link, receive, SOCKET_OPTIONS, Wire } from "./wire.ts";

/** @param value what a get has found, if anything; the caller may keep it */
export type Done = (error?: Error, value?: Uint8Array) => void;

/** One socket to each node of the floor. A key's node is its number modulo the nodes. */
export class FloorClient {
  private readonly wire = new Wire();
  private readonly links: Link[] = [];
  private readonly pending: (Done | undefined)[] = [];
  private readonly freeIds: number[] = [];
  private readonly keys: string[] = [];
  /** The floor has no retries: when a node is gone, everything fails from then on. */
  private lost: Error | undefined;

  async connect(ports: number[]): Promise<void> {
    for (const port of ports) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}`, SOCKET_OPTIONS);
      await once(socket, "open");
      socket.on("close", this.lose);
      const link = new Link(socket);
      receive(link, this.handle);
      this.links.push(link);
    }
  }

  put(keyNumber: number, value: Uint8Array, w: number, done: Done): void {
    if (this.lost !== undefined) return void setImmediate(done, this.lost);
    this.wire.send(this.linkOf(keyNumber), [PUT, this.expect(done), this.keyOf(keyNumber), value, w]);
  }

  get(keyNumber: number, r: number, done: Done): void {
    if (this.lost !== undefined) return void setImmediate(done, this.lost);
    this.wire.send(this.linkOf(keyNumber), [GET, this.expect(done), this.keyOf(keyNumber), r]);
  }

  close(): void {
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
    if (message[0] === PUT_REPLY) this.settle(message[1]);
    else if (message[0] === GET_REPLY) this.settle(message[1], undefined, message[2] ?? undefined);
  };

  private settle(id: number, error?: Error, value?: Uint8Array): void {
    const done = this.pending[id];
    this.pending[id] = undefined;
    this.freeIds.push(id);
    done?.(error, value);
  }

  private readonly lose = (): void => {
    this.lost ??= new Error("a floor node closed its connection");
    for (const [id, done] of this.pending.entries()) if (done !== undefined) this.settle(id, this.lost);
  };
}
