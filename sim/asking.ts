/** One call of a client, from its beginning to what came of it, as the history has it. */
import type { Context } from "../client/context.ts";
import type { CausalContext } from "../src/causal-context.ts";
import type { Change } from "../src/crdt/change.ts";
import { CoterieError } from "../src/errors.ts";
import type { StoredObject } from "../src/object.ts";
import { settleOptions } from "../src/options.ts";
import { textOf, type Call, type Told } from "./call.ts";
import type { Operation } from "./history.ts";
import type { Job } from "./worker.ts";

export type KeyCall = Exclude<Call, { kind: "leave" }>;

/** Old contexts kept per key. */
const oldContextsMax = 20;

/** Of whoever wrote the workload. */
const mistakes: ReadonlySet<string> = new Set(["INVALID_ARGUMENT", "TOO_LARGE", "MERGE_FAILED"]);

/** An update begins as what it is when it has read. */
export class Asking {
  readonly #job: Job;
  readonly #client: string;
  readonly #call: KeyCall;
  readonly #onWrite: (operation: Operation) => void;
  #operation: Operation | undefined;

  constructor(job: Job, client: string, call: KeyCall, onWrite: (operation: Operation) => void) {
    this.#job = job;
    this.#client = client;
    this.#call = call;
    this.#onWrite = onWrite;
  }

  begin(kind: Operation["kind"], value: unknown, changes?: readonly Change[]): void {
    const { world, history, hasUniqueValues } = this.#job;
    this.#operation = history.call({
      client: this.#client,
      key: nameOf(this.#call),
      kind,
      value: hasUniqueValues && kind === "put" ? textOf(value) : undefined,
      changes,
      asked: this.#asked(kind),
      calledAtMs: world.simulator.nowMs,
    });
    if (kind !== "get") this.#onWrite(this.#operation);
    world.recording?.called(this.#operation);
  }

  /** @param siblings that it was shown */
  returned(context: Context, siblings: readonly unknown[]): void {
    const operation = this.#operation!;
    operation.context = context.token.context;
    operation.siblings = this.#job.hasUniqueValues ? siblings.map(textOf) : undefined;
    keepOld(this.#job.oldContexts, operation.key, context);
  }

  /** What a read of a replicated data type was given. */
  looked(object: StoredObject): void {
    const operation = this.#operation!;
    operation.context = object.context;
    operation.object = object;
    operation.siblings = undefined;
    keepOld(this.#job.oldObjects, operation.key, object);
  }

  /** What the reply to a write covers. */
  covered(context: CausalContext): void {
    this.#operation!.context = context;
  }

  /** A caller's own mistake, and whatever its functions throw, ends the run. */
  async finish(ask: () => Promise<Told>): Promise<Told> {
    try {
      const told = await ask();
      this.#settle("ok", undefined);
      return told;
    } catch (error) {
      if (!(error instanceof CoterieError) || mistakes.has(error.code)) throw error;
      this.#settle(error.outcome, error.code);
      return { outcome: error.outcome, error: error.code };
    }
  }

  #settle(outcome: "ok" | "none" | "unknown", error: CoterieError["code"] | undefined): void {
    const { world } = this.#job;
    const operation = this.#operation;
    world.trace.line(this.#client, () => `is told of ${this.#call.kind} ${nameOf(this.#call)}: ${error ?? outcome}`);
    if (operation === undefined) return;
    Object.assign(operation, { outcome, error, returnedAtMs: world.simulator.nowMs });
    world.witness.observe({ kind: "returned", operation });
  }

  /** As far as later reads may be held to it. */
  #asked(kind: Operation["kind"]): Operation["asked"] {
    const { clusterOptions, buckets } = this.#job;
    const { bucket, options } = this.#call;
    const { resolver: _, ...chosen } = buckets[bucket] ?? {};
    const settled = settleOptions(kind === "get" ? "get" : "put", { ...chosen, ...options }, bucket, clusterOptions);
    const { n, r, w, dw, sloppy: isSloppy, readRepair } = settled;
    return { n, r, w, dw, isSloppy, readRepair };
  }
}

function keepOld<Kept>(old: Map<string, Kept[]>, key: string, one: Kept): void {
  const kept = old.get(key) ?? [];
  kept.push(one);
  if (kept.length > oldContextsMax) kept.shift();
  old.set(key, kept);
}

/** The name under which a key is known everywhere. */
export function nameOf({ bucket, key }: KeyCall): string {
  return `${bucket}/${key}`;
}
