/** How large the record of a key is, which the SDK tells nobody: asked over a link of its own. */
import { on, once } from "node:events";
import { WebSocket } from "ws";
import { decodeFrame, encodeFrame } from "../src/codec.ts";
import { makeKey } from "../src/key.ts";
import { protocolVersion, type Message } from "../src/messages.ts";

const identity = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

/** Bytes of the join of a majority's records; 0 if there is none. */
export async function recordBytes(url: string, bucket: string, key: string): Promise<number> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await once(socket, "open");
  const hello: Message = {
    kind: "Hello",
    version: protocolVersion,
    features: [],
    role: "client",
    identity,
    credential: undefined,
  };
  const get: Message = {
    kind: "Get",
    id: 1,
    key: makeKey(bucket, key),
    timeoutMs: 5000,
    options: { r: 2 },
    head: false,
    details: false,
  };
  socket.send(encodeFrame([hello]));
  await once(socket, "message"); // its Welcome
  socket.send(encodeFrame([get]));
  for await (const [data] of on(socket, "message") as AsyncIterable<[Uint8Array]>) {
    const reply = decodeFrame(data).find(({ kind }) => kind === "GetReply" || kind === "Failure");
    if (reply === undefined) continue;
    socket.close();
    if (reply.kind === "GetReply") return reply.record?.length ?? 0;
    throw new Error(`the record of ${key} cannot be read: ${JSON.stringify(reply)}`);
  }
  throw new Error("the link ended");
}
