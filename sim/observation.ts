/**
 * What can be seen of a run from outside and from inside: the checkers know the run only through these, so that a test can
 * hand them a made-up one.
 */
import type { CausalContext } from "../src/causal-context.ts";
import type { Dot } from "../src/dot.ts";
import type { Answer } from "../src/messages.ts";
import type { StoredObject } from "../src/object.ts";
import type { OpId } from "../src/op-id.ts";
import type { NodeId } from "../src/ring.ts";
import type { Operation } from "./history.ts";

/** A key as people read it: `bucket/key`. */
export type KeyName = string;

/** A dot was given to a write; or, without an op, to an event that writes nothing (design §4.3, amnesia). */
export interface Issue {
  readonly kind: "issue";
  readonly node: NodeId;
  /** Which disk of the node, and which start of it. */
  readonly disk: number;
  readonly incarnation: number;
  readonly key: KeyName;
  readonly dot: Dot;
  readonly op: OpId | undefined;
  /** What the write replaces. */
  readonly seen: CausalContext;
  readonly value: Uint8Array | undefined;
}

/** A node hands a new state of a key to its disk. */
export interface Stored {
  readonly kind: "stored";
  readonly node: NodeId;
  readonly key: KeyName;
  /** `undefined`: nothing, or a record that cannot be read. */
  readonly before: StoredObject | undefined;
  readonly after: StoredObject | undefined;
}

/** A node tells a coordinator, or itself, that it has a state. */
export interface Acknowledged {
  readonly kind: "acknowledged";
  readonly node: NodeId;
  readonly key: KeyName;
  readonly isDurable: boolean;
  readonly said: StoredObject;
  /** What is there at this moment: on its disk if it says durable, in its memory if not. */
  readonly held: StoredObject | undefined;
}

/** A replica answers a coordinator that reads. */
export interface Served {
  readonly kind: "served";
  readonly node: NodeId;
  readonly key: KeyName;
  readonly answer: "same" | "record" | "absent" | "missing" | "fresh";
  readonly held: "record" | "absent" | "bad record";
}

export interface Crashed {
  readonly kind: "crashed" | "stopped";
  readonly node: NodeId;
}

/** Before the first message: `read` looks at the disk. */
export interface Restarted {
  readonly kind: "restarted";
  readonly node: NodeId;
  readonly isWiped: boolean;
  readonly read: (key: KeyName) => StoredObject | undefined;
}

/** A node loses records: all of them, or one. The fault atlas allowed it. */
export interface Damaged {
  readonly kind: "damaged";
  readonly node: NodeId;
  readonly key: KeyName | undefined;
}

/** A node begins to coordinate a request. */
export interface Coordinated {
  readonly kind: "coordinated";
  /** Names this request of this node in this run. */
  readonly request: string;
  readonly node: NodeId;
  readonly key: KeyName;
  readonly what: "get" | "put";
  /** The primaries that may make the quorum. */
  readonly list: readonly NodeId[];
  /** Whether others may stand in for them. */
  readonly isSloppy: boolean;
  readonly needs: { readonly answers: number; readonly primaries: number; readonly durable: number };
}

/** A replica's answer reaches the coordinator. Only answers that are true and belong to the request are votes. */
export interface Voted {
  readonly kind: "voted";
  readonly request: string;
  readonly voter: NodeId;
  readonly isDurable: boolean;
  /** What a get was told. */
  readonly object: StoredObject | undefined;
  /** A get was told that there is nothing, by a replica with an empty disk that has not caught up. */
  readonly isFresh: boolean;
}

/** The coordinator answers whoever asked. */
export interface Answered {
  readonly kind: "answered";
  readonly request: string;
  readonly message: Answer;
}

/** A call of a client returned. */
export interface Returned {
  readonly kind: "returned";
  readonly operation: Operation;
}

export type Observation =
  | Issue
  | Stored
  | Acknowledged
  | Served
  | Crashed
  | Restarted
  | Damaged
  | Coordinated
  | Voted
  | Answered
  | Returned;

/** After the faults are over and everything has settled. */
export interface EndOfRun {
  /** Per key what every node holds, and the join of it all. */
  readonly keys: ReadonlyMap<KeyName, EndOfKey>;
  readonly operations: readonly Operation[];
}

export interface EndOfKey {
  readonly states: ReadonlyMap<NodeId, StoredObject>;
  readonly joined: StoredObject;
  /** What a read at r = n said, by the node that coordinated it. */
  readonly reads: ReadonlyMap<NodeId, StoredObject>;
}
