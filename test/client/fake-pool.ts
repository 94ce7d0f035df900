/** A pool whose connections are all open to the nodes of a ring, over fake sockets. */
import { Pool } from "../../client/pool.ts";
import type { RingTable } from "../../src/ring.ts";
import { FakeRuntime, hello, urlOf, welcomeOf, type FakeSocket } from "./fake-runtime.ts";

export class FakePool {
  readonly runtime: FakeRuntime = new FakeRuntime();
  readonly pool: Pool;
  readonly #ring: RingTable;

  constructor(ring: RingTable, urls: readonly string[] = ring.members.map(({ url }) => url)) {
    this.#ring = ring;
    this.pool = new Pool(urls, hello, this.runtime);
  }

  /** Opens all that is known, and lets it be welcomed. */
  openAll(): void {
    this.pool.useAll();
    for (const { id } of this.#ring.members) this.welcome(id);
  }

  welcome(node: string, ring: RingTable = this.#ring): void {
    const socket = this.socketOf(node);
    if (socket === undefined) return;
    socket.open();
    socket.say(welcomeOf(node, ring));
  }

  /** The latest socket to a node. */
  socketOf(node: string): FakeSocket | undefined {
    return this.runtime.sockets.findLast(({ url }) => url === urlOf(node));
  }
}
