/**
 * Coordinates one put or delete: the write here and the copies to the other replicas go side by side (one sync of latency,
 * not two), and the tally of distinct nodes decides.
 *
 *   admitted ──too few reachable──▶ Failure, outcome none (nothing was written)
 *      │ write here; ReplicaPut to the other primaries, and to stand-ins for those that are down
 *      ▼
 *   pending ──w, pw, dw covered──▶ met: PutReply with what the writer has now seen
 *      ├─ a replica fails ──────────▶ the next stand-in is asked, if the request is sloppy
 *      ├────they cannot be any more──▶ impossible: Failure at once, outcome unknown (nothing is rolled back)
 *      └────deadline────────────────▶ Failure TIMEOUT, outcome unknown
 *      ▼ answered
 *   following up ──every primary has it on disk, or a stand-in keeps a hint for it──▶ closed
 *      └────`followUpMs`──▶ this node keeps the hints that are lacking: no primary misses a write unnoticed
 */
import { timedOut, unavailable, type CoterieError } from "../src/errors.ts";
import type { PeerMessage, Put, PutReply } from "../src/messages.ts";
import type { SettledOptions } from "../src/options.ts";
import { Tally } from "../src/quorum.ts";
import type { NodeId } from "../src/ring.ts";
import { encodeToken } from "../src/token.ts";
import type { PreferenceEntry } from "../src/preference-list.ts";
import { Candidates } from "./candidates.ts";
import type { Effect, Origin } from "./effects.ts";
import type { Holdings } from "./holdings.ts";
import type { OpenRequest } from "./open-requests.ts";
import { sentenceOf, shortfallOf, type Shortfall } from "./shortfall.ts";
import type { Place, Self } from "./self.ts";
import type { Update, Updated } from "./versions.ts";

/** How long after the answer the others are still waited for. */
const followUpMs = 1000;
/** Puts that are followed up at a time; of further ones hints are kept at once. */
const followUpsMax = 32_768;

export interface PutPlan {
  readonly origin: Origin;
  readonly message: Put;
  readonly place: Place;
  readonly options: SettledOptions;
  /** The first n of the preference list. */
  readonly primaries: readonly PreferenceEntry[];
}

/** What was written here, as the others and the writer are told. */
interface Written extends Pick<Updated, "record" | "mayLeave"> {
  /** The writer's token, encoded. */
  readonly context: Uint8Array;
}

const noStandIns: readonly PreferenceEntry[] = [];

/** While it is open it keeps what it still needs, and nothing else of the message: thousands may be open. */
export class PutRequest implements OpenRequest {
  readonly #self: Self;
  readonly #holdings: Holdings;
  readonly #origin: Origin;
  readonly #asked: Pick<Put, "id" | "returnValue" | "details">;
  readonly #place: Place;
  readonly #options: SettledOptions;
  readonly #primaries: readonly PreferenceEntry[];
  readonly #tally: Tally;
  readonly #deadlineMs: number;
  /** Those asked in the place of a primary, and where they come from: mostly none, and never made. */
  #standIns: readonly PreferenceEntry[] = noStandIns;
  #candidates: Candidates | undefined;
  /** Why replicas refused, for the error's sentence. */
  readonly #refusals: string[] = [];
  /** Its deadline; after the answer, when it gives up on those that have not answered. */
  wakeAtMs: number;
  #id = 0;
  #written: Written | undefined;
  #isAnswered = false;

  constructor(self: Self, plan: PutPlan, holdings: Holdings) {
    const { origin, message, place, options, primaries } = plan;
    const { id, returnValue, details } = message;
    this.#self = self;
    this.#holdings = holdings;
    this.#origin = origin;
    this.#asked = { id, returnValue, details };
    this.#place = place;
    this.#options = options;
    this.#primaries = primaries;
    // The message says how much time is left of what the options allow, as a client that retries shares it out.
    this.#deadlineMs = this.wakeAtMs = self.now.monotonicMs + Math.min(options.timeoutMs, message.timeoutMs);
    this.#tally = new Tally(primaries, { answers: options.w, primaries: options.pw, durable: options.dw });
    for (const { node } of primaries) if (!self.canReach(node)) this.#replace(node, `${node} cannot be reached`);
  }

