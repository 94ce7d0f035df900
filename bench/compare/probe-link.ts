/**
 * A client's link to one node, without the SDK: who measures what a read at a certain node shows must choose the node, where the SDK
 * would take the first of the key's preference list.
 */
import { randomBytes } from "node:crypto";
import { WebSocket } from "ws";
import { decodeFrame, encodeFrame } from "../../src/codec.ts";
import { fromBinary, toBinary } from "../../src/bytes.ts";
import {
  plainPut,
  protocolVersion,
  type Failure,
  type Get,
  type GetReply,
  type Hello,
  type Put,
  type PutReply,
  type Welcome,
} from "../../src/messages.ts";
import { makeOpId } from "../../src/op-id.ts";
import type { RequestOptions } from "../../src/options.ts";

const timeoutMs = 10_000;

export type ProbeAnswer = PutReply | GetReply | Failure;

export interface ProbePut extends Pick<Put, "id" | "key" | "context"> {
  readonly value: Uint8Array;
  readonly options: RequestOptions;
}

/** Ids are whole numbers that no other request of the measurement has. */
export class ProbeLink {
  readonly #socket: WebSocket;
  readonly #identity = toBinary(randomBytes(8));
  readonly #waiting = new Map<number, (answer: ProbeAnswer) => void>();
  #operations = 0;
  #onWelcome: ((welcome: Welcome) => void) | undefined;
  #isClosed = false;
  /** Rejects when the connection ends before `close`: whoever waits for an answer would wait for ever. */
  readonly lost: Promise<never>;

  /** @returns the link, and what the node says of the ring */
  static async open(url: string): Promise<{ readonly link: ProbeLink; readonly welcome: Welcome }> {
    const link = new ProbeLink(new WebSocket(url, { perMessageDeflate: false }));
    await new Promise((resolve, reject) => link.#socket.once("open", resolve).once("error", reject));
    const welcome = new Promise<Welcome>((resolve) => (link.#onWelcome = resolve));
    const identity = fromBinary(link.#identity);
    const hello: Hello = {
      kind: "Hello",
      version: protocolVersion,
      features: [],
      role: "client",
      identity,
      credential: undefined,
    };
    link.#socket.send(encodeFrame([hello]));
    return { link, welcome: await Promise.race([welcome, link.lost]) };
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.lost = new Promise((_, reject) => {
      socket.once("close", () => {
        if (!this.#isClosed)
          reject(new Error(`the connection to ${socket.url} has ended in the middle of a measurement`));
      });
    });
    this.lost.catch(() => undefined); // whoever waits for it hears of it
    socket.on("message", (data: Buffer) => {
      for (const message of decodeFrame(data)) {
        if (message.kind === "Welcome") this.#onWelcome?.(message);
        else if (message.kind === "PutReply" || message.kind === "GetReply" || message.kind === "Failure")
          this.#answered(message);
      }
    });
  }

  put({ id, key, value, context, options }: ProbePut, done: (answer: ProbeAnswer) => void): void {
    const op = fromBinary(makeOpId(this.#identity, ++this.#operations));
    const rest = { timeoutMs, options, returnValue: false, details: false, ...plainPut };
    this.#ask({ kind: "Put", id, op, key, value, context, ...rest }, done);
  }

  get(id: number, key: Uint8Array, options: RequestOptions, done: (answer: ProbeAnswer) => void): void {
    this.#ask({ kind: "Get", id, key, timeoutMs, options, head: false, details: false }, done);
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.terminate();
  }

  #ask(request: Get | Put, done: (answer: ProbeAnswer) => void): void {
    this.#waiting.set(request.id, done);
    this.#socket.send(encodeFrame([request]));
  }

  #answered(answer: ProbeAnswer): void {
    const done = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    done?.(answer);
  }
}
