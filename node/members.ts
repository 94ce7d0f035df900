/**
 * What this node believes of each member: SWIM's states with Lifeguard's suspicions.
 *
 *            probe failed, or hearsay          suspicion ran out
 *   alive ─────────────────────────▶ suspect ────────────────────▶ dead
 *     ▲                                 │                            │
 *     └──── a higher incarnation ───────┴────────────────────────────┘
 *
 * - Only the member itself raises its incarnation, when it hears that it is suspected or dead: a refutation overrides both.
 * - Nobody is dead by hearsay: another's word begins a suspicion here, or confirms one.
 * - Who says something outdated is told better, so that two nodes never go on contradicting each other.
 * - What cannot be is ignored: members that the ring does not have, incarnations that leap, a member that suspects itself.
 */
import type { MemberNews } from "../src/messages.ts";
import type { NodeId } from "../src/ring.ts";
import { LocalHealth } from "./local-health.ts";
import { newsMax, NewsQueue } from "./member-news.ts";
import type { Self } from "./self.ts";
import { Suspicion, suspicionTimes, type SuspicionTimes } from "./suspicion.ts";

/**
 * How far beyond what is known an incarnation may be: each refutation is a step of one, and what leaps was corrupted on its way.
 * Accepted, it would spread to everybody, and drive out what the member says of itself.
 */
export const incarnationLeapMax: number = 2 ** 20;
/** A node that has just started knows nothing yet: of itself it believes others up to this, and members of themselves up to twice this. */
const incarnationMax = 2 ** 40;
/** Pieces of one message that are looked at: a newer version may send more than this one does. */
const heardMax = 8 * newsMax;

/** For people: `coterie status`. */
export interface MemberView {
  readonly state: MemberNews["state"];
  readonly incarnation: number;
  readonly why: string;
}

interface Belief {
  readonly node: NodeId;
  state: MemberNews["state"];
  incarnation: number;
  /** Who said so. */
  by: NodeId;
  /** Since when it is believed alive, or is not. */
  sinceMs: number;
  suspicion: Suspicion | undefined;
  /** When it last answered something that this node had asked: the only proof that both directions work. */
  answeredAtMs: number;
}

export class Members {
  readonly health: LocalHealth = new LocalHealth();
  readonly #self: Self;
  readonly #times: SuspicionTimes;
  readonly #news: NewsQueue;
  readonly #beliefs = new Map<NodeId, Belief>();
  #incarnation = 0;

  constructor(self: Self) {
    const { members } = self.ring.table;
    this.#self = self;
    this.#times = suspicionTimes(members.length, self.tuning.probeIntervalMs);
    this.#news = new NewsQueue(members.length);
    for (const { id } of members) if (id !== self.id) this.#beliefs.set(id, newBelief(id, self.now.monotonicMs));
  }

