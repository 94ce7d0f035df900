/**
 * How fast the other nodes answer a `ReplicaGet`: who is asked first, and when one is late enough for a hedge.
 *
 * - A node that is asked and says nothing looks slower by the moment, long before anybody declares it down.
 * - Nodes that are about equally fast stay in the order of the preference list, in which the ring has shared out the load: whoever
 *   is one per cent faster does not get everything.
 * - What is known of a node fades: one that was slow is tried again.
 *
 * State is a few numbers per node, whatever the number of requests.
 */
import type { NodeId } from "../src/ring.ts";
import type { Self } from "./self.ts";

/** Weight of a new sample in the mean. */
const gain = 1 / 8;
/** Of a step down to one up: in balance 5 % of the samples lie above. */
const stepsUp = 19;
/** A step, as a share of the mean. */
const stepShare = 1 / 20;
/** Slow is who takes this many times as long as the fastest, and this much longer; no longer slow, below the second. */
const slowFrom = 2;
const slowUntil = 1.5;
const slackMs = 5;
/** After this long without a sample a mean is worth half. */
const fadeMs = 10_000;
/** Of a node that never answered: as fast as most, so that it is tried, and others that keep silent look slow beside it. */
const unknownMs = 5;
const unknownP95Ms = 50;

interface Peer {
  /** Mean of round trips, younger ones counting more (EWMA). */
  meanMs: number;
  p95Ms: number;
  sampledAtMs: number;
  /** Requests without an answer. */
  waiting: number;
  /** Since when it says nothing though it is asked. */
  silentSinceMs: number;
  /** Hysteresis: whether it was slow when last compared. */
  isSlow: boolean;
}

export interface LatencyFigures {
  readonly meanMs: number;
  readonly p95Ms: number;
}

export class Latencies {
  readonly #peers = new Map<NodeId, Peer>();
  readonly #self: Pick<Self, "id" | "suspects" | "canReach">;

  constructor(self: Pick<Self, "id" | "suspects" | "canReach">) {
    this.#self = self;
  }

  asked(node: NodeId, nowMs: number): void {
    const peer = this.#peer(node);
    if (peer.waiting++ === 0) peer.silentSinceMs = nowMs;
  }

  answered(node: NodeId, tookMs: number, nowMs: number): void {
    const peer = this.#peer(node);
    peer.waiting = Math.max(0, peer.waiting - 1);
    peer.silentSinceMs = nowMs;
    sample(peer, tookMs, nowMs);
  }

  /** Nobody waits for the answer any more: it takes at least so long. */
  abandoned(node: NodeId, tookMs: number, nowMs: number): void {
    const peer = this.#peer(node);
    peer.waiting = Math.max(0, peer.waiting - 1);
    if (tookMs > peer.meanMs) sample(peer, tookMs, nowMs);
  }

  /** No answer will come: a failure or a lost link says nothing about speed. */
  lost(node: NodeId): void {
    const peer = this.#peer(node);
    peer.waiting = Math.max(0, peer.waiting - 1);
  }

  p95Ms(node: NodeId): number {
    const peer = this.#peers.get(node);
    return peer === undefined || peer.p95Ms === 0 ? unknownP95Ms : peer.p95Ms;
  }

  /** For people. */
  of(node: NodeId): LatencyFigures | undefined {
    const peer = this.#peers.get(node);
    return peer === undefined || peer.p95Ms === 0 ? undefined : { meanMs: peer.meanMs, p95Ms: peer.p95Ms };
  }

  /** Whom to ask first. @returns the list itself if nobody in it is slow or suspected: the common case costs next to nothing */
  order<Entry extends { readonly node: NodeId }>(entries: readonly Entry[], nowMs: number): readonly Entry[] {
    if (this.#areEqual(entries, nowMs)) return entries;
    let fastestMs = Infinity;
    for (const { node } of entries)
      if (this.#isComparable(node)) fastestMs = Math.min(fastestMs, this.#expectedMs(node, nowMs));
    return entries
      .map((entry) => ({ entry, rank: this.#rank(entry.node, fastestMs, nowMs) }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ entry }) => entry);
  }

  /** Whether nobody is suspected, was slow or would be called slow now. Found without a second look at anybody. */
  #areEqual(entries: readonly { readonly node: NodeId }[], nowMs: number): boolean {
    if (this.#self.suspects.size > 0) return false;
    let [leastMs, mostMs] = [Infinity, 0];
    for (const { node } of entries) {
      if (node === this.#self.id) continue;
      const peer = this.#peers.get(node);
      if (peer?.isSlow === true) return false;
      const ms = peer === undefined ? unknownMs : expectedMs(peer, nowMs);
      if (ms < leastMs) leastMs = ms;
      if (ms > mostMs) mostMs = ms;
    }
    return mostMs <= leastMs * slowFrom + slackMs;
  }

  #isComparable(node: NodeId): boolean {
    return node !== this.#self.id && this.#self.canReach(node) && !this.#self.suspects.has(node);
  }

  #expectedMs(node: NodeId, nowMs: number): number {
    const peer = this.#peers.get(node);
    return peer === undefined ? unknownMs : expectedMs(peer, nowMs);
  }

  /** 0 for all that are about as fast as the fastest, or unknown and worth a try; then by time; suspects behind everybody. */
  #rank(node: NodeId, fastestMs: number, nowMs: number): number {
    if (this.#self.suspects.has(node)) return Infinity;
    const peer = this.#peers.get(node);
    if (peer === undefined) return 0;
    const ms = expectedMs(peer, nowMs);
    peer.isSlow = ms > fastestMs * (peer.isSlow ? slowUntil : slowFrom) + slackMs;
    return peer.isSlow ? ms : 0;
  }

  #peer(node: NodeId): Peer {
    let peer = this.#peers.get(node);
    if (peer === undefined) {
      peer = { meanMs: 0, p95Ms: 0, sampledAtMs: 0, waiting: 0, silentSinceMs: 0, isSlow: false };
      this.#peers.set(node, peer);
    }
    return peer;
  }
}

function expectedMs(peer: Peer, nowMs: number): number {
  const fadedMs = peer.meanMs / (1 + (nowMs - peer.sampledAtMs) / fadeMs);
  return peer.waiting === 0 ? fadedMs : Math.max(fadedMs, nowMs - peer.silentSinceMs);
}

function sample(peer: Peer, tookMs: number, nowMs: number): void {
  const isFirst = peer.p95Ms === 0;
  peer.sampledAtMs = nowMs;
  peer.meanMs = isFirst ? tookMs : peer.meanMs + (tookMs - peer.meanMs) * gain;
  const stepMs = peer.meanMs * stepShare;
  const p95Ms = isFirst ? 2 * tookMs : peer.p95Ms + (tookMs > peer.p95Ms ? stepsUp * stepMs : -stepMs);
  // Above 0, which stands for "never answered"; and never below the mean: nobody hedges against the usual.
  peer.p95Ms = Math.max(p95Ms, peer.meanMs, 0.01);
}
