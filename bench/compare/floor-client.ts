/** The floor: its gets tell that they have found something, not what. */
import { FloorClient } from "../floor/client.ts";
import { numberOfKey } from "./key-texts.ts";
import type { OnRead, OnWritten, Outcome, Session } from "./session.ts";
import type { Setting } from "./setting.ts";
import type { Address, SystemClient } from "./system.ts";

const nothing: readonly Uint8Array[] = [];

export async function connectFloor(address: Address): Promise<SystemClient> {
  const client = new FloorClient();
  await client.connect(address.nodes.map((node) => Number(node.split(":").at(-1))));
  return {
    session: (setting) => new FloorSession(client, setting),
    close: async () => client.close(),
  };
}

/** It has no buckets: what a comparison writes under one name is overwritten under the next, and costs the same. */
class FloorSession implements Session {
  readonly #client: FloorClient;
  readonly #setting: Setting;

  constructor(client: FloorClient, setting: Setting) {
    this.#client = client;
    this.#setting = setting;
  }

  get(key: string, done: OnRead): void {
    this.#client.get(numberOfKey(key), this.#setting.r, (error) => done(readOutcome(error), nothing));
  }

  put(key: string, value: Uint8Array, done: OnWritten): void {
    this.#client.put(numberOfKey(key), value, this.#setting.w, (error) => done(error === undefined ? "ok" : "unknown"));
  }

  getAll(key: string, done: OnRead): void {
    this.#client.get(numberOfKey(key), this.#setting.n, (error) => done(readOutcome(error), nothing));
  }

  increment(_key: string, _by: number, done: OnWritten): void {
    process.nextTick(done, "failed");
  }

  count(_key: string, done: (outcome: Outcome, value: number) => void): void {
    process.nextTick(done, "failed", 0);
  }
}

/** Its only error is that a node is gone: then nothing is done any more. */
function readOutcome(error: Error | undefined): Outcome {
  return error === undefined ? "ok" : "failed";
}