  get others(): readonly NodeId[] {
    return [...this.#beliefs.keys()];
  }

  stateOf(node: NodeId): MemberNews["state"] {
    return this.#beliefs.get(node)?.state ?? "alive";
  }

  /** What a message to `node` carries: first of all what it must know about itself. */
  newsFor(node: NodeId): readonly MemberNews[] {
    const belief = this.#beliefs.get(node);
    if (belief === undefined || belief.state === "alive") return this.#news.take();
    return [newsOf(belief), ...this.#news.take(newsMax - 1)];
  }

  /** @param from whose message it came in */
  hear(from: NodeId, news: readonly MemberNews[]): void {
    for (const piece of news.slice(0, heardMax)) {
      if (!this.#isPossible(from, piece)) continue;
      const belief = this.#beliefs.get(piece.node);
      if (belief === undefined) this.#hearOfSelf(piece);
      else this.#hearOf(belief, piece);
    }
  }

  answered(node: NodeId): void {
    const belief = this.#beliefs.get(node);
    if (belief !== undefined) belief.answeredAtMs = this.#nowMs;
  }

  hasAnsweredSince(node: NodeId, ms: number): boolean {
    return (this.#beliefs.get(node)?.answeredAtMs ?? ms) >= ms;
  }

  /** Neither it nor anybody who was asked about it answered in time. */
  probeFailed(node: NodeId): void {
    const belief = this.#beliefs.get(node)!;
    const { incarnation, state } = belief;
    if (state === "dead") return;
    this.#suspect(belief, { node, state: "suspect", incarnation, by: this.#self.id });
  }

  /** Its link is new: it lives, and is about to be asked. */
  linked(node: NodeId): void {
    const graceMs = 2 * this.#self.tuning.probeTimeoutMs;
    this.#beliefs.get(node)?.suspicion?.grant(this.#nowMs + graceMs);
  }

  /** Whose time to refute is over, is dead. */
  buryDue(): void {
    for (const node of this.#self.suspects) {
      const belief = this.#beliefs.get(node)!;
      if (belief.suspicion!.deadlineMs > this.#nowMs) continue;
      if (belief.answeredAtMs > this.#nowMs - this.#self.tuning.probeIntervalMs) belief.suspicion!.restart(this.#nowMs);
      else this.#bury(belief);
    }
  }

  /** This node was not there for a while: suspects must have their time again. */
  restartSuspicions(): void {
    for (const node of this.#self.suspects) this.#beliefs.get(node)!.suspicion!.restart(this.#nowMs);
  }

  view(): Record<NodeId, MemberView> {
    const own = { state: "alive", incarnation: this.#incarnation, why: "this node" } as const;
    const views: Record<NodeId, MemberView> = {};
    for (const { id } of this.#self.ring.table.members) {
      const belief = this.#beliefs.get(id);
      views[id] =
        belief === undefined
          ? own
          : { state: belief.state, incarnation: belief.incarnation, why: whyOf(belief, this.#self) };
    }
    return views;
  }

  #isPossible(from: NodeId, { node, state, incarnation, by }: MemberNews): boolean {
    if (this.#self.ring.member(node) === undefined || this.#self.ring.member(by) === undefined) return false;
    if ((state === "alive") !== (by === node)) return false;
    const known = this.#beliefs.get(node)?.incarnation ?? this.#incarnation;
    const trusted = node === this.#self.id ? incarnationMax : node === from ? 2 * incarnationMax : 0;
    return incarnation <= Math.max(trusted, known + incarnationLeapMax);
  }

  #hearOfSelf({ state, incarnation }: MemberNews): void {
    if (state === "alive") this.#incarnation = Math.max(this.#incarnation, incarnation);
    else {
      if (incarnation >= this.#incarnation) this.#refute(state, incarnation);
      const { id } = this.#self;
      this.#news.add({ node: id, state: "alive", incarnation: this.#incarnation, by: id });
    }
  }

  #refute(state: MemberNews["state"], incarnation: number): void {
    this.#incarnation = incarnation + 1;
    this.health.worsen(1);
    this.#self.log("info", "refutes", { believed: state, incarnation: this.#incarnation });
  }

  #hearOf(belief: Belief, piece: MemberNews): void {
    if (piece.incarnation < belief.incarnation) return this.#news.add(newsOf(belief));
    if (piece.state === "alive") {
      if (piece.incarnation > belief.incarnation) this.#revive(belief, piece);
      else if (belief.state !== "alive") this.#news.add(newsOf(belief));
    } else if (belief.state === "dead") this.#hearOfDead(belief, piece);
    else this.#suspect(belief, piece);
  }

  #hearOfDead(belief: Belief, piece: MemberNews): void {
    if (piece.incarnation === belief.incarnation) {
      if (piece.state === "suspect") this.#news.add(newsOf(belief));
    } else if (piece.state === "dead") belief.incarnation = piece.incarnation;
    // Somebody has seen it live since.
    else this.#suspect(belief, piece);
  }

  /** Begins a suspicion, or confirms one. */
  #suspect(belief: Belief, piece: MemberNews): void {
    if (belief.state === "suspect" && belief.incarnation === piece.incarnation) {
      if (belief.suspicion!.confirm(piece.by)) this.#news.add(piece);
      return;
    }
    belief.suspicion = new Suspicion(this.#times, this.#nowMs, piece.by);
    this.#become(belief, "suspect", piece);
    this.#news.add(piece);
    this.#self.down.delete(belief.node);
    this.#self.suspects.add(belief.node);
    this.#log("member suspect", belief);
  }

  #bury(belief: Belief): void {
    const why = whyOf(belief, this.#self);
    const { id } = this.#self;
    this.#become(belief, "dead", { ...newsOf(belief), by: id });
    this.#news.add(newsOf(belief));
    this.#self.suspects.delete(belief.node);
    this.#self.down.add(belief.node);
    this.#self.log("info", "member dead", { member: belief.node, incarnation: belief.incarnation, why });
    this.#self.requests.lose(belief.node);
    this.#self.emit({ kind: "cutLink", node: belief.node });
  }

  #revive(belief: Belief, piece: MemberNews): void {
    const was = belief.state;
    this.#become(belief, "alive", piece);
    this.#news.add(piece);
    if (was === "alive") return;
    belief.suspicion = undefined;
    this.#self.suspects.delete(belief.node);
    this.#self.down.delete(belief.node);
    this.#log("member alive", belief);
  }

  #become(belief: Belief, state: MemberNews["state"], { incarnation, by }: MemberNews): void {
    if ((belief.state === "alive") !== (state === "alive")) belief.sinceMs = this.#nowMs;
    belief.state = state;
    belief.incarnation = incarnation;
    belief.by = by;
  }

  #log(event: string, belief: Belief): void {
    const why = whyOf(belief, this.#self);
    this.#self.log("info", event, { member: belief.node, incarnation: belief.incarnation, why });
  }

  get #nowMs(): number {
    return this.#self.now.monotonicMs;
  }
}

function newBelief(node: NodeId, nowMs: number): Belief {
  return {
    node,
    state: "alive",
    incarnation: 0,
    by: node,
    sinceMs: nowMs,
    suspicion: undefined,
    answeredAtMs: -Infinity,
  };
}

function newsOf({ node, state, incarnation, by }: Belief): MemberNews {
  return { node, state, incarnation, by };
}

/** `no answer for 3 s, confirmed by n2, n3` */
function whyOf({ state, incarnation, by, sinceMs, suspicion, answeredAtMs }: Belief, self: Self): string {
  const { monotonicMs } = self.now;
  const secondsSince = (ms: number): number => Math.round((monotonicMs - ms) / 1000);
  if (state === "alive") {
    if (answeredAtMs >= sinceMs) return `it answered ${secondsSince(answeredAtMs)} s ago`;
    return incarnation > 0 ? "it refuted what was said of it" : "nobody has said otherwise";
  }
  const voices = suspicion?.voices ?? [by];
  const others = voices.filter((node) => node !== self.id);
  const confirmed = others.length > 0 ? `, confirmed by ${others.join(", ")}` : "";
  if (voices.includes(self.id))
    return `no answer for ${secondsSince(Number.isFinite(answeredAtMs) ? answeredAtMs : sinceMs)} s${confirmed}`;
  return `suspected for ${secondsSince(sinceMs)} s by ${others.join(", ")}`;
}
