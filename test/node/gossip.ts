/**
 * A hand-driven cluster whose nodes ping each other: time passes in steps, what was sent in one arrives in the next, and links that were
 * cut are dialled again as soon as a handshake would come through. It counts every message and its bytes.
 */
import { encodeFrame } from "../../src/codec.ts";
import type { PeerMessage } from "../../src/messages.ts";
import { Random } from "../../src/random.ts";
import type { NodeId } from "../../src/ring.ts";
import { defaultTuning } from "../../node/tuning.ts";
import type { MemberView } from "../../node/members.ts";
import { Cluster, type Envelope } from "./cluster.ts";

const redialMs = 200;

export interface Weather {
  readonly nodes: number;
  readonly stepMs?: number;
  /** Of every message. */
  readonly loss?: number;
  readonly seed?: number;
}

export class Gossip {
  readonly cluster: Cluster;
  readonly nodes: readonly NodeId[];
  readonly sent = new Map<NodeId, { messages: number; bytes: number }>();
  /** Nodes whose process stands still: what reaches them waits, and so does their clock. */
  readonly paused = new Set<NodeId>();
  /** Messages that vanish, though the link stands. */
  isBlocked: (from: NodeId, to: NodeId) => boolean = () => false;
  loss: number;
  /** Is shown every message, and may change it. */
  rewrite: (envelope: Envelope) => PeerMessage = ({ message }) => message;
  nowMs = 0;
  readonly #random: Random;
  readonly #stepMs: number;
  readonly #redials: { readonly from: NodeId; readonly to: NodeId; readonly atMs: number }[] = [];
  #waiting: Envelope[] = [];

  constructor({ nodes, stepMs = 20, loss = 0, seed = 1 }: Weather) {
    this.#stepMs = stepMs;
    this.loss = loss;
    this.#random = new Random(seed);
    this.cluster = new Cluster({
      nodes,
      tuning: { probeIntervalMs: defaultTuning.probeIntervalMs },
      observe: (from, effect) => {
        if (effect.kind === "cutLink") this.#redials.push({ from, to: effect.node, atMs: this.nowMs + redialMs });
      },
    });
    this.nodes = this.cluster.ring.table.members.map(({ id }) => id);
  }

  /** Time passes, or until `isDone` says so. @returns whether it did */
  play(ms: number, isDone: () => boolean = () => false): boolean {
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs;) {
      if (isDone()) return true;
      this.#step();
    }
    return isDone();
  }

  resume(node: NodeId): void {
    this.paused.delete(node);
    const held = this.#waiting.filter(({ to }) => to === node);
    this.#waiting = this.#waiting.filter(({ to }) => to !== node);
    this.cluster.input(node, { kind: "tick", queuedBytes: 0, lagMs: 0 });
    this.#deliver(held);
  }

  views(node: NodeId): Record<NodeId, MemberView> {
    return this.cluster.status(node).members;
  }

  /** Whom `node` believes to be in `state`. */
  believed(node: NodeId, state: MemberView["state"]): NodeId[] {
    const views = Object.entries(this.views(node));
    return views.flatMap(([id, view]) => (view.state === state ? [id] : []));
  }

  /** Everybody believes everybody alive. */
  get isAllAlive(): boolean {
    return this.nodes.every((node) => this.believed(node, "alive").length === this.nodes.length);
  }

  logged(event: string): { node: NodeId; member: NodeId }[] {
    const found = this.cluster.logs.filter((log) => log.event === event);
    return found.map(({ node, fields }) => ({ node, member: String(fields["member"]) }));
  }

  #step(): void {
    this.nowMs += this.#stepMs;
    this.#redial();
    const arriving = this.cluster.inFlight.splice(0);
    this.cluster.tick(this.#stepMs, (node) => !this.paused.has(node));
    this.#deliver(arriving);
  }

  #deliver(envelopes: readonly Envelope[]): void {
    for (const envelope of envelopes) {
      const { from, to } = envelope;
      if (this.paused.has(to)) {
        this.#waiting.push(envelope);
        continue;
      }
      const message = this.rewrite(envelope);
      this.#count(from, message);
      if (!this.#isLost(from, to) && this.cluster.isUp(to))
        this.cluster.input(to, { kind: "peer", node: from, message });
    }
  }

  #isLost(from: NodeId, to: NodeId): boolean {
    return this.isBlocked(from, to) || this.#random.chance(this.loss);
  }

  #count(from: NodeId, message: PeerMessage): void {
    const count = this.sent.get(from) ?? { messages: 0, bytes: 0 };
    count.messages++;
    count.bytes += encodeFrame([message]).length;
    this.sent.set(from, count);
  }

  /** A handshake takes both directions, and two processes that run. */
  #redial(): void {
    for (const redial of this.#redials.splice(0)) {
      const { from, to, atMs } = redial;
      const isPossible = !this.isBlocked(from, to) && !this.isBlocked(to, from);
      const isRunning = !this.paused.has(from) && !this.paused.has(to);
      if (atMs > this.nowMs || !isPossible || !isRunning) this.#redials.push(redial);
      else this.cluster.linkUp(from, to);
    }
  }
}
