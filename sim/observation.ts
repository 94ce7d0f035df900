/**
 * What can be seen of a run from outside and from inside: the checkers know the run only through these, so that a test can
 * hand them a made-up one.
 */
import type { CausalContext } from "../src/causal-context.ts";
import type { Change } from "../src/crdt/change.ts";
import type { Dot } from "../src/dot.ts";
import type { Answer } from "../src/messages.ts";
import type { StoredObject } from "../src/object.ts";
import type { OpId } from "../src/op-id.ts";
import type { NodeId } from "../src/ring.ts";
import type { Timestamp } from "../src/timestamp.ts";
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
  /** What the node stamped it with; an event has none. */
  readonly timestamp: Timestamp | undefined;
  /** Where in a replicated data type. Absent: a plain value, or an event. */
  readonly path?: string;
  /** Of an increment. */
  readonly amount?: number;
  /** Of what it replaces, the dots that its coordinator had never had. */
  readonly unheld?: CausalContext | undefined;
}

/** A coordinator removes what its writer has seen, in some place of a replicated data type. */
export interface Dropped {
  readonly kind: "dropped";
  readonly node: NodeId;
  readonly key: KeyName;
  readonly op: OpId;
  readonly observed: CausalContext;
  readonly unheld?: CausalContext | undefined;
}

/** A node hands a new state of a key to its disk. */
export interface Stored {
  readonly kind: "stored";
  readonly node: NodeId;
  readonly key: KeyName;
  /** `undefined`: nothing, or a record that cannot be read. */
  readonly before: StoredObject | undefined;
  readonly after: StoredObject | undefined;
  /** It takes the place of a record that could not be read. */
  readonly isHealing?: boolean;
}

/** A node removes its record of a key: only a tombstone may go, when the proof for it is complete. */
export interface Collected {
  readonly kind: "collected";
  readonly node: NodeId;
  readonly key: KeyName;
  /** `undefined`: nothing, or a record that cannot be read. */
  readonly before: StoredObject | undefined;
  /** What every primary of the key holds at this moment; `undefined`: nothing, or what cannot be read. */
  readonly primaries?: ReadonlyMap<NodeId, StoredObject | undefined>;
  /** Who keeps a hint of the key, for whomever. */
  readonly hinting?: readonly NodeId[];
}

/** A node hands a hint to its disk, or the removal of one. */
export interface Hinted {
  readonly kind: "hinted";
  readonly node: NodeId;
  readonly target: NodeId;
  readonly key: KeyName;
  readonly before: StoredObject | undefined;
  readonly after: StoredObject | undefined;
  /** How old it is by its holder's own clock; and how old it may become. */
  readonly ageMs: number;
  readonly ageMsMax: number;
  /** Of all records that this node will then keep as hints, and how many they may be. */
  readonly bytes: number;
  readonly bytesMax: number;
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
  /** It has it as a hint for this primary. */
  readonly standsFor?: NodeId | undefined;
}

/** A replica answers a coordinator that reads. */
export interface Served {
  readonly kind: "served";
  readonly node: NodeId;
  readonly key: KeyName;
  readonly answer: "same" | "record" | "absent" | "missing" | "fresh";
  readonly held: "record" | "absent" | "bad record";
  /** Of `record` and `same`: whether that is all that it has. */
  readonly isWhole?: boolean | undefined;
  /** Its disk began empty and has not caught up, as its own notes say. */
  readonly isFresh?: boolean;
}

export interface Crashed {
  readonly kind: "crashed" | "stopped";
  readonly node: NodeId;
  readonly isPowerCut?: boolean;
}

/** Before the first message: `read` looks at the disk. */
export interface Restarted {
  readonly kind: "restarted";
  readonly node: NodeId;
  readonly isWiped: boolean;
  readonly read: (key: KeyName) => StoredObject | undefined;
  readonly readHint: (target: NodeId, key: KeyName) => StoredObject | undefined;
}

