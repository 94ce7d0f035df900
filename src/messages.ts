/**
 * Everything that is ever said on a link, between client and node and between nodes. Messages come in pairs, `X` and
 * `XReply`; any request may be answered by a `Failure` instead. `id` is the sender's own number for its request on that
 * link, and comes back in the reply.
 *
 * A `Get` or `Put` between nodes is a request that was forwarded, unchanged but for its id: it is coordinated where it
 * arrives and never forwarded again.
 *
 * Time travels as time *left* (`timeoutMs`), never as a moment: each receiver makes its own absolute deadline of it, so
 * that clocks which differ do not make requests expire early or live for ever.
 */
import type { Change } from "./crdt/change.ts";
import type { ErrorCode, ErrorDetails, Outcome } from "./errors.ts";
import type { ClusterOptions, RequestOptions } from "./options.ts";
import type { NodeId, RingTable } from "./ring.ts";

export const protocolVersion = 2;

/** The first message on a link, from whoever opened it. */
export interface Hello {
  readonly kind: "Hello";
  readonly version: number;
  readonly features: readonly string[];
  readonly role: "client" | "node";
  /** 8 bytes of client id, or a node's name in ASCII. */
  readonly identity: Uint8Array;
  readonly credential: string | undefined;
}

/** The answer to a Hello that was accepted; one that was not gets a `Failure` with id 0 and the link closes. */
export interface Welcome {
  readonly kind: "Welcome";
  readonly version: number;
  readonly features: readonly string[];
  readonly node: NodeId;
  readonly ring: RingTable;
  readonly options: ClusterOptions;
}

export interface Get {
  readonly kind: "Get";
  readonly id: number;
  readonly key: Uint8Array;
  readonly timeoutMs: number;
  readonly options: RequestOptions | undefined;
  /** Leave the values out: the reply's record has empty ones. */
  readonly head: boolean;
  /** Have the reply say which nodes answered. */
  readonly details: boolean;
  /** Have the coordinator merge siblings, if it was configured with a merge for the bucket. */
  readonly resolve?: boolean;
}

export interface GetReply {
  readonly kind: "GetReply";
  readonly id: number;
  /** The join of the answers, as a record; `undefined`: no replica that answered has ever heard of the key. */
  readonly record: Uint8Array | undefined;
  /** See `decodeEffective`. */
  readonly effective: Uint8Array;
  readonly answered: readonly NodeId[] | undefined;
  /** With `resolve`, and only of two or more siblings that can be seen: the value that the node's merge made of them. */
  readonly merged?: Uint8Array | undefined;
  /** Why its merge made none of them: a sentence for people. */
  readonly mergeProblem?: string | undefined;
}

/** Put or, without a value, delete; or, with `changes`, operations on a replicated data type. */
export interface Put {
  readonly kind: "Put";
  readonly id: number;
  /** 14 bytes: the same for every try of one operation. Each change takes one sequence number, the first this one. */
  readonly op: Uint8Array;
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
  /** Context token; `undefined`: blind, it replaces nothing. */
  readonly context: Uint8Array | undefined;
  readonly timeoutMs: number;
  readonly options: RequestOptions | undefined;
  /** Have the reply carry the object as it is after the write. */
  readonly returnValue: boolean;
  readonly details: boolean;
  readonly changes: readonly Change[] | undefined;
  /** Milliseconds since the operation's first try, on its client's clock. */
  readonly ageMs: number;
  readonly settled: SettledBelow;
}

/** Of a put of a value whose sender says nothing of other operations. */
export const plainPut: Pick<Put, "changes" | "ageMs" | "settled"> = { changes: undefined, ageMs: 0, settled: [] };

/**
 * Which of its operations a client will never try again, nor has tried twice: all whose sequence is further below that of the
 * message's `op` than the first number, but for those that are exactly as far below as one of the others. Empty: it does not say.
 */
export type SettledBelow = readonly number[];

/** A client that has nothing more to send for now says which operations are settled. It is not answered. */
export interface Settled {
  readonly kind: "Settled";
  readonly id: number;
  /** The next operation's, which was not begun. */
  readonly op: Uint8Array;
  readonly settled: SettledBelow;
}

