/**
 * Coordinates one put or delete: the write here and the copies to the other replicas go side by side (one sync of latency,
 * not two), and the tally of distinct nodes decides.
 *
 *   admitted ──too few reachable──▶ Failure, outcome none (nothing was written)
 *      │ write here, ReplicaPut to the others: at once, or when a bound above the write's timestamp is durable (identity.ts)
 *      ▼
 *   pending ──w, pw, dw covered──▶ met: PutReply with what the writer has now seen
 *      ├────they cannot be any more──▶ impossible: Failure at once, outcome unknown (nothing is rolled back)
 *      └────deadline────────────────▶ Failure TIMEOUT, outcome unknown
 */
import { timedOut, unavailable, type CoterieError } from "../src/errors.ts";
import type { Put, PutReply } from "../src/messages.ts";
import type { SettledOptions } from "../src/options.ts";
import type { PreferenceEntry } from "../src/preference-list.ts";
import { Tally } from "../src/quorum.ts";
import type { NodeId } from "../src/ring.ts";
import { encodeToken, type Token } from "../src/token.ts";
import { toBinary } from "../src/bytes.ts";
import type { Effect, Origin } from "./effects.ts";
import type { PeerMessage } from "../src/messages.ts";
import type { Partitions, Written } from "./partition.ts";
import type { OpenRequest } from "./open-requests.ts";
import { sentenceOf, shortfallOf, type Shortfall } from "./shortfall.ts";
import type { Place, Self } from "./self.ts";

export interface PutPlan {
  readonly origin: Origin;
  readonly message: Put;
  readonly place: Place;
  readonly options: SettledOptions;
  /** The first n of the preference list. This node is one of them. */
  readonly primaries: readonly PreferenceEntry[];
  readonly token: Token;
}

export class PutRequest implements OpenRequest {
  readonly #self: Self;
  readonly #plan: PutPlan;
  readonly #tally: Tally;
  /** Its deadline. */
  readonly wakeAtMs: number;
  /** Why replicas refused, for the error's sentence. */
  readonly #refusals: string[] = [];
  #id = 0;
  #written: Written | undefined;

  constructor(self: Self, plan: PutPlan) {
    this.#self = self;
    this.#plan = plan;
    // The message says how much time is left of what the options allow, as a client that retries shares it out.
    this.wakeAtMs = self.now.monotonicMs + Math.min(plan.options.timeoutMs, plan.message.timeoutMs);
    this.#tally = new Tally(plan.primaries, {
      answers: plan.options.w,
      primaries: plan.options.pw,
      durable: plan.options.dw,
    });
    for (const { node } of plan.primaries) {
      if (self.canReach(node)) continue;
      this.#tally.fail(node);
      this.#refusals.push(`${node} cannot be reached`);
    }
  }

  /** @throws what `Partitions.write` throws, and UNAVAILABLE; nothing has been written then */
  start(partitions: Partitions): void {
    if (this.#tally.verdict() === "impossible") throw unavailable(this.#sentence(), "none", this.#shortfall());
    this.#id = this.#self.requests.open(this);
    try {
      this.#written = this.#writeHere(partitions);
    } catch (error) {
      this.#self.requests.close(this.#id);
      throw error;
    }
    const copies = this.#copies(this.#written.record);
    if (this.#written.mayLeave) this.#leave(copies);
    // A barrier. By the time it is over, this node has given its durable answer: there is no earlier one to give.
    else this.#self.emit({ kind: "persist", writes: [], then: copies });
  }

  receive(node: NodeId, message: PeerMessage): void {
    if (message.kind === "ReplicaPutReply") return this.#count(node, message.durable);
    if (message.kind === "Failure") this.#refusals.push(`${node}: ${message.message}`);
    this.lose(node);
  }

  lose(node: NodeId): void {
    this.#tally.fail(node);
    this.#decide();
  }

  wake(): void {
    this.#fail(timedOut(`${this.#sentence()} within ${this.#plan.options.timeoutMs} ms`, "unknown", this.#shortfall()));
  }

  /** Fewer than w have to be on disk: the others may answer from memory. */
  get #isEarly(): boolean {
    return this.#plan.options.dw < this.#plan.options.w;
  }

  #writeHere(partitions: Partitions): Written {
    const { message, place, token } = this.#plan;
    return partitions.write(place, { op: toBinary(message.op), value: message.value, token }, [this.#ownReply()]);
  }

  /** This node answers itself like any other, when its own disk has it. */
  #ownReply(): Effect {
    const message = { kind: "ReplicaPutReply", id: this.#id, durable: true } as const;
    return { kind: "deliver", input: { kind: "peer", node: this.#self.id, message } };
  }

  #copies(record: Uint8Array): Effect[] {
    const timeoutMs = this.#self.timeLeftMs(this.wakeAtMs);
    const { key } = this.#plan.place;
    const early = this.#isEarly;
    const message = { kind: "ReplicaPut", id: this.#id, key, record, timeoutMs, early, standsFor: undefined } as const;
    const others = this.#plan.primaries.filter(({ node }) => node !== this.#self.id && this.#tally.isOpen(node));
    return others.map(({ node }) => ({ kind: "send", node, message }));
  }

  #leave(copies: readonly Effect[]): void {
    for (const copy of copies) this.#self.emit(copy);
    if (this.#isEarly) this.#count(this.#self.id, false);
  }

  #count(node: NodeId, isDurable: boolean): void {
    this.#tally.answer(node, isDurable);
    this.#decide();
  }

  /** Answers if the tally has a verdict. */
  #decide(): void {
    const verdict = this.#tally.verdict();
    if (verdict === "met") this.#finish();
    if (verdict === "impossible") this.#fail(unavailable(this.#sentence(), "unknown", this.#shortfall()));
  }

  #finish(): void {
    const { message, origin, options, place } = this.#plan;
    const { record, token } = this.#written!;
    const reply: PutReply = {
      kind: "PutReply",
      id: message.id,
      context: encodeToken(place.hash, token),
      record: message.returnValue ? record : undefined,
      effective: options.echo,
      answered: message.details ? this.#tally.answered() : undefined,
    };
    this.#self.requests.close(this.#id);
    this.#self.answer(origin, reply);
  }

  #fail(error: CoterieError): void {
    this.#self.requests.close(this.#id);
    this.#self.fail(this.#plan.origin, this.#plan.message.id, error);
  }

  #sentence(): string {
    return sentenceOf(this.#shortfall(), this.#plan.options.n, this.#refusals);
  }

  #shortfall(): Shortfall {
    return shortfallOf(this.#tally, { answers: "w", primaries: "pw", durable: "dw" });
  }
}
