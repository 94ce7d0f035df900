/**
 * Works through a workload with the shipped client, one call at a time, and notes what was called when and what came of it. In a run
 * that is played again each call has its moment, and some are left out: the workload is told that they were refused.
 */
import type { Bucket, BucketOptions } from "../client/bucket.ts";
import { openClient, type Client } from "../client/client.ts";
import type { Context } from "../client/context.ts";
import { toBinary } from "../src/bytes.ts";
import { CoterieError } from "../src/errors.ts";
import { hashKey } from "../src/key.ts";
import type { Put } from "../src/messages.ts";
import { emptyObject, type StoredObject } from "../src/object.ts";
import { sequenceOf } from "../src/op-id.ts";
import type { ClusterOptions } from "../src/options.ts";
import { decodeToken } from "../src/token.ts";
import { formatCall, type Again, type Call, type Seen, type Told, type Workload } from "./call.ts";
import { Asking, nameOf, type KeyCall } from "./asking.ts";
import { ClientRuntime } from "./client-runtime.ts";
import { observedBy } from "./elements.ts";
import type { History, Operation } from "./history.ts";
import type { PlayedBucket } from "./play.ts";
import type { ScriptedCall } from "./script.ts";
import { TypedRequests, type Sent } from "./typed-requests.ts";
import { changesOf } from "./wish.ts";
import type { World } from "./world.ts";

/** What was once returned for a key, to any client: contexts are values, and may be passed on. */
type OldContexts = Map<string, Context[]>;
/** The same of replicated data types. */
type OldObjects = Map<string, StoredObject[]>;

/** What was clogged before the heal may hold up the first try; a clock that was set back refuses writes until it has caught up. */
const checkTries = 20;
const checkPauseMs = 1000;

/** What all workers of a run share. */
export interface Job {
  readonly world: World;
  readonly history: History;
  readonly urls: readonly string[];
  readonly clusterOptions: ClusterOptions;
  /** What the clients choose for each bucket. */
  readonly buckets: Readonly<Record<string, PlayedBucket>>;
  /** Where it is looked whether the cluster serves. */
  readonly serviceBuckets: readonly string[];
  /** No two writes have the same value, which is a text: what is read tells which write it was. */
  readonly hasUniqueValues: boolean;
  readonly oldContexts: OldContexts;
  readonly oldObjects: OldObjects;
  /** No call begins later. */
  readonly endsAtMs: number;
}

type TypedCall = Extract<Call, { kind: "look" | "change" | "assign" }>;

/** How long a try that nobody waits for may take. */
const againMs = 1000;

/** Several, so that it is not the luck of one key whose nodes are all there. */
const serviceKeys = ["after", "later", "last"];

/** What a call that is left out is told. */
const refusal: Told = { outcome: "none", error: "UNAVAILABLE" };

export class Worker {
  readonly name: string;
  /** What it has called, in order. */
  readonly made: ScriptedCall[] = [];
  readonly #job: Job;
  readonly #workload: Workload;
  readonly #slots: readonly Pick<ScriptedCall, "atMs" | "isLeftOut">[] | undefined;
  readonly #runtime: ClientRuntime;
  #client: Client | undefined;
  /** The writes called of the present client, by their first sequence number. */
  #writes = new Map<number, Operation>();
  /** Tries that nobody waits for. */
  #later: Promise<void>[] = [];
  /** What the last read of a key showed, if it succeeded. */
  readonly #lastReads = new Map<string, Context>();
  readonly #lastLooks = new Map<string, StoredObject>();

  /** @param slots of a run that is played again: one for each call, after which there are no more */
  constructor(job: Job, name: string, workload: Workload, slots?: readonly ScriptedCall[]) {
    this.#job = job;
    this.name = name;
    this.#workload = workload;
    this.#slots = slots;
    this.#runtime = new ClientRuntime(job.world, name, (put) => this.#sent(put));
  }

