/** The world as a simulated client finds it: the shipped client runs on this unchanged. */
import type { Runtime, Socket, SocketEvents } from "../client/runtime.ts";
import type { Random } from "../src/random.ts";
import { decodeFrame } from "../src/codec.ts";
import type { Put } from "../src/messages.ts";
import { nodeOf } from "./cluster.ts";
import type { Dice } from "./dice.ts";
import type { SessionEnd } from "./session.ts";
import type { World } from "./world.ts";

export class ClientRuntime implements Runtime {
  readonly #world: World;
  readonly #name: string;
  readonly #dice: Dice;
  /** Told of every write that leaves, retries too. */
  readonly #onPut: (put: Put) => void;

  constructor(world: World, name: string, onPut: (put: Put) => void, purpose: string = "client") {
    this.#world = world;
    this.#name = name;
    this.#dice = world.simulator.dice(`${purpose}:${name}`);
    this.#onPut = onPut;
  }

  get random(): Random {
    return this.#dice.now;
  }

  now(): number {
    return this.#world.simulator.nowMs;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const event = this.#world.simulator.schedule(delayMs, "timer", () => this.#call(callback));
    return () => {
      event.isCancelled = true;
    };
  }

  openSocket(url: string, events: SocketEvents): Socket {
    const end: SessionEnd = this.#world.network.open(this.#name, nodeOf(url), {
      onOpen: () => this.#call(() => events.onOpen()),
      onFrame: (frame) => this.#call(() => events.onFrame(frame)),
      onEnd: (reason) => this.#call(() => events.onClose(reason)),
    });
    return { send: (frame) => this.#send(end, frame), close: () => this.#close(end, events) };
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.schedule(delayMs, resolve));
  }

  #send(end: SessionEnd, frame: Uint8Array): void {
    for (const message of decodeFrame(frame)) {
      if (message.kind === "Put") this.#onPut(message);
      if (message.kind === "Put" || message.kind === "Get") this.#world.traffic.requests++;
    }
    end.send(frame, false);
  }

  #close(end: SessionEnd, events: SocketEvents): void {
    if (!end.isOpen) return;
    end.close();
    this.schedule(0, () => events.onClose("closed"));
  }

  #call(callback: () => void): void {
    this.#world.simulator.touchClients();
    callback();
  }
}
