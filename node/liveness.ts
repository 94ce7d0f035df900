/**
 * Who is there: pings, as in SWIM (Das et al. 2002) with Lifeguard (Dadgar et al. 2018). What follows from them for a member stands in
 * members.ts.
 *
 *   interval begins ─▶ ping one member ─probeTimeoutMs─▶ have 3 others ping it ─interval ends─▶ nobody could: suspect
 *                            └──────── answered ─────────────────┴──▶ nothing
 *
 * - Each node sends one probe per interval, in rounds of random order: what it sends and gets does not depend on how many there are.
 * - All times are stretched by the local health multiplier.
 * - A node that was not there itself, as late ticks show, judges nobody by what it missed.
 * - A link over which pings go unanswered again and again is cut, even if others reach the member: its other end may be long gone.
 * - Pings are none of the node's open requests: they are found by their own ids, and a stop does not wait for them.
 */
import type { Ping, PingReply } from "../src/messages.ts";
import type { NodeId } from "../src/ring.ts";
import { Members, type MemberView } from "./members.ts";
import type { Self } from "./self.ts";

const helpersMax = 3;
/** Pings over one link that nobody answered, one after the other. */
const unansweredMax = 3;
/** Members whose links are in doubt and that are pinged besides, per interval. */
const checksMax = 3;
/** Pings for others at a time. Past it they are told at once that it did not work. */
const relaysMax = 64;

/** One member, for one interval. */
interface Probe {
  readonly node: NodeId;
  readonly startedAtMs: number;
  readonly isLinked: boolean;
  isAnswered: boolean;
  hasAsked: boolean;
  /** Helpers that have not said anything yet: they should, even if it is that they failed. */
  silent: number;
  helpers: number;
}

/** A ping that was sent, until it is answered or over. */
interface SentPing {
  readonly to: NodeId;
  readonly sentAtMs: number;
  /** The helper was asked about this one's member. */
  readonly indirect?: Probe;
  /** It was sent for another, who is told how it went. */
  readonly relay?: { readonly node: NodeId; readonly id: number };
}

export class Liveness {
  readonly #self: Self;
  readonly #members: Members;
  readonly #pings = new Map<number, SentPing>();
  /** Pings that were not answered since the last one that was, by link. */
  readonly #unanswered = new Map<NodeId, number>();
  #round: NodeId[] = [];
  #probe: Probe | undefined;
  #intervalFromMs: number;
  #tickedAtMs: number;
  #relays = 0;
  #nextId = 0;

  constructor(self: Self) {
    this.#self = self;
    this.#members = new Members(self);
    this.#intervalFromMs = self.now.monotonicMs;
    this.#tickedAtMs = self.now.monotonicMs;
  }

  /** @returns of every member, what is believed and why */
  get members(): Record<NodeId, MemberView> {
    return this.#members.view();
  }

  /** 1 if all is well: what this node multiplies its times with, because it doubts itself. */
  get healthMultiplier(): number {
    return this.#members.health.multiplier;
  }

  /** With dice of this start: its ids are not those of the last one, and nodes that start together do not ping in step. */
  start(): void {
    const { random, tuning } = this.#self;
    this.#nextId = random.next();
    this.#tickedAtMs = this.#nowMs;
    this.#intervalFromMs = this.#nowMs - random.fraction() * tuning.probeIntervalMs;
  }

