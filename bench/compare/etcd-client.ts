/** etcd through etcd3, connected to every member: each request goes to one of them, drawn by the client. */
import type { Etcd3, IOptions, IRangeResponse } from "etcd3";
import type { OnRead, OnWritten, Outcome, Session } from "./session.ts";
import type { Setting } from "./setting.ts";
import type { Address, SystemClient } from "./system.ts";

/** Of a request that was not answered for so long nobody knows. */
const timeoutMs = 10_000;
const none: readonly Uint8Array[] = [];

type Policy = NonNullable<NonNullable<IOptions["faultHandling"]>["global"]>;

export async function connectEtcd({ nodes }: Address): Promise<SystemClient> {
  const { Etcd3: Etcd } = await import("etcd3");
  const etcd = new Etcd({
    hosts: [...nodes],
    defaultCallOptions: () => ({ deadline: Date.now() + timeoutMs }),
    faultHandling: { global: once },
  });
  await etcd.kv.range({ key: Buffer.from("connected"), serializable: true });
  return new EtcdClient(etcd);
}

const neverAborted = new AbortController().signal;
/** By itself the client sends a request again whose connection has broken: an increment would count twice. */
const once: Policy = {
  _altReturn: undefined as never, // theirs; there only for the types
  execute: async (request) => request({ signal: neverAborted }),
  onSuccess: () => ({ dispose: () => undefined }),
  onFailure: () => ({ dispose: () => undefined }),
};

class EtcdClient implements SystemClient {
  readonly #etcd: Etcd3;

  constructor(etcd: Etcd3) {
    this.#etcd = etcd;
  }

  session(setting: Setting, bucket: string): Session {
    return new EtcdSession(this.#etcd, setting, bucket);
  }

  close(): Promise<void> {
    this.#etcd.close();
    return Promise.resolve();
  }
}

class EtcdSession implements Session {
  readonly #etcd: Etcd3;
  readonly #serializable: boolean;
  readonly #bucket: string;
  /** The last increment of each counter that one is under way of: they would only make each other fail. */
  readonly #increments = new Map<string, Promise<Outcome>>();

  constructor(etcd: Etcd3, { r }: Setting, bucket: string) {
    this.#etcd = etcd;
    this.#serializable = r === 1;
    this.#bucket = bucket;
  }

  get(key: string, done: OnRead): void {
    this.#read(key, this.#serializable, done);
  }

  put(key: string, value: Uint8Array, done: OnWritten): void {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    this.#etcd.kv.put({ key: this.#name(key), value: bytes }).then(
      () => done("ok"),
      (error: unknown) => done(outcomeOf(error)),
    );
  }

  getAll(key: string, done: OnRead): void {
    this.#read(key, false, done);
  }

  increment(key: string, by: number, done: OnWritten): void {
    const before = this.#increments.get(key) ?? Promise.resolve();
    const outcome = before.then(() => this.#increment(this.#name(key), by));
    this.#increments.set(key, outcome);
    void outcome.then((written) => {
      if (this.#increments.get(key) === outcome) this.#increments.delete(key);
      done(written);
    });
  }

  count(key: string, done: (outcome: Outcome, value: number) => void): void {
    this.#range(this.#name(key), this.#serializable).then(
      ({ kvs }) => done("ok", numberOf(kvs[0]?.value)),
      () => done("failed", 0),
    );
  }

  #read(key: string, serializable: boolean, done: OnRead): void {
    this.#range(this.#name(key), serializable).then(
      ({ kvs }) => done("ok", kvs.length === 0 ? none : [kvs[0]!.value]),
      () => done("failed", none),
    );
  }

  /** etcd has no counters: a transaction that wants the value that it has read to be still there, until one succeeds. */
  async #increment(key: Buffer, by: number): Promise<Outcome> {
    try {
      for (;;) {
        const { kvs } = await this.#range(key, false);
        const value = Buffer.from(String(numberOf(kvs[0]?.value) + by));
        const { succeeded } = await this.#etcd.kv.txn({
          compare: [{ key, target: "Mod", result: "Equal", mod_revision: kvs[0]?.mod_revision ?? 0 }],
          success: [{ request_put: { key, value } }],
        });
        if (succeeded) return "ok";
      }
    } catch (error) {
      return outcomeOf(error);
    }
  }

  #range(key: Buffer, serializable: boolean): Promise<IRangeResponse> {
    return this.#etcd.kv.range({ key, serializable });
  }

  #name(key: string): Buffer {
    return Buffer.from(`${this.#bucket}/${key}`);
  }
}

function numberOf(value: Buffer | undefined): number {
  return Number(value?.toString() ?? 0);
}

/** What never left this process, or was refused before it was proposed to the others, has certainly not happened. */
function outcomeOf(error: unknown): Outcome {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const isCertain =
    name === "BrokenCircuitError" ||
    /client was already closed|No connection established|too many requests|database space exceeded/.test(message);
  return isCertain ? "failed" : "unknown";
}
