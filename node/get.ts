/**
 * Coordinates one get: reads its own record, and asks as many other replicas as it needs whether theirs is the same state.
 *
 *   asking ──r, pr covered──▶ met: GetReply with the join of the answers
 *     ├─ a replica fails or has lost its record ─▶ ask the next one
 *     ├─ not met after `askFurtherAfterMs` ──────▶ ask all the others, once
 *     ├─ too few are left ─────────▶ impossible: Failure at once
 *     └─ deadline ─────────────────▶ Failure TIMEOUT
 *
 * A replica that has the same digest says `same`: no value travels twice. "Absent" is an answer; "missing" is none.
 */
import { timedOut, unavailable, type CoterieError } from "../src/errors.ts";
import { formatKey } from "../src/key.ts";
import type { Get, GetReply } from "../src/messages.ts";
import { sync, type StoredObject } from "../src/object.ts";
import type { SettledOptions } from "../src/options.ts";
import type { PreferenceEntry } from "../src/preference-list.ts";
import { Tally } from "../src/quorum.ts";
import { decodeRecord, digestOf, encodeRecord, openRecord } from "../src/record.ts";
import type { NodeId } from "../src/ring.ts";
import type { Origin } from "./effects.ts";
import type { PeerMessage } from "../src/messages.ts";
import type { Partitions } from "./partition.ts";
import { sentenceOf, shortfallOf, type Shortfall } from "./shortfall.ts";
import type { OpenRequest } from "./open-requests.ts";
import type { Place, Self } from "./self.ts";

/** A replica that has not answered by then is slow: long against a healthy one, short against a request's deadline. */
const askFurtherAfterMs = 50;

export interface GetPlan {
  readonly origin: Origin;
  readonly message: Get;
  readonly place: Place;
  readonly options: SettledOptions;
  /** The first n of the preference list. This node is one of them. */
  readonly primaries: readonly PreferenceEntry[];
}

export class GetRequest implements OpenRequest {
  readonly #self: Self;
  readonly #plan: GetPlan;
  readonly #tally: Tally;
  readonly #deadlineMs: number;
  /** What this node holds itself; the others compare theirs with it. */
  #own: Uint8Array | undefined;
  /** The join of all answers so far, as bytes while one record is all there is to it. */
  #record: Uint8Array | undefined;
  #joined: StoredObject | undefined;
  #unasked: NodeId[] = [];
  /** Why replicas refused, for the error's sentence. */
  readonly #refusals: string[] = [];
  /** When it asks further, then its deadline. */
  wakeAtMs = 0;
  #id = 0;
  #isDone = false;

  constructor(self: Self, plan: GetPlan) {
    this.#self = self;
    this.#plan = plan;
    this.#deadlineMs = self.now.monotonicMs + Math.min(plan.options.timeoutMs, plan.message.timeoutMs);
    this.#tally = new Tally(plan.primaries, { answers: plan.options.r, primaries: plan.options.pr, durable: 0 });
    for (const { node } of plan.primaries) {
      if (!self.canReach(node)) {
        this.#tally.fail(node);
        this.#refusals.push(`${node} cannot be reached`);
      } else if (node !== self.id) this.#unasked.push(node);
    }
  }

  start(partitions: Partitions): void {
    const local = partitions.read(this.#plan.place);
    if (local === "missing") this.#tally.fail(this.#self.id);
    else this.#tally.answer(this.#self.id, false);
    if (typeof local !== "string") this.#own = this.#record = local;
    const { options } = this.#plan;
    const others = options.fanout === "all" ? options.n : options.r - (local === "missing" ? 0 : 1);
    if (this.#decide()) return;
    this.wakeAtMs = Math.min(this.#self.now.monotonicMs + askFurtherAfterMs, this.#deadlineMs);
    this.#id = this.#self.requests.open(this);
    for (let left = others; left > 0; left--) this.#askNext();
  }

  receive(node: NodeId, message: PeerMessage): void {
    if (message.kind === "Failure") this.#refusals.push(`${node}: ${message.message}`);
    if (message.kind !== "ReplicaGetReply" || message.answer === "missing") return this.lose(node);
    if (message.answer === "record" && !this.#take(node, message.record!)) return this.lose(node);
    this.#tally.answer(node, false);
    this.#decide();
  }

  lose(node: NodeId): void {
    const wasAsked = !this.#unasked.includes(node);
    this.#unasked = this.#unasked.filter((other) => other !== node);
    if (!this.#tally.isOpen(node)) return;
    this.#tally.fail(node);
    if (!this.#decide() && wasAsked) this.#askNext();
  }

  wake(): void {
    const { now } = this.#self;
    if (now.monotonicMs >= this.#deadlineMs)
      return this.#fail(
        timedOut(`${this.#sentence()} within ${this.#plan.options.timeoutMs} ms`, "none", this.#shortfall()),
      );
    while (this.#unasked.length > 0) this.#askNext();
    this.wakeAtMs = this.#deadlineMs;
  }

  #askNext(): void {
    const node = this.#unasked.shift();
    if (node === undefined) return;
    const timeoutMs = this.#self.timeLeftMs(this.#deadlineMs);
    const have = this.#own === undefined ? undefined : digestOf(this.#own);
    this.#self.send(node, { kind: "ReplicaGet", id: this.#id, key: this.#plan.place.key, have, timeoutMs });
  }

  /** Joins a record into what is known. False if it is not one: then its sender has not answered. */
  #take(node: NodeId, record: Uint8Array): boolean {
    try {
      const object = openRecord(this.#plan.place.hash, record);
      if (this.#record === undefined) this.#record = record;
      else this.#joined = sync(this.#joined ?? decodeRecord(this.#record), object);
      return true;
    } catch (error) {
      this.#self.warnRarely("bad record from peer", {
        node,
        key: formatKey(this.#plan.place.key),
        problem: (error as Error).message,
      });
      return false;
    }
  }

  /** Answers if the tally has a verdict. @returns whether the request is over */
  #decide(): boolean {
    if (this.#isDone) return true;
    const verdict = this.#tally.verdict();
    if (verdict === "met") this.#finish();
    if (verdict === "impossible") this.#fail(unavailable(this.#sentence(), "none", this.#shortfall()));
    return this.#isDone;
  }

  #finish(): void {
    const { message, origin, options } = this.#plan;
    const reply: GetReply = {
      kind: "GetReply",
      id: message.id,
      record: this.#result(),
      effective: options.echo,
      answered: message.details ? this.#tally.answered() : undefined,
    };
    this.#end();
    this.#self.answer(origin, reply);
  }

  #result(): Uint8Array | undefined {
    const { message, place } = this.#plan;
    if (this.#record === undefined) return undefined;
    if (message.head) return encodeRecord(place.hash, withoutValues(this.#joined ?? decodeRecord(this.#record)));
    return this.#joined === undefined ? this.#record : encodeRecord(place.hash, this.#joined);
  }

  #fail(error: CoterieError): void {
    this.#end();
    this.#self.fail(this.#plan.origin, this.#plan.message.id, error);
  }

  #end(): void {
    this.#isDone = true;
    this.#self.requests.close(this.#id);
  }

  #sentence(): string {
    return sentenceOf(this.#shortfall(), this.#plan.options.n, this.#refusals);
  }

  #shortfall(): Shortfall {
    return shortfallOf(this.#tally, { answers: "r", primaries: "pr" });
  }
}

function withoutValues(object: StoredObject): StoredObject {
  const siblings = object.siblings.map((sibling) =>
    sibling.value === undefined ? sibling : { ...sibling, value: new Uint8Array(0) },
  );
  return { siblings, context: object.context };
}