  tick(): void {
    const lateMs = this.#nowMs - this.#tickedAtMs;
    this.#tickedAtMs = this.#nowMs;
    const { probeTimeoutMs, probeIntervalMs } = this.#self.tuning;
    if (lateMs > probeTimeoutMs) this.#members.health.worsen(1);
    if (lateMs > probeIntervalMs) this.#wakeUp(lateMs);
    this.#askHelpersIfLate();
    if (this.#nowMs >= this.#intervalFromMs + this.#stretched(probeIntervalMs)) this.#nextInterval();
    this.#expireRelays();
    this.#members.buryDue();
  }

  ping(from: NodeId, { id, target, news }: Ping): void {
    this.#members.hear(from, news);
    if (target === undefined || target === this.#self.id) this.#reply(from, id, true);
    else if (!this.#self.links.has(target) || this.#relays >= relaysMax) this.#reply(from, id, false);
    else {
      this.#relays++;
      this.#send(target, undefined, { relay: { node: from, id } });
    }
  }

  pingReply(from: NodeId, { id, isAlive, news }: PingReply): void {
    this.#members.hear(from, news);
    const ping = this.#pings.get(id);
    if (ping === undefined || ping.to !== from) return;
    this.#forget(id, ping);
    if (ping.indirect !== undefined) this.#helped(ping.indirect, isAlive);
    else this.#answered(from, ping);
  }

  /** Who was thought to be gone is asked at once: it is back as soon as it answers. */
  linkUp(node: NodeId): void {
    this.#unanswered.delete(node);
    this.#members.linked(node);
    if (this.#members.stateOf(node) !== "alive") this.#send(node, undefined, {});
  }

  linkDown(node: NodeId): void {
    this.#unanswered.delete(node);
    for (const [id, ping] of this.#pings) {
      if (ping.to !== node) continue;
      this.#forget(id, ping);
      if (ping.relay !== undefined) this.#reply(ping.relay.node, ping.relay.id, false);
    }
  }

  /** It answered something that this node had asked, whatever it was: as good as an answered ping. */
  heard(node: NodeId): void {
    this.#members.answered(node);
  }

  #nextInterval(): void {
    this.#endProbe();
    this.#doubtLinks();
    this.#intervalFromMs = this.#nowMs;
    const node = this.#nextOfRound();
    if (node !== undefined) this.#begin(node);
    this.#checkLinks(node);
  }

  #begin(node: NodeId): void {
    const isLinked = this.#self.links.has(node);
    const startedAtMs = this.#nowMs;
    this.#probe = { node, startedAtMs, isLinked, isAnswered: false, hasAsked: false, silent: 0, helpers: 0 };
    if (isLinked) this.#send(node, undefined, {});
    else this.#askHelpers(this.#probe);
  }

  #askHelpersIfLate(): void {
    const probe = this.#probe;
    if (probe === undefined || probe.hasAsked || this.#isAnswered(probe)) return;
    const isLinkLost = probe.isLinked && !this.#self.links.has(probe.node);
    if (isLinkLost || this.#nowMs >= probe.startedAtMs + this.#stretched(this.#self.tuning.probeTimeoutMs))
      this.#askHelpers(probe);
  }

  #askHelpers(probe: Probe): void {
    probe.hasAsked = true;
    if (this.#members.stateOf(probe.node) === "dead") return;
    for (const helper of this.#helpersFor(probe.node)) {
      this.#send(helper, probe.node, { indirect: probe });
      probe.helpers++;
      probe.silent++;
    }
  }

  #helpersFor(node: NodeId): NodeId[] {
    const { links, down, random } = this.#self;
    const free = [...links].filter((link) => link !== node && !down.has(link));
    const helpers: NodeId[] = [];
    while (helpers.length < helpersMax && free.length > 0)
      helpers.push(...free.splice(random.between(0, free.length - 1), 1));
    return helpers;
  }

  #helped(probe: Probe, isAlive: boolean): void {
    probe.silent--;
    if (isAlive) probe.isAnswered = true;
  }

  #answered(node: NodeId, { relay }: SentPing): void {
    this.#unanswered.delete(node);
    this.#members.answered(node);
    if (relay === undefined) this.#members.health.improve();
    else this.#reply(relay.node, relay.id, true);
  }

