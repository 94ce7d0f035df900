/** Writers that never rest, on a few keys that all of them share and many that nobody else has: blind puts, puts that have read, deletes. */
import { expect, vi } from "vitest";
import { CoterieError, type Bucket, type Client } from "../../client/index.ts";
import { emptyContext } from "../../src/causal-context.ts";
import { waiting } from "../e2e/processes.ts";
import { Ledger, type Write } from "./ledger.ts";

const writersPerClient = 4;
const sharedKeys = 12;
/** Errors that callers are promised while things break. */
const promised = new Set(["UNAVAILABLE", "TIMEOUT", "OVERLOADED", "STORAGE", "TOO_MANY_SIBLINGS"]);

export class Load {
  readonly ledger = new Ledger();
  /** Errors that nobody was promised. */
  readonly surprises: unknown[] = [];
  readonly #ends: readonly Promise<void>[];
  #isOver = false;

  constructor(clients: readonly Client[]) {
    this.#ends = clients.flatMap((client, number) => {
      const bucket = client.bucket<string>("default", { timeoutMs: 2000 });
      return Array.from({ length: writersPerClient }, (_, at) => this.#write(bucket, `c${number}.${at}`));
    });
  }

  /** Resolves when so many more writes have been acknowledged. */
  async progress(writes = 100): Promise<void> {
    const goal = this.ledger.acknowledged + writes;
    await vi.waitFor(() => expect(this.ledger.acknowledged).toBeGreaterThanOrEqual(goal), {
      ...waiting,
      timeout: 30_000,
    });
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#ends);
  }

  async #write(bucket: Bucket<string>, name: string): Promise<void> {
    for (let count = 0; !this.#isOver; count++) {
      const value = `${name}-${count}`;
      const key = Math.random() < 0.3 ? `own-${value}` : `shared-${Math.floor(Math.random() * sharedKeys)}`;
      const dice = Math.random();
      if (dice < 0.2) await this.#blind(bucket, key, value);
      else await this.#replace(bucket, key, dice < 0.35 ? undefined : value);
    }
  }

  async #blind(bucket: Bucket<string>, key: string, value: string): Promise<void> {
    const write = this.ledger.begin(key, value, { values: [], context: emptyContext });
    await this.#try(bucket.put(key, value, { context: null }), write);
  }

  /** Reads, and puts or deletes with the context of what it has read. */
  async #replace(bucket: Bucket<string>, key: string, value: string | undefined): Promise<void> {
    const read = await this.#try(bucket.get(key));
    if (read === undefined) return;
    const write = this.ledger.begin(key, value, { values: read.siblings, context: read.context.token.context });
    const { context } = read;
    await this.#try(value === undefined ? bucket.delete(key, { context }) : bucket.put(key, value, { context }), write);
  }

  async #try<T>(operation: Promise<T>, write?: Write): Promise<T | undefined> {
    try {
      const result = await operation;
      if (write !== undefined) this.ledger.acknowledge(write);
      return result;
    } catch (error) {
      const isOurs = error instanceof CoterieError;
      if (isOurs && error.code === "CLOSED") this.#isOver = true; // a test that fails closes the client under us
      else if (!isOurs || !promised.has(error.code)) this.surprises.push(error);
      if (isOurs && write !== undefined) write.outcome = error.outcome;
      return undefined;
    }
  }
}
