/**
 * Coordinates one get: reads its own record, and asks as many other replicas as it needs whether theirs is the same state.
 *
 *   asking ──r, pr covered──▶ met ──▶ answered: GetReply with the join of the answers
 *     │                        └─`blocking`, somebody lags─▶ mending ──the join is on w replicas──▶ answered
 *     ├─ a replica fails, has lost its record or is fresh ─▶ ask the next one, in the end a stand-in
 *     ├─ one is slower than its p95 ─▶ hedge: ask one more, if there is budget
 *     ├─ one says nothing for `replaceAfterMs` ─▶ as if it had failed, but it may still answer
 *     ├─ too few are left (also while mending) ─▶ Failure UNAVAILABLE at once
 *     └─ deadline (also while mending) ─────────▶ Failure TIMEOUT
 *   answered ──somebody who was asked has not answered──▶ `late-answers.ts`
 *
 * A replica that has the same digest says `same`: no value travels twice. What counts as an answer: `votes.ts`. Whoever turns out
 * to lag is sent the join: `read-repair.ts`. Who is asked next: `succession.ts`.
 */
import { timedOut, unavailable, type CoterieError } from "../src/errors.ts";
import type { Get, GetReply, PeerMessage } from "../src/messages.ts";
import { plainPath } from "../src/crdt/path.ts";
import type { StoredObject } from "../src/object.ts";
import type { SettledOptions } from "../src/options.ts";
import type { PreferenceEntry } from "../src/preference-list.ts";
import { digestOf, encodeRecord } from "../src/record.ts";
import type { NodeId } from "../src/ring.ts";
import type { Origin } from "./effects.ts";
import type { Hedges } from "./hedge.ts";
import type { Local } from "./partition.ts";
import { LateAnswers } from "./late-answers.ts";
import { Mending } from "./mending.ts";
import type { NodeMerges } from "./merges.ts";
import type { ReadRepairs } from "./read-repair.ts";
import { sentenceOf, shortfallOf, type Shortfall } from "./shortfall.ts";
import type { OpenRequest } from "./open-requests.ts";
import type { Place, Self } from "./self.ts";
import { Succession } from "./succession.ts";
import { Votes, type Voter } from "./votes.ts";

/** No replica is late before the clock is looked at once. */
const hedgeAfterMsMin = 10;
/** Who has said nothing by then is silent: long against a healthy replica, short against a request's deadline. */
const replaceAfterMs = 200;

export interface GetPlan {
  readonly origin: Origin;
  readonly message: Get;
  readonly place: Place;
  readonly options: SettledOptions;
  /** The first n of the preference list. */
  readonly primaries: readonly PreferenceEntry[];
  /** What this node holds of the key: as a primary, or else as a hint. */
  readonly local: Local;
}

/** What the gets of one node share. */
export interface GetParts {
  readonly self: Self;
  readonly hedges: Hedges;
  readonly repairs: ReadRepairs;
  readonly merges: NodeMerges;
}

export class GetRequest implements OpenRequest {
  readonly #self: Self;
  readonly #parts: GetParts;
  readonly #plan: GetPlan;
  readonly #votes: Votes;
  readonly #deadlineMs: number;
  readonly #succession: Succession;
  #mending: Mending | undefined;
  /** When somebody is late, then its deadline. */
  wakeAtMs: number;
  #id = 0;
  #isOver = false;

  constructor(parts: GetParts, plan: GetPlan) {
    const { self } = parts;
    const { options, primaries, place, local } = plan;
    const { r: answers, pr } = options;
    this.#self = self;
    this.#parts = parts;
    this.#plan = plan;
    this.#deadlineMs = self.now.monotonicMs + Math.min(options.timeoutMs, plan.message.timeoutMs);
    this.wakeAtMs = this.#deadlineMs;
    this.#votes = new Votes(self, place, primaries, { answers, primaries: pr, durable: 0 }, local);
    this.#succession = new Succession(self, plan);
  }

