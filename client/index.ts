/** `coterie/client` in Node. */
import { WebSocket, type ClientOptions } from "ws";
import { limits } from "../src/limits.ts";
import { openClient, type Client, type ConnectOptions } from "./client.ts";
import { realClock } from "./clock.ts";
import type { Socket, SocketEvents } from "./runtime.ts";

/** One explicit list serves both doors. */
export * from "./public.ts";

/**
 * Connects to a cluster through any of its nodes; the others are found through the ring.
 * @param urls `ws://host:port` of some nodes; one that is up is enough
 * @throws CoterieError: INVALID_ARGUMENT, UNAUTHENTICATED, PROTOCOL, UNAVAILABLE if no node is there in time
 */
export function connect(urls: readonly string[], options: ConnectOptions = {}): Promise<Client> {
  return openClient(urls, options, { ...realClock(), openSocket });
}

/** The mask of zeros need not be applied: masks guard proxies against scripts in browsers, not against programs in Node. */
const socketOptions: ClientOptions = {
  perMessageDeflate: false,
  skipUTF8Validation: true,
  maxPayload: limits.frameBytesMax,
  generateMask: (mask) => mask.fill(0),
};

function openSocket(url: string, events: SocketEvents): Socket {
  const socket = new WebSocket(url, socketOptions);
  let problem = "";
  socket.on("open", () => events.onOpen());
  socket.on("message", (data: Uint8Array) => events.onFrame(data));
  // A name with several addresses fails with an error of errors, which has a code and no message.
  socket.on("error", (error: NodeJS.ErrnoException) => (problem = error.message || `connect ${error.code}`));
  socket.on("close", (_code, reason) => events.onClose(problem || reason.toString()));
  return {
    send: (frame) => socket.send(frame),
    close: () => (socket.readyState === WebSocket.OPEN ? socket.close() : socket.terminate()),
  };
}