export interface PutReply {
  readonly kind: "PutReply";
  readonly id: number;
  /** What the writer has now seen: the context that it sent, and its own write. */
  readonly context: Uint8Array;
  readonly record: Uint8Array | undefined;
  /** See `decodeEffective`. */
  readonly effective: Uint8Array;
  readonly answered: readonly NodeId[] | undefined;
}

export interface Status {
  readonly kind: "Status";
  readonly id: number;
  /** Tell of each partition too. */
  readonly partitions?: boolean;
}

export interface StatusReply {
  readonly kind: "StatusReply";
  readonly id: number;
  /** JSON: for people and scripts, never for programs that must understand all of it. */
  readonly status: string;
}

/** What has last-write-wins left out of this bucket here? Answered a page at a time. */
export interface Conflicts {
  readonly kind: "Conflicts";
  readonly id: number;
  readonly bucket: string;
  /** Of this key alone, as a `Get` names it. */
  readonly key: Uint8Array | undefined;
  /** The `end` of the page before. */
  readonly from: Uint8Array | undefined;
}

export interface ConflictsReply {
  readonly kind: "ConflictsReply";
  readonly id: number;
  /** See `conflict.ts`; the oldest first. There may be none, and further pages all the same. */
  readonly entries: readonly Uint8Array[];
  /** Where the next page begins; `undefined`: there is none. */
  readonly end: Uint8Array | undefined;
}

export interface ReplicaPut {
  readonly kind: "ReplicaPut";
  readonly id: number;
  readonly key: Uint8Array;
  readonly record: Uint8Array;
  readonly timeoutMs: number;
  /** Reply from memory first and again from disk, instead of only from disk. */
  readonly early: boolean;
  /** The primary that the receiver stands in for: it keeps the record as a hint, until that one has it. */
  readonly standsFor: NodeId | undefined;
}

export interface ReplicaPutReply {
  readonly kind: "ReplicaPutReply";
  readonly id: number;
  readonly durable: boolean;
}

export interface ReplicaGet {
  readonly kind: "ReplicaGet";
  readonly id: number;
  readonly key: Uint8Array;
  /** Digest of what the coordinator holds itself; `undefined`: nothing. */
  readonly have: Uint8Array | undefined;
  readonly timeoutMs: number;
  /** Reply when what the reply tells of is on disk, not before. */
  readonly durable: boolean;
}

export interface ReplicaGetReply {
  readonly kind: "ReplicaGetReply";
  readonly id: number;
  /**
   * `same` as what the coordinator has; `missing`: there was a record and it cannot be read, which is no vote at all;
   * `fresh`: absent, but this replica has an empty disk and has not yet compared it with the others'.
   */
  readonly answer: "same" | "record" | "absent" | "missing" | "fresh";
  readonly record: Uint8Array | undefined;
}

/** What somebody believes of a member's liveness (SWIM). It spreads by riding on pings and their replies. */
export interface MemberNews {
  readonly node: NodeId;
  readonly state: "alive" | "suspect" | "dead";
  /** Only the member itself raises it, to refute what others believe. */
  readonly incarnation: number;
  /** Who says so: confirmations of a suspicion count distinct members. */
  readonly by: NodeId;
}

export interface Ping {
  readonly kind: "Ping";
  readonly id: number;
  /** `undefined`: are you there? Else: ping that member for me. */
  readonly target: NodeId | undefined;
  readonly news: readonly MemberNews[];
}

export interface PingReply {
  readonly kind: "PingReply";
  readonly id: number;
  /** False: the asked node is there, and could not reach the target. */
  readonly isAlive: boolean;
  readonly news: readonly MemberNews[];
}

/** One of the hash trees in which two primaries compare what they hold: the keys of a partition that have `n` replicas. */
export interface TreeName {
  readonly partition: number;
  readonly n: number;
}

/** Which of these trees are not the same at the receiver? */
export interface TreeRoots {
  readonly kind: "TreeRoots";
  readonly id: number;
  readonly trees: readonly TreeName[];
  /** Eight bytes a tree. */
  readonly digests: Uint8Array;
  /** Places of trees that differed last time although no key did: one of the two trees is wrong, and both are built again. */
  readonly doubted: readonly number[];
}

export interface TreeRootsReply {
  readonly kind: "TreeRootsReply";
  readonly id: number;
  /** Places in the request's list: those that differ, and those that this node cannot compare yet. */
  readonly differing: readonly number[];
  readonly notReady: readonly number[];
}