  start(): void {
    const { hedges, repairs } = this.#parts;
    const { options, primaries } = this.#plan;
    hedges.earn();
    for (const entry of primaries) {
      if (entry.node === this.#self.id) this.#hearItself(entry);
      else if (!this.#self.canReach(entry.node)) this.#miss(entry.node, `${entry.node} cannot be reached`);
    }
    const isTurn = repairs.isTurn() && options.readRepair !== "off";
    if (options.fanout === "all") this.#askUntil(options.n);
    else if (isTurn || this.#self.whim("asks everybody")) while (this.#askPrimary(false));
    this.#decide();
  }

  receive(node: NodeId, message: PeerMessage): void {
    const voter = this.#votes.receive(node, message);
    if (voter !== undefined) this.#replaceFailed(voter);
  }

  lose(node: NodeId): void {
    const voter = this.#votes.lose(node);
    if (voter !== undefined) return this.#replaceFailed(voter);
    if (!this.#votes.tally.isOpen(node)) return;
    this.#miss(node, `the link to ${node} went down`);
    this.#decide();
  }

  wake(): void {
    if (this.#now >= this.#deadlineMs) return this.#expire();
    this.wakeAtMs = this.#deadlineMs;
    for (const voter of this.#votes.voters) {
      if (voter.state !== "waiting") continue;
      if (voter.lookAtMs <= this.#now) this.#lookAt(voter);
      if (voter.state === "waiting") this.wakeAtMs = Math.min(this.wakeAtMs, voter.lookAtMs);
    }
    this.#decide();
  }

  get #now(): number {
    return this.#self.now.monotonicMs;
  }

  /** It is late. */
  #lookAt(voter: Voter): void {
    const silentAtMs = voter.askedAtMs + replaceAfterMs;
    voter.lookAtMs = silentAtMs;
    if (this.#now >= silentAtMs) {
      voter.state = "silent";
      this.#vacate(voter);
    } else if (this.#succession.hasPrimary && this.#parts.hedges.take()) this.#askPrimary(true);
  }

  // Asking

  /** Until so many have answered or may soon, as far as there are any: primaries first. @returns whether anybody stands in now */
  #askUntil(inHand: number): boolean {
    while (this.#votes.inHand < inHand && this.#askPrimary(false));
    if (this.#votes.inHand >= inHand || !this.#askStandIn()) return false;
    while (this.#votes.inHand < inHand && this.#askStandIn());
    return true;
  }

  #askPrimary(isHedge: boolean): boolean {
    const primary = this.#succession.nextPrimary();
    if (primary !== undefined) this.#send(primary, isHedge);
    return primary !== undefined;
  }

  #askStandIn(): boolean {
    const standIn = this.#succession.nextStandIn();
    if (standIn?.node === this.#self.id) this.#hearItself(standIn);
    else if (standIn !== undefined) this.#send(standIn, false);
    return standIn !== undefined;
  }

  #send(candidate: PreferenceEntry, isHedge: boolean): void {
    const { node } = candidate;
    const { latencies } = this.#self;
    const voter = this.#votes.add(candidate, isHedge);
    voter.lookAtMs = this.#now + Math.min(Math.max(hedgeAfterMsMin, latencies.p95Ms(node)), replaceAfterMs);
    this.#wakeBy(Math.min(voter.lookAtMs, this.#deadlineMs));
    latencies.asked(node, this.#now);
    const { place, options } = this.#plan;
    const { own } = this.#votes;
    this.#self.send(node, {
      kind: "ReplicaGet",
      id: this.#id,
      key: place.key,
      have: own === undefined ? undefined : digestOf(own),
      timeoutMs: this.#self.timeLeftMs(this.#deadlineMs),
      durable: options.readRepair === "blocking",
    });
  }

  #wakeBy(atMs: number): void {
    const isEarlier = atMs < this.wakeAtMs;
    if (isEarlier) this.wakeAtMs = atMs;
    if (this.#id === 0) this.#id = this.#self.requests.open(this);
    else if (isEarlier) this.#self.requests.hurry(this.#id, this);
  }

  // Answers

  #hearItself(candidate: PreferenceEntry): void {
    const voter = this.#votes.add(candidate, false);
    this.#votes.hear(voter, this.#plan.local);
    if (voter.state === "failed") this.#vacate(voter);
  }

  #replaceFailed(voter: Voter): void {
    if (voter.state === "failed") this.#vacate(voter);
    this.#decide();
  }

  #vacate({ node, standsFor }: Voter): void {
    this.#succession.vacate(standsFor ?? node);
  }

  /** Of a primary that was not even asked. */
  #miss(node: NodeId, why: string): void {
    this.#votes.tally.fail(node);
    this.#succession.vacate(node);
    this.#votes.refusals.push(why);
  }

  // Verdicts