  /** @throws what `Versions.update` throws, and UNAVAILABLE; nothing has been written then */
  start(update: Update): void {
    if (this.#tally.verdict() === "impossible") throw unavailable(this.#sentence(), "none", this.#shortfall());
    this.#id = this.#self.requests.open(this);
    try {
      this.#written = this.#writeHere(update);
    } catch (error) {
      this.#self.requests.close(this.#id);
      throw error;
    }
    this.#send(this.#copies());
    if (this.#written.mayLeave && this.#isEarly) this.#count(this.#self.id, false);
  }

  receive(node: NodeId, message: PeerMessage): void {
    if (message.kind === "ReplicaPutReply") this.#count(node, message.durable);
    else
      this.#miss(node, message.kind === "Failure" ? `${node}: ${message.message}` : `${node} answers something else`);
  }

  lose(node: NodeId): void {
    if (this.#tally.isPending(node)) this.#miss(node, `the link to ${node} went down`);
  }

  wake(): void {
    if (!this.#isAnswered) {
      const sentence = `${this.#sentence()} within ${this.#options.timeoutMs} ms`;
      this.#fail(timedOut(sentence, "unknown", this.#shortfall()));
    }
    this.#keepHints();
  }

  /** Fewer than w have to be on disk: the others may answer from memory. */
  get #isEarly(): boolean {
    return this.#options.dw < this.#options.w;
  }

  #writeHere(update: Update): Written {
    const own = this.#standIns.find(({ node }) => node === this.#self.id);
    const { record, token, mayLeave } = this.#holdings.write(this.#place, update, own?.standsFor, [this.#ownReply()]);
    return { record, mayLeave, context: encodeToken(this.#place.hash, token) };
  }

  /** This node answers itself like any other, when its own disk has it. */
  #ownReply(): Effect {
    const message = { kind: "ReplicaPutReply", id: this.#id, durable: true } as const;
    return { kind: "deliver", input: { kind: "peer", node: this.#self.id, message } };
  }

  #copies(): Effect[] {
    const candidates = this.#standIns.length === 0 ? this.#primaries : [...this.#primaries, ...this.#standIns];
    return candidates.filter((candidate) => this.#isAsked(candidate)).map((candidate) => this.#copyTo(candidate));
  }

  #isAsked({ node }: PreferenceEntry): boolean {
    return node !== this.#self.id && this.#tally.isOpen(node);
  }

  #copyTo({ node, standsFor }: PreferenceEntry): Effect {
    const { key } = this.#place;
    const { record } = this.#written!;
    const timeoutMs = this.#self.timeLeftMs(this.#deadlineMs);
    const message = {
      kind: "ReplicaPut",
      id: this.#id,
      key,
      record,
      timeoutMs,
      early: this.#isEarly,
      standsFor,
    } as const;
    return { kind: "send", node, message };
  }

  /** Behind a barrier if the write may not leave before its bound is on disk: by then this node has given its durable answer too. */
  #send(copies: readonly Effect[]): void {
    const waits = !this.#written!.mayLeave || this.#self.whim("waits for its disk");
    if (waits) return this.#self.emit({ kind: "persist", writes: [], then: copies });
    for (const copy of copies) this.#self.emit(copy);
  }

  #count(node: NodeId, isDurable: boolean): void {
    this.#tally.answer(node, isDurable);
    this.#decide();
  }

  /** This replica, or stand-in, will not have it on disk, as far as we know. */
  #miss(node: NodeId, why: string): void {
    this.#tally.fail(node);
    const standIn = this.#isAnswered ? undefined : this.#replace(this.#targetOf(node), why);
    if (standIn !== undefined && this.#written !== undefined) this.#send([this.#copyTo(standIn)]);
    this.#decide();
  }

  #replace(primary: NodeId, why: string): PreferenceEntry | undefined {
    this.#tally.fail(primary);
    this.#refusals.push(why);
    const { n, sloppy } = this.#options;
    this.#candidates ??= new Candidates(this.#self, this.#place.partition, n, sloppy);
    const standIn = this.#candidates.standInFor(primary);
    if (standIn === undefined) return undefined;
    this.#standIns = [...this.#standIns, standIn];
    this.#tally.add(standIn);
    return standIn;
  }

  /** The primary that a node is, or stands for. */
  #targetOf(node: NodeId): NodeId {
    return this.#standIns.find((standIn) => standIn.node === node)?.standsFor ?? node;
  }

  /** Answers if the tally has a verdict, and ends when nobody is lacking any more. */
  #decide(): void {
    if (!this.#isAnswered) {
      const verdict = this.#tally.verdict();
      if (verdict === "met") this.#finish();
      if (verdict === "impossible") this.#fail(unavailable(this.#sentence(), "unknown", this.#shortfall()));
    }
    if (this.#isAnswered && !this.#tally.isAnyPending) this.#keepHints();
  }

  /** The end: whoever else lacks it, and has nobody that keeps it for him, gets a hint here. This node's own disk is only slow. */
  #keepHints(): void {
    this.#self.requests.close(this.#id);
    for (const { node } of this.#primaries)
      if (node !== this.#self.id && this.#tally.isLacking(node) && !this.#isKeptFor(node)) this.#keepHint(node);
  }

  #isKeptFor(primary: NodeId): boolean {
    return this.#standIns.some(({ node, standsFor }) => standsFor === primary && !this.#tally.isLacking(node));
  }

  /** Best effort: whatever stands in its way must not fail a write that was answered. */
  #keepHint(target: NodeId): void {
    try {
      this.#holdings.keepHint(target, this.#place, this.#written!.record);
    } catch (error) {
      this.#self.warnRarely("hint refused", { target, problem: (error as Error).message });
    }
  }

  #finish(): void {
    const { id, returnValue, details } = this.#asked;
    const { record, context } = this.#written!;
    const reply: PutReply = {
      kind: "PutReply",
      id,
      context,
      record: returnValue ? record : undefined,
      effective: this.#options.echo,
      answered: details ? this.#tally.answered() : undefined,
    };
    this.#followUp();
    this.#self.answer(this.#origin, reply);
  }

  #fail(error: CoterieError): void {
    this.#followUp();
    this.#self.fail(this.#origin, this.#asked.id, error);
  }

  #followUp(): void {
    this.#isAnswered = true;
    const hasRoom = this.#self.requests.released < followUpsMax;
    this.wakeAtMs = this.#self.now.monotonicMs + (hasRoom ? followUpMs : 0);
    this.#self.requests.release(this.#id, this);
  }

  #sentence(): string {
    return sentenceOf(this.#shortfall(), this.#options.n, this.#primaries.length, this.#refusals);
  }

  #shortfall(): Shortfall {
    return shortfallOf(this.#tally, { answers: "w", primaries: "pw", durable: "dw" });
  }
}
