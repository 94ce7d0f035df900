// bench/compare/floor-client.ts: a floor that has lost a node has not done what was asked, however fast it says so.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import { connectFloor } from "../../../bench/compare/floor-client.ts";
import { textOfKey } from "../../../bench/compare/key-texts.ts";
import type { Outcome } from "../../../bench/compare/session.ts";
import { defaultSetting } from "../../../bench/compare/setting.ts";

test("what was under way when a node went away, and all that is asked of it later, is not done", async () => {
  const port = await serve((socket) => socket.once("message", () => socket.terminate()));
  const client = await connectFloor({ system: "floor", nodes: [`127.0.0.1:${port}`] });
  onTestFinished(() => client.close());
  const session = client.session(defaultSetting, "b", 10);
  const put = (): Promise<Outcome> =>
    new Promise((done) => session.put(textOfKey(1), new Uint8Array(20), (outcome) => done(outcome)));
  expect(await put()).toBe("unknown");
  expect(await put()).toBe("unknown");
  const told = await new Promise((done) => session.get(textOfKey(1), (outcome) => done(outcome)));
  expect(told).toBe("failed");
  const toldByAll = await new Promise((done) => session.getAll(textOfKey(1), (outcome) => done(outcome)));
  expect(toldByAll).toBe("failed");
});

async function serve(onConnection: (socket: WebSocket) => void): Promise<number> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  onTestFinished(() => server.close());
  server.on("connection", onConnection);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