  /** Answers as soon as it can, fails as soon as it must, and asks further where that helps. */
  #decide(): void {
    const { r, w, sloppy, readRepair } = this.#plan.options;
    const isBlocking = readRepair === "blocking";
    let verdict = this.#votes.verdict();
    if (verdict !== "met") {
      const mayHelp = verdict === "pending" || sloppy;
      if (mayHelp && this.#askUntil(isBlocking ? Math.max(r, w) : r)) verdict = this.#votes.verdict();
      if (verdict === "pending" && this.#votes.isWaiting) return;
      if (verdict !== "met") return this.#fail(unavailable(this.#sentence(), "none", this.#shortfall()));
    }
    if (isBlocking && this.#votes.isFound) this.#mend();
    else this.#finish();
  }

  #mend(): void {
    this.#mending ??= this.#beginMending();
    this.#mending.advance();
    // A replica that refused at once, this one, has been dealt with in between.
    if (this.#isOver) return;
    if (this.#mending.isDone) return this.#finish();
    this.#wakeBy(this.#deadlineMs);
    for (let left = this.#mending.lacking(false); left > 0 && this.#askPrimary(false); left--);
    if (this.#mending.lacking(true) <= 0) return;
    if (this.#now >= this.#deadlineMs) this.#expire();
    else this.#fail(unavailable(this.#unmendedSentence(), "none", this.#unmended(this.#mending)));
  }

  #beginMending(): Mending {
    const { place, options } = this.#plan;
    const changed = (): void => {
      if (!this.#isOver) this.#decide();
    };
    const plan = { place, w: options.w, deadlineMs: this.#deadlineMs, changed };
    return new Mending(this.#self, this.#parts.repairs, this.#votes, plan);
  }

  #expire(): void {
    const within = `within ${this.#plan.options.timeoutMs} ms`;
    const isMet = this.#votes.verdict() === "met";
    this.#fail(
      isMet
        ? timedOut(`${this.#unmendedSentence()} ${within}`, "none", this.#unmended(this.#mending!))
        : timedOut(`${this.#sentence()} ${within}`, "none", this.#shortfall()),
    );
  }

  #finish(): void {
    const { message, origin, options, place } = this.#plan;
    const mayMerge = message.resolve === true && !message.head;
    const reply: GetReply = {
      kind: "GetReply",
      id: message.id,
      record: this.#result(),
      effective: options.echo,
      answered: message.details ? this.#votes.tally.answered() : undefined,
      ...(mayMerge && this.#parts.merges.of(place, this.#votes.object)),
    };
    if (this.#hedgeHasWon()) this.#self.counters.hedgesWon++;
    this.#self.answer(origin, reply);
    this.#isOver = true;
    this.#repairLater();
  }

  #result(): Uint8Array | undefined {
    const { object } = this.#plan.message.head ? this.#votes : { object: undefined };
    return object === undefined ? this.#votes.record : encodeRecord(this.#plan.place.hash, withoutValues(object));
  }

  #hedgeHasWon(): boolean {
    let hasWon = false;
    for (const { isHedge, state } of this.#votes.voters) hasWon ||= isHedge && state === "counted";
    return hasWon && this.#votes.isWaiting;
  }

  /** No client waits for it any more. */
  #repairLater(): void {
    const { place, options } = this.#plan;
    const repairs = options.readRepair !== "off";
    const [votes, mending] = [this.#votes, this.#mending];
    if (repairs) this.#parts.repairs.mendLagging(place, votes, mending && ((voter) => mending.hasSent(voter)));
    if (votes.isWaiting)
      new LateAnswers(this.#self, this.#parts.repairs, { id: this.#id, place, votes, repairs }).start();
    else this.#close();
  }

  #fail(error: CoterieError): void {
    this.#isOver = true;
    this.#votes.abandon();
    this.#close();
    this.#self.fail(this.#plan.origin, this.#plan.message.id, error);
  }

  #close(): void {
    if (this.#id !== 0) this.#self.requests.close(this.#id);
  }

  // Words

  #sentence(): string {
    const why = [...this.#votes.refusals, ...this.#votes.excuses()];
    const { options, primaries } = this.#plan;
    return sentenceOf(this.#shortfall(), options.n, primaries.length, why);
  }

  #shortfall(): Shortfall {
    return shortfallOf(this.#votes.tally, { answers: "r", primaries: "pr" });
  }

  #unmendedSentence(): string {
    return ["blocking read repair could not bring what was read to w replicas", ...this.#votes.refusals].join("; ");
  }

  #unmended(mending: Mending): Shortfall {
    const { w } = this.#plan.options;
    return { need: w, got: mending.holders, of: "w", answered: this.#votes.tally.answered() };
  }
}

function withoutValues(object: StoredObject): StoredObject {
  const siblings = object.siblings.map((sibling) =>
    sibling.value === undefined || sibling.path !== plainPath ? sibling : { ...sibling, value: new Uint8Array(0) },
  );
  return { ...object, siblings };
}