  #isAnswered(probe: Probe): boolean {
    return probe.isAnswered || this.#members.hasAnsweredSince(probe.node, probe.startedAtMs);
  }

  #endProbe(): void {
    const probe = this.#probe;
    this.#probe = undefined;
    if (probe === undefined || this.#isAnswered(probe) || this.#members.stateOf(probe.node) === "dead") return;
    // Helpers that are silent too speak against this node, and so does it if there is nobody to help.
    this.#members.health.worsen(probe.helpers > 0 ? probe.silent : 1);
    this.#members.probeFailed(probe.node);
  }

  /** Every ping of the interval that is over has had its time, but for those that were sent at its end. */
  #doubtLinks(): void {
    const sentByMs = this.#nowMs - this.#stretched(this.#self.tuning.probeTimeoutMs);
    for (const [id, ping] of this.#pings) {
      if (ping.relay !== undefined || ping.sentAtMs > sentByMs) continue;
      this.#pings.delete(id);
      if (ping.indirect !== undefined || this.#members.hasAnsweredSince(ping.to, ping.sentAtMs)) continue;
      const unanswered = (this.#unanswered.get(ping.to) ?? 0) + 1;
      this.#unanswered.set(ping.to, unanswered);
      if (unanswered >= unansweredMax) this.#cut(ping.to, unanswered);
    }
  }

  #cut(node: NodeId, unanswered: number): void {
    this.#unanswered.delete(node);
    this.#self.log("info", "link silent", { member: node, unanswered });
    this.#self.emit({ kind: "cutLink", node });
  }

  #checkLinks(probed: NodeId | undefined): void {
    let left = checksMax;
    for (const node of this.#unanswered.keys()) {
      if (node === probed) continue;
      if (left-- === 0) return;
      this.#send(node, undefined, {});
    }
  }

  /** Everybody once, in random order, then anew. The dead only while there is a link to them: who is back is linked again. */
  #nextOfRound(): NodeId | undefined {
    const { others } = this.#members;
    for (let tries = 0; tries <= others.length; tries++) {
      if (this.#round.length === 0) this.#round = this.#shuffled(others);
      const node = this.#round.pop();
      if (node !== undefined && (this.#members.stateOf(node) !== "dead" || this.#self.links.has(node))) return node;
    }
    return undefined;
  }

  #shuffled(nodes: readonly NodeId[]): NodeId[] {
    const shuffled = [...nodes];
    for (let at = shuffled.length - 1; at > 0; at--) {
      const other = this.#self.random.between(0, at);
      [shuffled[at], shuffled[other]] = [shuffled[other]!, shuffled[at]!];
    }
    return shuffled;
  }

  /** What ran out while this node slept says nothing about others. */
  #wakeUp(lateMs: number): void {
    this.#self.log("info", "paused", { forMs: Math.round(lateMs) });
    this.#pings.clear();
    this.#relays = 0;
    this.#probe = undefined;
    this.#unanswered.clear();
    this.#intervalFromMs = this.#nowMs;
    this.#members.restartSuspicions();
  }

  #expireRelays(): void {
    if (this.#relays === 0) return;
    for (const [id, ping] of this.#pings) {
      if (ping.relay === undefined || this.#nowMs < ping.sentAtMs + this.#self.tuning.probeTimeoutMs) continue;
      this.#forget(id, ping);
      this.#reply(ping.relay.node, ping.relay.id, false);
    }
  }

  #send(to: NodeId, target: NodeId | undefined, purpose: Pick<SentPing, "indirect" | "relay">): void {
    const id = ++this.#nextId;
    this.#pings.set(id, { to, sentAtMs: this.#nowMs, ...purpose });
    this.#self.send(to, { kind: "Ping", id, target, news: this.#members.newsFor(to) });
  }

  #reply(to: NodeId, id: number, isAlive: boolean): void {
    this.#self.send(to, { kind: "PingReply", id, isAlive, news: this.#members.newsFor(to) });
  }

  #forget(id: number, ping: SentPing): void {
    this.#pings.delete(id);
    if (ping.relay !== undefined) this.#relays--;
  }

  #stretched(ms: number): number {
    return ms * this.healthMultiplier;
  }

  get #nowMs(): number {
    return this.#self.now.monotonicMs;
  }
}
