/** `coterie/client` in browsers: the same, over the browser's own WebSocket. */
import { openClient, type Client, type ConnectOptions } from "./client.ts";
import { realClock } from "./clock.ts";
import type { Socket, SocketEvents } from "./runtime.ts";

/** One explicit list serves both doors. */
export * from "./public.ts";

/** As in Node; see there. */
export function connect(urls: readonly string[], options: ConnectOptions = {}): Promise<Client> {
  return openClient(urls, options, { ...realClock(), openSocket });
}

function openSocket(url: string, events: SocketEvents): Socket {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.addEventListener("open", () => events.onOpen());
  socket.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer>) => events.onFrame(new Uint8Array(data)));
  socket.addEventListener("close", ({ reason }) => events.onClose(reason));
  return { send: (frame) => socket.send(frame as Uint8Array<ArrayBuffer>), close: () => socket.close() };
}