/** A node loses records: all of them, or one. The fault atlas allowed it. */
export interface Damaged {
  readonly kind: "damaged";
  readonly node: NodeId;
  readonly key: KeyName | undefined;
  /** How, in words. */
  readonly text?: string;
}

/** A node begins to coordinate a request. */
export interface Coordinated {
  readonly kind: "coordinated";
  /** Names this request of this node in this run. */
  readonly request: string;
  readonly node: NodeId;
  readonly key: KeyName;
  readonly what: "get" | "put";
  /** The primaries that may make the quorum, and whether others may stand in for them. */
  readonly list: readonly NodeId[];
  readonly isSloppy: boolean;
  readonly needs: { readonly answers: number; readonly primaries: number; readonly durable: number };
  /** Of a put. */
  readonly write?: Writing;
}

export interface Writing {
  readonly op: OpId;
  /** What its writer sends as its context. */
  readonly seen: CausalContext;
  /** Operations on a replicated data type. */
  readonly changes?: readonly Change[] | undefined;
  /** Milliseconds since its first try. */
  readonly ageMs?: number;
}

/** A replica's answer reaches the coordinator. Only answers that are true and belong to the request are votes. */
export interface Voted {
  readonly kind: "voted";
  readonly request: string;
  readonly voter: NodeId;
  readonly isDurable: boolean;
  /** What a get was told. */
  readonly object: StoredObject | undefined;
  /** Of a put: the primary that it keeps the write for. */
  readonly standsFor?: NodeId | undefined;
  /** It has nothing, on a disk that began empty and has not caught up: no vote for "not found". */
  readonly isFresh?: boolean;
}

/** The coordinator answers whoever asked. */
export interface Answered {
  readonly kind: "answered";
  readonly request: string;
  readonly message: Answer;
  /** Of a `PutReply`: what its context covers; `undefined`: it cannot be read. */
  readonly covers?: CausalContext | undefined;
}

/** A client is refused after everything was healed and has settled. */
export interface Refused {
  readonly kind: "refused";
  readonly sentence: string;
}

/** A call of a client returned. */
export interface Returned {
  readonly kind: "returned";
  readonly operation: Operation;
}

/**
 * Where a run stands. `faultless`: nothing strikes in this run. `healed`: nothing strikes any more. `converged`: all replicas ought
 * to be the same now, and nothing is left to mend.
 */
export interface Phase {
  readonly kind: "phase";
  readonly phase: "faultless" | "healed" | "converged";
}

export type Observation =
  | Issue
  | Dropped
  | Stored
  | Collected
  | Hinted
  | Phase
  | Acknowledged
  | Served
  | Crashed
  | Restarted
  | Damaged
  | Coordinated
  | Voted
  | Answered
  | Refused
  | Returned;

/** After the faults are over and everything has settled. */
export interface EndOfRun {
  /** Per key what every node holds, and the join of it all. */
  readonly keys: ReadonlyMap<KeyName, EndOfKey>;
  readonly operations: readonly Operation[];
  /** What is demanded of the replicas: nothing, or that they are the same. */
  readonly isConverged: boolean;
  /** Where the disks differ from what convergence asks for, in words: every key, every node, and the hints. */
  readonly differences: readonly string[];
  readonly resources: Resources;
}

/** What a run has used. */
export interface Resources {
  /** Of each kind, how many messages nodes sent to each other while nobody wanted anything. */
  readonly idleTraffic: ReadonlyMap<string, number>;
  /** Calls of clients, and the requests that they sent for them. */
  readonly calls: number;
  readonly requests: number;
  /** Open requests of each node, when nobody waits for any. */
  readonly openRequests: ReadonlyMap<NodeId, number>;
  readonly isFaultless: boolean;
}

export interface EndOfKey {
  readonly states: ReadonlyMap<NodeId, StoredObject>;
  readonly joined: StoredObject;
  /** What a read at r = n said, by the node that coordinated it. */
  readonly reads: ReadonlyMap<NodeId, StoredObject>;
}
