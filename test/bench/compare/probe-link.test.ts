// bench/compare/probe-link.ts: who measures hears of it when a connection ends, and does not wait for ever.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { ProbeLink } from "../../../bench/compare/probe-link.ts";

test("a node that ends the connection instead of greeting is told", async () => {
  const url = await serve((socket) => socket.close());
  await expect(ProbeLink.open(url)).rejects.toThrow("has ended in the middle of a measurement");
});

async function serve(onConnection: (socket: { close(): void }) => void): Promise<string> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  onTestFinished(() => server.close());
  server.on("connection", onConnection);
  await once(server, "listening");
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
