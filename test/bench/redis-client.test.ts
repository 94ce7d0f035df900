/**
 * What became of a write that Redis has not acknowledged: failed where it certainly did not happen, unknown where it may have. A fake
 * server decides which, so that these are tested on every machine.
 */
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { connectRedis } from "../../bench/compare/redis-client.ts";
import { defaultSetting } from "../../bench/compare/setting.ts";
import type { Outcome, Session } from "../../bench/compare/session.ts";
import type { SystemClient } from "../../bench/compare/system.ts";

const waiting = { timeout: 15_000, interval: 10 } as const;
const value = Uint8Array.of(1, 2, 3);
let server: Server;
let client: SystemClient;
let session: Session;
/** What the server does with a command of ours. */
let answer: (socket: Socket) => void;

beforeEach(async () => {
  server = createServer((socket) => serve(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  client = await connectRedis({ system: "redis", nodes: [`127.0.0.1:${port}`] });
  session = client.session(defaultSetting, "test", 10);
});

afterEach(async () => {
  await client.close();
  server.close();
});

test("what is acknowledged is ok", async () => {
  answer = (socket) => socket.write("+OK\r\n");
  expect(await put()).toBe("ok");
});

test("what Redis refuses has failed", async () => {
  answer = (socket) => socket.write("-OOM command not allowed when used memory > 'maxmemory'.\r\n");
  expect(await put()).toBe("failed");
  expect(await increment()).toBe("failed");
});

test("of what was sent when the connection broke nobody knows, and it is not sent again", async () => {
  let sent = 0;
  answer = (socket) => {
    sent += 1;
    if (sent <= 3) socket.destroy();
    else socket.write("+OK\r\n");
  };
  expect(await Promise.all([put(), increment(), put()])).toEqual(["unknown", "unknown", "unknown"]);
  await vi.waitFor(async () => expect(await put()).toBe("ok"), waiting);
  expect(sent).toBe(4);
});

test("what is asked for without a connection has failed", async () => {
  answer = (socket) => {
    server.close();
    socket.destroy();
  };
  expect(await put()).toBe("unknown");
  expect(await put()).toBe("failed");
});

test("a read without an answer has failed, whatever happened", async () => {
  answer = (socket) => socket.destroy();
  expect(await new Promise((resolve) => session.get("key", (outcome) => resolve(outcome)))).toBe("failed");
});

/** Of Redis' protocol what a connection begins with; the rest is `answer`'s. */
function serve(socket: Socket): void {
  socket.on("error", () => undefined);
  socket.on("data", (bytes) => {
    for (const name of commandsIn(bytes.toString("latin1")))
      if (name === "HELLO") socket.write("-ERR unknown command 'HELLO'\r\n");
      else if (name === "INFO") socket.write("$9\r\nloading:0\r\n");
      else if (name === "CLIENT") socket.write("+OK\r\n");
      else answer(socket);
  });
}

/** Names of commands: the first word after each array's header. */
function commandsIn(text: string): string[] {
  return [...text.matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)].map(([, name]) => name!.toUpperCase());
}

function put(): Promise<Outcome> {
  return new Promise((resolve) => session.put("key", value, resolve));
}

function increment(): Promise<Outcome> {
  return new Promise((resolve) => session.increment("key", 1, resolve));
}
