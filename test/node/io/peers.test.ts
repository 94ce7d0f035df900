/** node/io/peers.ts with node/liveness.ts: a link whose other end is gone without a word is found, cut and dialled anew. */
import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { startNode, type RunningNode } from "../../../node/io/start-node.ts";
import type { NodeStatus } from "../../../node/status.ts";
import { statusOf } from "../../e2e/raw-link.ts";
import { makeTempDirectory } from "../../temp-directory.ts";

const waiting = { timeout: 45_000, interval: 50 } as const;

/** A stretch of wire: what is cut swallows bytes in both directions, and says nothing to either end. */
class Wire {
  readonly #server: Server;
  readonly farPort: number;
  readonly #sockets: Socket[] = [];
  #cutSockets = new Set<Socket>();
  dials = 0;

  constructor(farPort: number) {
    this.farPort = farPort;
    this.#server = createServer((near) => this.#splice(near));
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve) => void this.#server.listen(port, "127.0.0.1", resolve));
  }

  /** Those that are there now; later ones work. */
  cut(): void {
    this.#cutSockets = new Set(this.#sockets);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #splice(near: Socket): void {
    this.dials++;
    const far = connect(this.farPort, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.push(from);
      from.on("data", (data) => {
        if (!this.#cutSockets.has(from)) to.write(data);
      });
      from.on("error", () => undefined);
      from.on("close", () => {
        if (!this.#cutSockets.has(from)) to.destroy();
      });
    }
  }
}

test("a half-open link between two nodes is found by their pings, and works again after another dial", async () => {
  // Nothing but liveness looks after links between nodes; here nobody else could tell that the member lives.
  const data = makeTempDirectory();
  const port = await freePort();
  const wire = new Wire(await freePort());
  const members = [
    { id: "n1", url: `ws://127.0.0.1:${await freePort()}` },
    { id: "n2", url: `ws://127.0.0.1:${port}` },
  ];
  const start = (id: string, listen: object): Promise<RunningNode> =>
    startNode({ id, members, data: join(data, id), logLevel: "silent", ...listen });
  const nodes = await Promise.all([start("n1", {}), start("n2", { port: wire.farPort })]);
  await wire.listen(port);
  onTestFinished(async () => {
    wire.close();
    await Promise.all(nodes.map((node) => node.close()));
  });
  const isWell = async (): Promise<void> => {
    for (const { id, url } of nodes) {
      const { links, members: views } = (await statusOf(url)) as unknown as NodeStatus;
      expect([id, Object.values(links), Object.values(views).map(({ state }) => state)]).toEqual([
        id,
        ["up"],
        ["alive", "alive"],
      ]);
    }
  };
  await vi.waitFor(isWell, waiting);
  const dials = wire.dials;
  wire.cut();
  await vi.waitFor(() => expect(wire.dials).toBeGreaterThan(dials), waiting);
  await vi.waitFor(isWell, waiting);
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