  /** Works until the workload is done, or the time is over. */
  async work(): Promise<void> {
    await this.#workOn();
    await Promise.all(this.#later);
  }

  async #workOn(): Promise<void> {
    for (let told: Told | undefined; this.made.length < (this.#slots?.length ?? Infinity);) {
      const { done, value: step } = this.#workload.next(told);
      if (done === true) return;
      told = undefined;
      if (step.kind === "think") {
        if (this.#slots === undefined) await this.#runtime.sleep(step.lastsMs);
      } else {
        const slot = this.#slots?.[this.made.length];
        if (slot !== undefined) await this.#runtime.sleep(slot.atMs - this.#runtime.now());
        if (this.#runtime.now() >= this.#job.endsAtMs) return;
        told = await this.#make(step, slot?.isLeftOut ?? false);
      }
    }
  }

  async #make(call: Call, isLeftOut: boolean): Promise<Told | undefined> {
    const made = { atMs: this.#runtime.now(), call, isLeftOut };
    const at = this.made.push(made) - 1;
    const told = isLeftOut ? refusal : await this.#call(call);
    this.made[at] = { ...made, told, toldAtMs: this.#runtime.now() };
    return told;
  }

  /** When everything is healed: a read and a write must succeed, before long. @returns why they did not */
  async waitForService(): Promise<string | undefined> {
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
      const runtime = new ClientRuntime(this.#job.world, this.name, () => undefined, "service");
      const client = await openClient(this.#job.urls, {}, runtime);
      for (const name of this.#job.serviceBuckets) {
        const bucket = client.bucket<string>(name);
        for (const name of serviceKeys) {
          // Of its own: many clients that try again and again would pile up siblings.
          const key = `${name}-${this.name}`;
          await bucket.put(key, this.name, { context: null });
          await bucket.get(key);
        }
      }
      await client.close();
      return undefined;
    } catch (error) {
      if (!(error instanceof CoterieError)) throw error;
      return `${this.name} is not served after everything was healed: ${error.code} ${error.message}`;
    }
  }

  async #leave(isSilent = false): Promise<void> {
    if (isSilent) this.#client?.host.pool.close();
    await this.#client?.close();
    this.#client = undefined;
    this.#writes = new Map();
  }

  async #connected(): Promise<Client | undefined> {
    try {
      return (this.#client ??= await openClient(this.#job.urls, { connectTimeoutMs: 1000 }, this.#runtime));
    } catch (error) {
      if (error instanceof CoterieError) return undefined;
      throw error;
    }
  }

  async #call(call: Call): Promise<Told | undefined> {
    this.#job.world.trace.line(this.name, () => `calls ${formatCall(call)}`);
    if (call.kind === "leave") {
      await this.#leave(call.isSilent);
      return undefined;
    }
    const client = await this.#connected();
    if (client === undefined) return refusal;
    const options = { ...this.#job.buckets[call.bucket], ...call.options } as BucketOptions<unknown>;
    const { operations } = client.host;
    const asking = new Asking(this.#job, this.name, call, (operation) =>
      this.#writes.set(operations.begun + 1, operation),
    );
    return asking.finish(() =>
      isTyped(call)
        ? this.#askTyped(new TypedRequests(client.host), call, asking)
        : this.#ask(client.bucket(call.bucket, options), call, asking),
    );
  }

  async #askTyped(requests: TypedRequests, call: TypedCall, asking: Asking): Promise<Told> {
    const { bucket, key } = call;
    const name = nameOf(call);
    const typed = { bucket, key, options: call.options ?? {} };
    if (call.kind === "look") {
      asking.begin("get", undefined);
      const object = await requests.read(typed);
      this.#lastLooks.set(name, object);
      asking.looked(object);
      return { outcome: "ok", value: undefined, siblings: [] };
    }
    const seen = this.#objectOf(call, call.seen ?? "remembered");
    const changes = call.kind === "change" ? changesOf(call.wishes, seen) : undefined;
    asking.begin(call.kind, call.kind === "assign" ? call.value : undefined, changes);
    const sent = requests.begin(typed, call.kind === "assign" ? { value: call.value } : { changes: changes! }, seen);
    const again = call.kind === "change" && this.#isInTime(call.again) ? call.again : undefined;
    let isOver = again === undefined;
    let hasSucceeded = false;
    try {
      asking.covered(await requests.send(typed, sent));
      hasSucceeded = true;
    } catch (error) {
      // What certainly never happens must not happen later.
      isOver ||= error instanceof CoterieError && error.outcome === "none";
      throw error;
    } finally {
      if (isOver) requests.end(sent, hasSucceeded);
      else this.#later.push(this.#tryAgain(requests, sent, again!, typed.options.timeoutMs));
    }
    return { outcome: "ok", value: undefined, siblings: [] };
  }

  /** Whatever begins after the end nobody waits for. */
  #isInTime(again: Again | undefined): boolean {
    return again !== undefined && this.#runtime.now() + again.afterMs < this.#job.endsAtMs;
  }

  async #tryAgain(requests: TypedRequests, sent: Sent, { afterMs, node }: Again, timeoutMs = againMs): Promise<void> {
    await this.#runtime.sleep(Math.max(0, sent.begun.beganAtMs + afterMs - this.#runtime.now()));
    await requests.sendAgain(sent, node, timeoutMs);
    requests.end(sent, true);
  }

  #objectOf(call: KeyCall, seen: Seen): StoredObject {
    if (seen === "nothing") return emptyObject;
    const old = typeof seen === "number" ? (this.#job.oldObjects.get(nameOf(call)) ?? []) : [];
    return (typeof seen === "number" ? old[seen % old.length] : this.#lastLooks.get(nameOf(call))) ?? emptyObject;
  }

  async #ask(bucket: Bucket<unknown>, call: Exclude<KeyCall, TypedCall>, asking: Asking): Promise<Told> {
    switch (call.kind) {
      case "get": {
        asking.begin("get", undefined);
        this.#lastReads.delete(nameOf(call));
        const { context, siblings, value, unresolved } = await bucket.get(call.key);
        if (unresolved !== undefined) throw unresolved;
        this.#lastReads.set(nameOf(call), context);
        asking.returned(context, siblings);
        return { outcome: "ok", value, siblings };
      }
      case "update": {
        const change = (value: unknown): unknown => {
          const changed = (call.change as (value: unknown) => unknown)(value);
          asking.begin("put", changed);
          return changed;
        };
        const { context } = await bucket.update(call.key, change);
        asking.returned(context, []);
        return { outcome: "ok", value: undefined, siblings: [] };
      }
      case "put":
      case "delete": {
        const value = call.kind === "put" ? call.value : undefined;
        asking.begin(call.kind, value);
        const context = this.#contextOf(call, call.seen ?? "remembered");
        const seen = context === undefined ? {} : { context };
        const reply =
          call.kind === "put" ? await bucket.put(call.key, value, seen) : await bucket.delete(call.key, seen);
        asking.returned(reply.context, []);
        return { outcome: "ok", value: undefined, siblings: [] };
      }
    }
  }

  /** `undefined`: whatever the client itself remembers. */
  #contextOf(call: KeyCall, seen: Seen): Context | null | undefined {
    if (seen === "remembered") return undefined;
    if (seen === "nothing") return null;
    if (seen === "last read") return this.#lastReads.get(nameOf(call));
    const old = this.#job.oldContexts.get(nameOf(call)) ?? [];
    return old[seen % old.length];
  }

  /** Not simply the call under way: a write that was given up may still be waiting for its connection to open. */
  #sent(put: Put): void {
    const op = toBinary(put.op);
    const operation = this.#writes.get(sequenceOf(op));
    if (operation === undefined) return;
    operation.op = op;
    if (put.changes !== undefined) operation.contextIn = observedBy(put.changes);
    else if (put.context !== undefined) operation.contextIn = decodeToken(hashKey(put.key), put.context).context;
  }
}

function isTyped(call: KeyCall): call is TypedCall {
  return call.kind === "look" || call.kind === "change" || call.kind === "assign";
}
