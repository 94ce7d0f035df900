/**
 * In a node's process, at its tap: notes when each message of a put or get passes by, and holds messages back where delays are injected.
 * What is noted are moments of one clock; `legs.ts` makes delays of those that different nodes have noted.
 *
 * When things happen, from the nodes' code:
 *
 * - A write is on its way to all replicas at one moment: a coordinator writes its own copy and sends the others in the same step
 *   (`node/put.ts`). From this step on its own copy shows in reads (`node/step-view.ts`, `node/io/disk-store.ts`): its w is 0. Its
 *   acknowledgement to itself comes when its disk has it: its a is a sync.
 * - Another replica shows the write from the step in which it takes the `ReplicaPut`, long before it is on disk. So w ends, and a begins,
 *   when the message is passed on to the replica, and the sync is part of a.
 * - A reader that holds the key hears itself in the step in which it takes the request, before anybody else (`node/get.ts`): its r and
 *   its s are 0. Another replica reads in the step in which it takes the `ReplicaGet`: there r ends, and s begins.
 * - A write is committed in the step that answers its client.
 *
 * A message is held back where it arrives, so that the link's own delay is part of what is recorded. What is due is passed on before
 * anything else that arrives, however late the alarm is: so a write shows in reads from the moment at which it was due, and this is what
 * w and r end with. An answer counts when it is passed on, as its request's end does.
 */
import type { Message, PeerMessage } from "../../src/messages.ts";
import type { NodeId } from "../../src/ring.ts";
import type { PeerTap } from "../../node/io/index.ts";
import type { DelayInjection } from "./delay-injection.ts";
import { nowMs } from "./monotonic.ts";

/** What was noted, in rows of numbers: a kind, an id, a node by its place among the members, a moment. */
export const noteKinds = {
  /** A client's request is taken, a put is answered; the id is the client's. No node. */
  requested: 0,
  answered: 1,
  /** To a replica; from a coordinator; back from a replica. The id is the coordinator's. */
  copyOut: 2,
  copyIn: 3,
  copyBack: 4,
  askOut: 5,
  askIn: 6,
  askBack: 7,
  /** A reader asks a replica; the id is the client's. */
  asked: 8,
  /** How long this node's own copy took to its disk, in the place of a moment; the id is the client's. */
  ownAck: 9,
} as const;

export const noteFields = 4;

type NoteKind = (typeof noteKinds)[keyof typeof noteKinds];

const outKinds: Partial<Record<Message["kind"], NoteKind>> = {
  ReplicaPut: noteKinds.copyOut,
  ReplicaGet: noteKinds.askOut,
};

const inKinds: Partial<Record<Message["kind"], NoteKind>> = {
  ReplicaPut: noteKinds.copyIn,
  ReplicaPutReply: noteKinds.copyBack,
  ReplicaGet: noteKinds.askIn,
  ReplicaGetReply: noteKinds.askBack,
};

const noNode = -1;

export class LegRecorder implements PeerTap {
  readonly #members: readonly NodeId[];
  readonly #injection: DelayInjection | undefined;
  #notes: number[] = [];
  /** Writes that this node coordinates, by their ids, until its own disk has them. */
  readonly #written = new Map<number, { readonly request: number; readonly atMs: number }>();
  /** The request that the node's current step is about. */
  #request = 0;

  constructor(members: readonly NodeId[], injection: DelayInjection | undefined) {
    this.#members = members;
    this.#injection = injection;
  }

  /** What was noted since the last time. */
  take(): Float64Array {
    const notes = Float64Array.from(this.#notes);
    this.#notes = [];
    return notes;
  }

  out(to: NodeId, message: PeerMessage, pass: () => void): void {
    const kind = outKinds[message.kind];
    if (kind !== undefined) this.#noteOut(kind, message.id, this.#members.indexOf(to));
    pass();
  }

  in(from: NodeId, message: PeerMessage, pass: () => void): void {
    if (this.#injection === undefined) return this.#pass(from, message, nowMs(), pass);
    this.#injection.look();
    this.#injection.hold(message, (dueMs) => this.#pass(from, message, dueMs, pass));
  }

  sees(message: Message): void {
    switch (message.kind) {
      case "Get":
      case "Put":
        this.#injection?.look();
        this.#request = message.id;
        return this.#note(noteKinds.requested, message.id, noNode, nowMs());
      case "PutReply":
        return this.#note(noteKinds.answered, message.id, noNode, nowMs());
      case "ReplicaPutReply":
        return this.#noteOwn(message.id);
      default:
    }
  }

  #noteOut(kind: NoteKind, id: number, to: number): void {
    const atMs = nowMs();
    this.#note(kind, id, to, atMs);
    if (kind === noteKinds.copyOut) this.#written.set(id, this.#written.get(id) ?? { request: this.#request, atMs });
    else this.#note(noteKinds.asked, this.#request, to, atMs);
  }

  #noteOwn(id: number): void {
    const written = this.#written.get(id);
    if (written === undefined) return;
    this.#written.delete(id);
    this.#note(noteKinds.ownAck, written.request, noNode, nowMs() - written.atMs);
  }

  #pass(from: NodeId, { kind, id }: PeerMessage, dueMs: number, pass: () => void): void {
    const noteKind = inKinds[kind];
    const isAnswer = noteKind === noteKinds.copyBack || noteKind === noteKinds.askBack;
    if (noteKind !== undefined) this.#note(noteKind, id, this.#members.indexOf(from), isAnswer ? nowMs() : dueMs);
    pass();
  }

  #note(kind: NoteKind, id: number, node: number, atMs: number): void {
    this.#notes.push(kind, id, node, atMs);
  }
}
