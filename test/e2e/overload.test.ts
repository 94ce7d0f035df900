// I15, R16: a node that is sent many times what it can do refuses the excess with OVERLOADED instead of letting it time out, stays within
// its memory, and serves as before when the flood is over.
import { readFileSync } from "node:fs";
import { afterAll, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { decodeFrame, encodeFrame } from "../../src/codec.ts";
import { makeKey } from "../../src/key.ts";
import { plainPut, type Message, type Put } from "../../src/messages.ts";
import { packValue } from "../../src/msgpack.ts";
import { agreed, soonEqual } from "../chaos/agreement.ts";
import { connectTo, endAll, Nodes, waiting } from "./processes.ts";
import { helloOfClient, statusOf } from "./raw-link.ts";

afterAll(endAll);

const links = 12;
const putsPerFrame = 500;
const value = "x".repeat(1000);
/** How many refusals make it a flood: many times what a node has open. */
const refusalsMin = 40_000;
/** Of node, code and data together, with what may wait in its sockets and in front of its disk. */
const residentBytesMax = 600 * 1024 * 1024;

test("a flood is refused, bounded and forgotten", async () => {
  const nodes = await Nodes.start(3, { tuning: soonEqual });
  const node = nodes.nodes[0]!;
  const memory = new Memory(node.program.pid);
  const floods = await Promise.all(Array.from({ length: links }, (_, at) => Flood.open(node.url, at)));
  await vi.waitFor(() => {
    memory.look();
    expect(sum(floods, "OVERLOADED")).toBeGreaterThan(refusalsMin);
  }, waiting);
  for (const flood of floods) flood.stop();
  await vi.waitFor(async () => {
    memory.look();
    expect(await statusOf(node.url)).toMatchObject({ openRequests: 0 });
  }, waiting);

  // Nothing but "done" and "too much": what was let in was finished, what was not was told so.
  const kinds = new Set(floods.flatMap((flood) => [...flood.answers.keys()]));
  expect([...kinds].toSorted()).toEqual(["OVERLOADED", "PutReply"]);
  expect(sum(floods, "PutReply")).toBeGreaterThan(1000);
  expect((await statusOf(node.url)).counters.shed).toBeGreaterThan(0);
  expect(memory.highestBytes).toBeLessThan(residentBytesMax);

  const bucket = (await connectTo([node.url])).bucket<number>("after");
  await Promise.all(Array.from({ length: 500 }, (_, at) => bucket.put(`k${at}`, at, { w: 3 })));
  for (const flood of floods) flood.close();

  // And what was let in is everywhere, once.
  const keys = floods.flatMap((flood) => flood.acknowledged);
  const found = await agreed(nodes.urls, keys);
  expect(found.filter((values) => values.length !== 1 || values[0]!.value !== value)).toEqual([]);
});

/** Sends the same frames again and again, as fast as the socket takes them, and counts what comes back. */
class Flood {
  /** Answers by kind, failures by code. */
  readonly answers = new Map<string, number>();
  readonly #number: number;
  readonly #acknowledged = new Set<number>();
  readonly #socket: WebSocket;
  readonly #frame: Uint8Array;
  #isOver = false;

  static async open(url: string, number: number): Promise<Flood> {
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    return new Flood(socket, number);
  }

  private constructor(socket: WebSocket, number: number) {
    this.#socket = socket;
    this.#number = number;
    this.#frame = encodeFrame(Array.from({ length: putsPerFrame }, (_, at) => putOf(keyOf(number, at), at)));
    socket.on("message", (data: Buffer) => {
      for (const message of decodeFrame(data)) this.#count(message);
    });
    socket.send(encodeFrame([helloOfClient]));
    this.#pour();
  }

  get acknowledged(): Uint8Array[] {
    return [...this.#acknowledged].map((at) => keyOf(this.#number, at));
  }

  stop(): void {
    this.#isOver = true;
  }

  close(): void {
    this.#socket.terminate();
  }

  #pour(): void {
    if (this.#isOver) return;
    while (this.#socket.bufferedAmount < 2 * this.#frame.length) this.#socket.send(this.#frame);
    setImmediate(() => this.#pour());
  }

  #count(message: Message): void {
    if (message.kind === "Welcome") return;
    const name = message.kind === "Failure" ? message.code : message.kind;
    if (message.kind === "PutReply") this.#acknowledged.add(message.id);
    this.answers.set(name, (this.answers.get(name) ?? 0) + 1);
  }
}

function keyOf(flood: number, at: number): Uint8Array {
  return makeKey("default", `flood-${flood}-${at}`);
}

/** Blind puts of one operation each: sent again they are retries, and make no siblings. */
function putOf(key: Uint8Array, sequence: number): Put {
  const op = new Uint8Array(14);
  op.set(helloOfClient.identity);
  new DataView(op.buffer).setUint32(10, sequence);
  const rest = {
    ...plainPut,
    context: undefined,
    timeoutMs: 20_000,
    options: undefined,
    returnValue: false,
    details: false,
  };
  return { kind: "Put", id: sequence, op, key, value: packValue(value), ...rest };
}

function sum(floods: readonly Flood[], answer: string): number {
  return floods.reduce((total, { answers }) => total + (answers.get(answer) ?? 0), 0);
}

/** What a process holds of the machine's memory. */
class Memory {
  readonly #pid: number;
  highestBytes = 0;

  constructor(pid: number) {
    this.#pid = pid;
  }

  look(): void {
    const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.#pid}/status`, "utf8")) ?? [];
    this.highestBytes = Math.max(this.highestBytes, Number(kilobytes) * 1024);
  }
}
