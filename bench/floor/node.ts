/**
 * One node of the floor: what a replicated put and get cost at least in this runtime, with the same sockets, encoding,
 * framing and kind of store as Coterie, on disk before every acknowledgement, and without versions, ring, repair or any check.
 *
 * Started by cluster.ts: `node node.js INDEX DIRECTORY`. It sends `{ port }` to its parent, gets `{ ports }` of all nodes
 * back, connects to the nodes before it (one socket per pair) and sends `{ ready }`. It ends when the parent does.
 */
import { mkdirSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { removeOwnData } from "../compare/own-data.ts";
import { answerUsage } from "../compare/usage.ts";
import {
  DIGEST_BYTES,
  GET,
  GET_REPLY,
  PUT,
  PUT_REPLY,
  REPLICA_GET,
  REPLICA_PUT,
  REPLICA_REPLY,
  type Get,
  type Message,
  type Put,
  type ReplicaGet,
} from "./messages.ts";
import { Store } from "./store.ts";
import { Tally } from "./tally.ts";
import { Link, receive, SOCKET_OPTIONS, Wire } from "./wire.ts";

const PEER_PATH = "/peer";
const index = Number(process.argv[2]);
const directory = process.argv[3]!;
mkdirSync(directory, { recursive: true });

const wire = new Wire();
const peers: Link[] = [];
let peerTurn = 0;

const store = new Store(directory, (asker, id) => {
  if (asker === undefined) tally.count(id);
  else wire.send(asker, [REPLICA_REPLY, id, true]);
});

const tally = new Tally((client, id, value) => {
  wire.send(client, value === undefined ? [PUT_REPLY, id] : [GET_REPLY, id, value]);
});

function handle(from: Link, message: Message): void {
  switch (message[0]) {
    case PUT:
      return put(from, message);
    case GET:
      return get(from, message);
    case REPLICA_PUT:
      return store.write(message[2], message[3], from, message[1]);
    case REPLICA_GET:
      return replicaGet(from, message);
    case REPLICA_REPLY:
      return tally.count(message[1]);
    case PUT_REPLY:
    case GET_REPLY:
      throw new Error("a node asks nothing of a client");
  }
}

function put(client: Link, [, clientId, key, value, w]: Put): void {
  const id = tally.open(client, clientId, w, peers.length + 1, undefined);
  for (const peer of peers) wire.send(peer, [REPLICA_PUT, id, key, value]);
  store.write(key, value, undefined, id);
}

/** Reads here; with r above 1 the other nodes, in turns, are asked whether they hold the same. */
function get(client: Link, [, clientId, key, r]: Get): void {
  const value = store.read(key);
  if (r === 1 || value === undefined) {
    wire.send(client, [GET_REPLY, clientId, value ?? null]);
    return;
  }
  const id = tally.open(client, clientId, r - 1, r - 1, value);
  const digest = value.subarray(0, DIGEST_BYTES);
  for (let asked = 1; asked < r; asked++) {
    peerTurn = (peerTurn + 1) % peers.length;
    wire.send(peers[peerTurn]!, [REPLICA_GET, id, key, digest]);
  }
}

function replicaGet(coordinator: Link, [, id, key, digest]: ReplicaGet): void {
  const record = store.peek(key);
  let same = record !== undefined;
  for (let at = 0; at < DIGEST_BYTES && same; at++) same = record![at] === digest[at];
  wire.send(coordinator, [REPLICA_REPLY, id, same]);
}

function connectPeer(socket: WebSocket): void {
  const link = new Link(socket);
  peers.push(link);
  receive(link, handle);
  if (peers.length === 2) process.send!({ ready: true });
}

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, clientTracking: false, ...SOCKET_OPTIONS });
server.on("listening", () => process.send!({ port: (server.address() as AddressInfo).port }));
server.on("connection", (socket, request) => {
  if (request.url === PEER_PATH) connectPeer(socket);
  else receive(new Link(socket), handle);
});

answerUsage();
process.once("message", ({ ports }: { ports: number[] }) => {
  for (const port of ports.slice(0, index)) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${PEER_PATH}`, SOCKET_OPTIONS);
    socket.on("open", () => connectPeer(socket));
  }
});

process.on("SIGINT", () => {}); // Ctrl-C reaches the whole group: the parent ends its cluster in order
process.on("disconnect", () => {
  removeOwnData(directory);
  process.exit(0);
});
