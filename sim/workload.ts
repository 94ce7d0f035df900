/**
 * What clients do: gets, puts and deletes of a few keys through the shipped client, each client one call at a time, with
 * contexts that are fresh, old, somebody else's, remembered by the client itself, or missing.
 */
import { openClient, type Client } from "../client/client.ts";
import type { PutOptions } from "../client/options.ts";
import type { Context } from "../client/context.ts";
import { toBinary } from "../src/bytes.ts";
import { CoterieError } from "../src/errors.ts";
import type { Put } from "../src/messages.ts";
import { sequenceOf } from "../src/op-id.ts";
import type { Random } from "../src/random.ts";
import { ClientRuntime } from "./client-runtime.ts";
import type { History, Operation } from "./history.ts";
import { workBucket, type WorkMix } from "./profile.ts";
import type { World } from "./world.ts";

/** What was once returned for a key, to any client: contexts are values, and may be passed on. */
export type OldContexts = Map<string, Context[]>;

/** Old contexts kept per key. */
const oldContextsMax = 20;

/** What was clogged before the heal may hold up the first try; a clock that was set back refuses writes until it has caught up. */
const checkTries = 20;
const checkPauseMs = 1000;

export interface Job {
  readonly world: World;
  readonly history: History;
  readonly mix: WorkMix;
  readonly urls: readonly string[];
  readonly oldContexts: OldContexts;
  readonly endsAtMs: number;
}

export class Worker {
  readonly name: string;
  readonly #job: Job;
  readonly #random: Random;
  readonly #runtime: ClientRuntime;
  #client: Client | undefined;
  /** The writes called of the present client, in order: it numbers its operations so. */
  #writes: Operation[] = [];
  #values = 0;

  constructor(job: Job, name: string) {
    this.#job = job;
    this.name = name;
    const { simulator } = job.world;
    this.#random = simulator.stream(`workload:${name}`);
    this.#runtime = new ClientRuntime(job.world, name, simulator.stream(`client:${name}`), (put) => this.#sent(put));
  }

  /** Works until the time is over. */
  async work(): Promise<void> {
    const { mix, endsAtMs } = this.#job;
    for (;;) {
      await this.#runtime.sleep(this.#random.exponential(mix.thinkMeanMs));
      if (this.#runtime.now() >= endsAtMs) break;
      const client = await this.#connected();
      if (client === undefined) continue;
      await this.#operate(client);
      if (this.#random.chance(mix.clientRestarts)) await this.#leave();
    }
  }

  /** When everything is healed: a read and a write must succeed, before long. @returns why they did not */
  async check(): Promise<string | undefined> {
    await this.#leave();
    let problem: string | undefined;
    for (let tries = 0; tries < checkTries; tries++) {
      problem = await this.#tryService();
      if (problem === undefined) break;
      await this.#runtime.sleep(checkPauseMs);
    }
    return problem;
  }

  async #tryService(): Promise<string | undefined> {
    try {
      const client = await openClient(this.#job.urls, {}, this.#runtime);
      const bucket = client.bucket<string>(workBucket);
      await bucket.get("after");
      await bucket.put("after", this.name, { context: null });
      await client.close();
      return undefined;
    } catch (error) {
      if (!(error instanceof CoterieError)) throw error;
      return `${this.name} is not served after everything was healed: ${error.code} ${error.message}`;
    }
  }

  async #leave(): Promise<void> {
    await this.#client?.close();
    this.#client = undefined;
    this.#writes = [];
  }

  async #connected(): Promise<Client | undefined> {
    try {
      return (this.#client ??= await openClient(this.#job.urls, { connectTimeoutMs: 1000 }, this.#runtime));
    } catch (error) {
      if (error instanceof CoterieError) return undefined;
      throw error;
    }
  }

  async #operate(client: Client): Promise<void> {
    const { mix } = this.#job;
    const key = `k${this.#random.between(1, mix.keys)}`;
    const drawn = this.#random.fraction();
    if (drawn < mix.puts) await this.#write(client, key, this.#newValue());
    else if (drawn < mix.puts + mix.deletes) await this.#write(client, key, undefined);
    else await this.#get(client, key);
  }

  async #get(client: Client, key: string): Promise<Context | undefined> {
    const { mix } = this.#job;
    const bucket = client.bucket<string>(workBucket);
    const options = {
      r: this.#random.pick(mix.r),
      timeoutMs: mix.timeoutMs,
      fanout: this.#random.pick(["quorum", "all"] as const),
    };
    return this.#call(key, "get", undefined, async (operation) => {
      const { context, siblings } = await bucket.get(key, options);
      operation.siblings = siblings;
      return context;
    });
  }

  async #write(client: Client, key: string, value: string | undefined): Promise<void> {
    const options = await this.#writeOptions(client, key);
    const bucket = client.bucket<string>(workBucket);
    await this.#call(key, value === undefined ? "delete" : "put", value, async () => {
      const reply = value === undefined ? await bucket.delete(key, options) : await bucket.put(key, value, options);
      return reply.context;
    });
  }

  async #writeOptions(client: Client, key: string): Promise<PutOptions> {
    const { mix } = this.#job;
    const w = this.#random.pick(mix.w);
    const counts = { w, dw: this.#random.between(mix.dwMin, w), timeoutMs: mix.timeoutMs };
    const drawn = this.#random.fraction();
    if (drawn < mix.fresh) return { ...counts, context: await this.#get(client, key) };
    if (drawn < mix.fresh + mix.blind) return { ...counts, context: null };
    const old = this.#job.oldContexts.get(key) ?? [];
    const isStale = drawn < mix.fresh + mix.blind + mix.stale && old.length > 0;
    return isStale ? { ...counts, context: this.#random.pick(old) } : counts;
  }

  async #call(
    key: string,
    kind: Operation["kind"],
    value: string | undefined,
    call: (operation: Operation) => Promise<Context>,
  ): Promise<Context | undefined> {
    const { world, history } = this.#job;
    const operation = history.call(this.name, `${workBucket}/${key}`, kind, value, this.#runtime.now());
    if (kind !== "get") this.#writes.push(operation);
    world.trace.line(this.name, () => `calls ${kind} ${operation.number} of ${operation.key}`);
    try {
      const context = await call(operation);
      this.#keep(key, context);
      operation.outcome = "ok";
      operation.context = context.token.context;
      return context;
    } catch (error) {
      if (!(error instanceof CoterieError)) throw error;
      operation.outcome = error.outcome;
      operation.error = error.code;
      return undefined;
    } finally {
      operation.returnedAtMs = this.#runtime.now();
      world.trace.line(
        this.name,
        () => `is told of ${kind} ${operation.number}: ${operation.error ?? operation.outcome}`,
      );
      world.witness.observe({ kind: "returned", operation });
    }
  }

  #keep(key: string, context: Context): void {
    const { oldContexts } = this.#job;
    const contexts = oldContexts.get(key) ?? [];
    contexts.push(context);
    if (contexts.length > oldContextsMax) contexts.shift();
    oldContexts.set(key, contexts);
  }

  /** Not simply the call under way: a write that was given up may still be waiting for its connection to open. */
  #sent(put: Put): void {
    const op = toBinary(put.op);
    const operation = this.#writes[sequenceOf(op) - 1];
    if (operation !== undefined) operation.op = op;
  }

  #newValue(): string {
    const padding = "x".repeat(this.#random.between(0, this.#job.mix.valueBytesMax));
    return `${this.name}#${++this.#values}${padding}`;
  }
}