/** Asks for the digests of all branches of a tree, of all leaves of some branches, or of some leaves. */
export interface TreeNodes {
  readonly kind: "TreeNodes";
  readonly id: number;
  readonly tree: TreeName;
  /** `undefined`: the branches themselves, or the leaves that are named. */
  readonly branches: readonly number[] | undefined;
  readonly leaves: readonly number[] | undefined;
}

export interface TreeNodesReply {
  readonly kind: "TreeNodesReply";
  readonly id: number;
  /** Eight bytes each, in the order of the request: 64 branches, 64 leaves of each branch that was asked for, or the leaves. */
  readonly digests: Uint8Array;
}

/** Asks which keys lie under some leaves, and in which state. */
export interface TreeKeys {
  readonly kind: "TreeKeys";
  readonly id: number;
  readonly tree: TreeName;
  /** `undefined`: all of them. */
  readonly leaves: readonly number[] | undefined;
  /** Where the last page ended: the first key is the one behind it. */
  readonly after: Uint8Array | undefined;
}

export interface TreeKeysReply {
  readonly kind: "TreeKeysReply";
  readonly id: number;
  /** In byte order of the keys. */
  readonly states: readonly KeyState[];
  /** The last key that was looked at, under whatever leaf; `undefined`: there are no further ones. */
  readonly end: Uint8Array | undefined;
}

/** A key and the digest of its record. */
export interface KeyState {
  readonly key: Uint8Array;
  readonly digest: Uint8Array;
}

/** Does the receiver, where it is a primary, hold exactly this state, of which something is left over, and has it no hint for the key? */
export interface LeftoverCheck {
  readonly kind: "LeftoverCheck";
  readonly id: number;
  /** Has all that been so ever since the receiver agreed for the first time, long enough ago? */
  readonly isSecond: boolean;
  readonly states: readonly KeyState[];
}

export interface LeftoverCheckReply {
  readonly kind: "LeftoverCheckReply";
  readonly id: number;
  /** Places in the request's list of those that stand in the way of nothing. */
  readonly agreed: readonly number[];
}

/** Remove what is left over of these keys if they are still in exactly these states: all primaries hold the same, and nothing older is left. */
export interface LeftoverDrop {
  readonly kind: "LeftoverDrop";
  readonly id: number;
  readonly states: readonly KeyState[];
}

export interface LeftoverDropReply {
  readonly kind: "LeftoverDropReply";
  readonly id: number;
}

export interface Failure {
  readonly kind: "Failure";
  readonly id: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly outcome: Outcome;
  readonly retryable: boolean;
  readonly details: ErrorDetails;
}

/** A message of a kind that this version does not know: it is answered with a `Failure`, and the link lives on. */
export interface Unknown {
  readonly kind: "Unknown";
  readonly id: number;
  readonly number: number;
}

/** What a node that coordinates answers a client, or the node that forwarded the client's request. */
export type Answer = GetReply | PutReply | StatusReply | ConflictsReply | Failure;
export type ClientRequest = Get | Put | Status | Settled | Conflicts;
/** What a node asks of another node in its own name. */
export type ReplicaRequest = ReplicaPut | ReplicaGet | TreeRoots | TreeNodes | TreeKeys | LeftoverCheck | LeftoverDrop;
export type ReplicaReply =
  | ReplicaPutReply
  | ReplicaGetReply
  | TreeRootsReply
  | TreeNodesReply
  | TreeKeysReply
  | LeftoverCheckReply
  | LeftoverDropReply;
/** What nodes say to each other once they are linked. */
export type PeerMessage = ReplicaRequest | ReplicaReply | Ping | PingReply | Get | Put | Answer;
export type Message = Hello | Welcome | ClientRequest | Answer | PeerMessage | Unknown;

const clientRequests: ReadonlySet<string> = new Set([
  "Get",
  "Put",
  "Status",
  "Settled",
  "Conflicts",
] satisfies ClientRequest["kind"][]);

export function isClientRequest(message: Message): message is ClientRequest {
  return clientRequests.has(message.kind);
}

export function isPeerMessage(message: Message): message is PeerMessage {
  const { kind } = message;
  if (kind === "Hello" || kind === "Welcome" || kind === "Unknown") return false;
  return kind !== "Status" && kind !== "Settled" && kind !== "Conflicts";
}
