/**
 * The one door of a node: what goes in and what comes out of `step(now, input)`.
 *
 * The whole ordering rule: **what stands in a batch's `then` runs after that batch is durable; everything else runs in order.**
 * So "acknowledged before it was on disk" cannot be written by accident.
 */
import type { ReplicaId } from "../src/dot.ts";
import type { Answer, ClientRequest, PeerMessage } from "../src/messages.ts";
import type { NodeId } from "../src/ring.ts";
import type { Lease } from "./identity.ts";
import type { Batch } from "./store.ts";

/** Both clocks, read once per step. Deadlines live on the one that never jumps, timestamps on the one that people share. */
export interface Instant {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** Whom an answer goes to: a client's connection, or the node that forwarded the client's request. */
export type Origin = { readonly connection: number } | { readonly node: NodeId };

export type Input =
  /**
   * First of all, once. `freshReplicaId` is used unless the store was left by a clean stop and cannot be older than that
   * (`mayBeOlder`: copied, restored); it also numbers this start's requests.
   */
  | { readonly kind: "start"; readonly freshReplicaId: ReplicaId; readonly mayBeOlder: boolean }
  | { readonly kind: "client"; readonly connection: number; readonly message: ClientRequest }
  | { readonly kind: "peer"; readonly node: NodeId; readonly message: PeerMessage }
  | { readonly kind: "linkUp" | "linkDown"; readonly node: NodeId }
  | { readonly kind: "leased"; readonly lease: Lease }
  /** Time has passed. `queuedBytes` wait in the sockets of all links and in front of the disk; the tick comes `lagMs` late. */
  | { readonly kind: "tick"; readonly queuedBytes: number; readonly lagMs: number }
  /** The disk has no room, or has some again: what was handed to it waits, and nothing more may be. */
  | { readonly kind: "diskFull"; readonly isFull: boolean }
  /** A clean stop: nothing more is accepted, what is under way is written, and `stopped` comes out. */
  | { readonly kind: "stop" };

export type Effect =
  | { readonly kind: "send"; readonly node: NodeId; readonly message: PeerMessage }
  | { readonly kind: "reply"; readonly connection: number; readonly message: Answer }
  /** The member is dead to this node: its link is of no use, even if the socket has not noticed yet. */
  | { readonly kind: "cutLink"; readonly node: NodeId }
  | Persist
  /** Comes back as the next input: how a node answers itself and learns that a lease is durable. */
  | { readonly kind: "deliver"; readonly input: Input }
  | LogEvent
  /** The identity is durable: the node may be linked to others and serve. */
  | { readonly kind: "ready" }
  | { readonly kind: "stopped" };

/** One atomic batch. Without writes it is a barrier: `then` waits for the batches before it. */
export interface Persist extends Batch {
  readonly kind: "persist";
  readonly then: readonly Effect[];
}

export interface LogEvent {
  readonly kind: "log";
  readonly level: "debug" | "info" | "warn";
  readonly event: string;
  readonly fields: Readonly<Record<string, string | number>>;
}
