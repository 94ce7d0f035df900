/**
 * What clients do: gets, puts and deletes of a few keys through the shipped client, each client one call at a time, with
 * contexts that are fresh, old, somebody else's, remembered by the client itself, or missing.
 */
import { openClient, type Client } from "../client/client.ts";
import type { RequestOptions } from "../src/options.ts";
import type { Context } from "../client/context.ts";
import { toBinary } from "../src/bytes.ts";
import { CoterieError } from "../src/errors.ts";
import { hashKey } from "../src/key.ts";
import type { Put } from "../src/messages.ts";
import { decodeToken } from "../src/token.ts";
import { sequenceOf } from "../src/op-id.ts";
import type { Random } from "../src/random.ts";
import { ClientRuntime } from "./client-runtime.ts";
import type { Asked, History, Operation } from "./history.ts";
import type { Bucket, WorkMix } from "./profile.ts";
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

interface Where {
  readonly bucket: Bucket;
  readonly key: string;
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
      problem = await this.tryService();
      if (problem === undefined) break;
      await this.#runtime.sleep(checkPauseMs);
    }
    return problem;
  }

  /** @returns why a read or a write failed */
  async tryService(): Promise<string | undefined> {
    try {
      const client = await openClient(this.#job.urls, {}, this.#runtime);
      for (const { name } of this.#job.mix.buckets) {
        const bucket = client.bucket<string>(name);
        await bucket.put("after", this.name, { context: null });
        await bucket.get("after");
      }
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
    const where = this.#drawKey();
    const drawn = this.#random.fraction();
    if (drawn < mix.puts) await this.#write(client, where, this.#newValue());
    else if (drawn < mix.puts + mix.deletes) await this.#write(client, where, undefined);
    else await this.#get(client, where);
  }

  /** The work moves on to other keys, so that some are left behind for good, deleted or not. */
  #drawKey(): Where {
    const { buckets, keys, keyLifeMs } = this.#job.mix;
    const life = Math.floor(this.#runtime.now() / keyLifeMs);
    return { bucket: this.#random.pick(buckets), key: `k${life * keys + this.#random.between(1, keys)}` };
  }

  async #get(client: Client, where: Where): Promise<Context | undefined> {
    const [options, asked] = this.#getOptions(where.bucket);
    const bucket = client.bucket<string>(where.bucket.name, options);
    return this.#call(where, "get", undefined, asked, async (operation) => {
      const { context, siblings } = await bucket.get(where.key);
      operation.siblings = siblings;
      return context;
    });
  }

  async #write(client: Client, where: Where, value: string | undefined): Promise<void> {
    const { bucket, key } = where;
    const [options, asked] = this.#putOptions(bucket);
    const context = await this.#contextFor(client, where);
    const store = client.bucket<string>(bucket.name, options);
    const seen = context === undefined ? {} : { context };
    await this.#call(where, value === undefined ? "delete" : "put", value, asked, async () => {
      const reply = value === undefined ? await store.delete(key, seen) : await store.put(key, value, seen);
      return reply.context;
    });
  }

  #getOptions(bucket: Bucket): readonly [RequestOptions, Asked] {
    const { mix } = this.#job;
    const n = this.#drawN(bucket);
    const counts = { n, r: Math.min(this.#random.pick(mix.r), n), w: Math.min(this.#random.pick(mix.w), n) };
    const pr = this.#random.chance(mix.primary) ? this.#random.between(1, counts.r) : 0;
    const sloppy = this.#random.chance(mix.sloppy);
    const readRepair = this.#random.pick(mix.readRepair);
    const fanout = this.#random.pick(["quorum", "all"] as const);
    const options = { ...counts, pr, sloppy, readRepair, fanout, timeoutMs: mix.timeoutMs };
    return [options, { ...counts, dw: 0, isSloppy: sloppy, readRepair }];
  }

  #putOptions(bucket: Bucket): readonly [RequestOptions, Asked] {
    const { mix } = this.#job;
    const n = this.#drawN(bucket);
    const w = Math.min(this.#random.pick(mix.w), n);
    const dw = this.#random.between(mix.dwMin, w);
    const pw = this.#random.chance(mix.primary) ? this.#random.between(1, w) : 0;
    const sloppy = this.#random.chance(mix.sloppy);
    const options = { n, w, dw, pw, sloppy, timeoutMs: mix.timeoutMs };
    return [options, { n, r: 0, w, dw, isSloppy: sloppy, readRepair: "off" }];
  }

  /** Not fewer than disks must have it. */
  #drawN(bucket: Bucket): number {
    const { narrow, dwMin } = this.#job.mix;
    return this.#random.chance(narrow) ? this.#random.between(dwMin, bucket.n) : bucket.n;
  }

  /** `undefined`: whatever the client itself remembers. */
  async #contextFor(client: Client, where: Where): Promise<Context | null | undefined> {
    const { mix, oldContexts } = this.#job;
    const drawn = this.#random.fraction();
    if (drawn < mix.fresh) return this.#get(client, where);
    if (drawn < mix.fresh + mix.blind) return null;
    const old = oldContexts.get(nameOf(where)) ?? [];
    const isStale = drawn < mix.fresh + mix.blind + mix.stale && old.length > 0;
    return isStale ? this.#random.pick(old) : undefined;
  }

  async #call(
    where: Where,
    kind: Operation["kind"],
    value: string | undefined,
    asked: Asked,
    call: (operation: Operation) => Promise<Context>,
  ): Promise<Context | undefined> {
    const { world, history } = this.#job;
    const key = nameOf(where);
    const operation = history.call({
      client: this.name,
      key,
      kind,
      value,
      asked,
      calledAtMs: this.#runtime.now(),
    });
    if (kind !== "get") this.#writes.push(operation);
    world.recording?.called(operation);
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
    if (operation === undefined) return;
    operation.op = op;
    if (put.context !== undefined) operation.contextIn = decodeToken(hashKey(put.key), put.context).context;
  }

  #newValue(): string {
    const padding = "x".repeat(this.#random.between(0, this.#job.mix.valueBytesMax));
    return `${this.name}#${++this.#values}${padding}`;
  }
}

/** The name under which a key is known everywhere. */
function nameOf({ bucket, key }: Where): string {
  return `${bucket.name}/${key}`;
}
