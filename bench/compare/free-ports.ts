/** Ports of this machine that nobody has. */
import { createServer } from "node:net";

/**
 * Ports in a row that are free. From below the range from which the kernel takes ports for outgoing connections: else somebody
 * could sit on a node's port between its death and its restart.
 * @returns the first
 */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = 10_000 + Math.floor(Math.random() * 20_000);
    const areFree = await Promise.all(Array.from({ length: count }, (_, at) => isFree(first + at)));
    if (areFree.every(Boolean)) return first;
  }
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
