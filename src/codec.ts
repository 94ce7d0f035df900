/**
 * The wire: a frame is one MessagePack array of messages behind its checksum (frame.ts), a message an array that begins with its
 * kind's number and its id.
 * Foreign bytes become messages here and nowhere else. Shapes are checked here, what they hold where it is used: options by
 * `settleOptions`, keys by `checkKey`, contexts by `decodeToken`, records by `openRecord`.
 *
 * - Fields are told by their place; further ones at the end are ignored, so that a newer sender may add some.
 * - A kind that is not known comes out as `Unknown`; anything malformed condemns the frame, and with it the link.
 */
import { decodeChange, encodeChange, type Change } from "./crdt/change.ts";
import { CoterieError } from "./errors.ts";
import {
  array,
  bytes,
  checked,
  errorCode,
  exactly,
  key,
  malformed,
  natural,
  numbers,
  oneOf,
  optional,
  record,
  text,
  texts,
  timeout,
} from "./fields.ts";
import { checksumBytes, openFrame, sealFrame } from "./frame.ts";
import { limits } from "./limits.ts";
import type { KeyState, MemberNews, Message, TreeName } from "./messages.ts";
import { pack, unpack } from "./msgpack.ts";
import { decodeOptions, encodeOptions } from "./option-codec.ts";
import { checkOptions, type ClusterOptions, type RequestOptions } from "./options.ts";
import { digestBytes } from "./record.ts";
import { encodeRingTable, parseRingTable } from "./ring.ts";

/** One number per kind, for ever: a retired kind leaves a gap. */
const kinds = {
  Hello: 1,
  Welcome: 2,
  Get: 3,
  GetReply: 4,
  Put: 5,
  PutReply: 6,
  Status: 7,
  StatusReply: 8,
  Failure: 9,
  ReplicaPut: 10,
  ReplicaPutReply: 11,
  ReplicaGet: 12,
  ReplicaGetReply: 13,
  Ping: 14,
  PingReply: 15,
  TreeRoots: 16,
  TreeRootsReply: 17,
  TreeNodes: 18,
  TreeNodesReply: 19,
  TreeKeys: 20,
  TreeKeysReply: 21,
  LeftoverCheck: 22,
  LeftoverCheckReply: 23,
  LeftoverDrop: 24,
  LeftoverDropReply: 25,
  Settled: 26,
  Conflicts: 27,
  ConflictsReply: 28,
} as const;

const conflictPlaceBytesMax = 64;
const answers = ["same", "record", "absent", "missing", "fresh"] as const;
const memberStates = ["alive", "suspect", "dead"] as const;

export function encodeFrame(messages: readonly Message[]): Uint8Array {
  return sealFrame(pack(messages.map(toFields), checksumBytes));
}

/** @throws PROTOCOL with a reason */
export function decodeFrame(bytes: Uint8Array): Message[] {
  let frame: unknown;
  try {
    frame = unpack(openFrame(bytes));
  } catch (error) {
    if (error instanceof CoterieError) throw error;
    throw malformed((error as Error).message);
  }
  const messages = array(frame, "a frame");
  if (messages.length > limits.frameMessagesMax)
    throw malformed(`${messages.length} messages, the limit is ${limits.frameMessagesMax}`);
  return messages.map((fields) => fromFields(array(fields, "a message")));
}

/** Bytes that a message will roughly take: enough to close a frame in time. */
export function roughSize(message: Message): number {
  const fixed = 64;
  switch (message.kind) {
    case "Put":
      return fixed + message.key.length + (message.value?.length ?? 0) + roughSizeOf(message.changes);
    case "GetReply":
      return fixed + (message.record?.length ?? 0) + (message.merged?.length ?? 0);
    case "ReplicaPut":
    case "PutReply":
    case "ReplicaGetReply":
      return fixed + (message.record?.length ?? 0);
    case "TreeNodesReply":
      return fixed + message.digests.length;
    case "ConflictsReply":
      return message.entries.reduce((sum, entry) => sum + entry.length, fixed);
    case "TreeRoots":
      return fixed + 12 * message.trees.length;
    case "TreeKeysReply":
    case "LeftoverCheck":
    case "LeftoverDrop":
      return message.states.reduce((sum, state) => sum + state.key.length + 16, fixed);
    default:
      return fixed;
  }
}

function roughSizeOf(changes: readonly Change[] | undefined): number {
  return changes?.reduce((sum, change) => sum + 64 + ("value" in change ? change.value.length : 0), 0) ?? 0;
}

function toFields(message: Message): unknown[] {
  switch (message.kind) {
    case "Hello":
      return [kinds.Hello, 0, message.version, message.features, message.role, message.identity, message.credential];
    case "Welcome": {
      const { version, features, node, ring, options } = message;
      return [kinds.Welcome, 0, version, features, node, encodeRingTable(ring), encodeClusterOptions(options)];
    }
    case "Get": {
      const { id, key, timeoutMs, options, head, details, resolve } = message;
      return [kinds.Get, id, key, timeoutMs, optionFields(options), head, details, resolve === true];
    }
    case "GetReply": {
      const { id, record: found, effective, answered, merged, mergeProblem } = message;
      return [kinds.GetReply, id, found, effective, answered, merged, mergeProblem];
    }
    case "Put": {
      const { id, op, key, value, context, timeoutMs, options, returnValue, details, changes, ageMs, settled } =
        message;
      const chosen = optionFields(options);
      const added = changes?.map(encodeChange);
      return [kinds.Put, id, op, key, value, context, timeoutMs, chosen, returnValue, details, ageMs, settled, added];
    }
    case "Settled":
      return [kinds.Settled, message.id, message.op, message.settled];
    case "Conflicts":
      return [kinds.Conflicts, message.id, message.bucket, message.key, message.from];
    case "ConflictsReply":
      return [kinds.ConflictsReply, message.id, message.entries, message.end];
    case "PutReply":
      return [kinds.PutReply, message.id, message.context, message.record, message.effective, message.answered];
    case "Status":
      return [kinds.Status, message.id, message.partitions === true];
    case "StatusReply":
      return [kinds.StatusReply, message.id, message.status];
    case "Failure": {
      const { id, code, message: text, outcome, retryable, details } = message;
      return [
        kinds.Failure,
        id,
        code,
        text,
        outcome,
        retryable,
        details.need,
        details.got,
        details.of,
        details.answered,
      ];
    }
    case "ReplicaPut":
      return [
        kinds.ReplicaPut,
        message.id,
        message.key,
        message.record,
        message.timeoutMs,
        message.early,
        message.standsFor,
      ];
    case "ReplicaPutReply":
      return [kinds.ReplicaPutReply, message.id, message.durable];
    case "ReplicaGet":
      return [kinds.ReplicaGet, message.id, message.key, message.have, message.timeoutMs, message.durable];
    case "ReplicaGetReply":
      return [kinds.ReplicaGetReply, message.id, answers.indexOf(message.answer), message.record];
    case "Ping":
      return [kinds.Ping, message.id, message.target, message.news.map(newsFields)];
    case "PingReply":
      return [kinds.PingReply, message.id, message.isAlive, message.news.map(newsFields)];
    case "TreeRoots":
      return [
        kinds.TreeRoots,
        message.id,
        message.trees.flatMap(({ partition, n }) => [partition, n]),
        message.digests,
        message.doubted,
      ];
    case "TreeRootsReply":
      return [kinds.TreeRootsReply, message.id, message.differing, message.notReady];
    case "TreeNodes":
      return [kinds.TreeNodes, message.id, treeFields(message.tree), message.branches, message.leaves];
    case "TreeNodesReply":
      return [kinds.TreeNodesReply, message.id, message.digests];
    case "TreeKeys":
      return [kinds.TreeKeys, message.id, treeFields(message.tree), message.leaves, message.after];
    case "TreeKeysReply":
      return [kinds.TreeKeysReply, message.id, message.states.map(stateFields), message.end];
    case "LeftoverCheck":
      return [kinds.LeftoverCheck, message.id, message.isSecond, message.states.map(stateFields)];
    case "LeftoverCheckReply":
      return [kinds.LeftoverCheckReply, message.id, message.agreed];
    case "LeftoverDrop":
      return [kinds.LeftoverDrop, message.id, message.states.map(stateFields)];
    case "LeftoverDropReply":
      return [kinds.LeftoverDropReply, message.id];
    case "Unknown":
      return [message.number, message.id];
  }
}

function fromFields(f: readonly unknown[]): Message {
  const number = natural(f[0], "kind");
  const id = natural(f[1], "id");
  switch (number) {
    case kinds.Hello:
      return {
        kind: "Hello",
        version: natural(f[2], "version"),
        features: texts(f[3], "features"),
        role: oneOf(f[4], ["client", "node"] as const, "role"),
        identity: bytes(f[5], 64, "identity"),
        credential: optional(f[6], (value) => text(value, "credential")),
      };
    case kinds.Welcome:
      return {
        kind: "Welcome",
        version: natural(f[2], "version"),
        features: texts(f[3], "features"),
        node: text(f[4], "node"),
        ring: checked(() => parseRingTable(f[5])),
        options: checked(() => decodeClusterOptions(f[6])),
      };
    case kinds.Get:
      return {
        kind: "Get",
        id,
        key: key(f[2]),
        timeoutMs: timeout(f[3]),
        options: optionsOf(f[4]),
        head: f[5] === true,
        details: f[6] === true,
        ...(f[7] === true && { resolve: true }),
      };
    case kinds.GetReply: {
      const merged = optional(f[5], (value) => bytes(value, limits.frameBytesMax, "merged"));
      const mergeProblem = optional(f[6], (value) => text(value, "merge problem"));
      return {
        kind: "GetReply",
        id,
        record: optional(f[2], record),
        effective: bytes(f[3], limits.frameBytesMax, "effective options"),
        answered: optional(f[4], (value) => texts(value, "answered")),
        ...(merged !== undefined && { merged }),
        ...(mergeProblem !== undefined && { mergeProblem }),
      };
    }
    case kinds.Put:
      return {
        kind: "Put",
        id,
        op: exactly(f[2], 14, "op"),
        key: key(f[3]),
        value: optional(f[4], (value) => bytes(value, limits.frameBytesMax, "value")),
        context: optional(f[5], (value) => bytes(value, limits.frameBytesMax, "context")),
        timeoutMs: timeout(f[6]),
        options: optionsOf(f[7]),
        returnValue: f[8] === true,
        details: f[9] === true,
        ageMs: optional(f[10], (value) => natural(value, "ageMs")) ?? 0,
        settled: optional(f[11], (value) => numbers(value, "settled")) ?? [],
        changes: optional(f[12], (value) => array(value, "changes").map(decodeChange)),
      };
    case kinds.Settled:
      return { kind: "Settled", id, op: exactly(f[2], 14, "op"), settled: numbers(f[3], "settled") };
    case kinds.Conflicts:
      return {
        kind: "Conflicts",
        id,
        bucket: text(f[2], "bucket"),
        key: optional(f[3], key),
        from: optional(f[4], (value) => bytes(value, conflictPlaceBytesMax, "from")),
      };
    case kinds.ConflictsReply:
      return {
        kind: "ConflictsReply",
        id,
        entries: array(f[2], "entries").map((entry) => bytes(entry, limits.frameBytesMax, "entry")),
        end: optional(f[3], (value) => bytes(value, conflictPlaceBytesMax, "end")),
      };
    case kinds.PutReply:
      return {
        kind: "PutReply",
        id,
        context: bytes(f[2], limits.frameBytesMax, "context"),
        record: optional(f[3], record),
        effective: bytes(f[4], limits.frameBytesMax, "effective options"),
        answered: optional(f[5], (value) => texts(value, "answered")),
      };
    case kinds.Status:
      return { kind: "Status", id, ...(f[2] === true && { partitions: true }) };
    case kinds.StatusReply:
      return { kind: "StatusReply", id, status: text(f[2], "status") };
    case kinds.Failure:
      return decodeFailure(id, f);
    case kinds.ReplicaPut:
      return {
        kind: "ReplicaPut",
        id,
        key: key(f[2]),
        record: record(f[3]),
        timeoutMs: timeout(f[4]),
        early: f[5] === true,
        standsFor: optional(f[6], (value) => text(value, "standsFor")),
      };
    case kinds.ReplicaPutReply:
      return { kind: "ReplicaPutReply", id, durable: f[2] === true };
    case kinds.ReplicaGet:
      return {
        kind: "ReplicaGet",
        id,
        key: key(f[2]),
        have: optional(f[3], (value) => exactly(value, digestBytes, "have")),
        timeoutMs: timeout(f[4]),
        durable: f[5] === true,
      };
    case kinds.ReplicaGetReply: {
      const answer = answers[natural(f[2], "answer")];
      if (answer === undefined) throw malformed("answer is none of those known");
      const found = answer === "record" ? record(f[3]) : undefined;
      return { kind: "ReplicaGetReply", id, answer, record: found };
    }
    case kinds.Ping:
      return { kind: "Ping", id, target: optional(f[2], (value) => text(value, "target")), news: news(f[3]) };
    case kinds.PingReply:
      return { kind: "PingReply", id, isAlive: f[2] === true, news: news(f[3]) };
    case kinds.TreeRoots: {
      const trees = treesOf(numbers(f[2], "trees"));
      return {
        kind: "TreeRoots",
        id,
        trees,
        digests: exactly(f[3], trees.length * digestBytes, "digests"),
        doubted: numbers(f[4], "doubted"),
      };
    }
    case kinds.TreeRootsReply:
      return {
        kind: "TreeRootsReply",
        id,
        differing: numbers(f[2], "differing trees"),
        notReady: numbers(f[3], "trees that are not ready"),
      };
    case kinds.TreeNodes:
      return {
        kind: "TreeNodes",
        id,
        tree: tree(f[2]),
        branches: optional(f[3], (value) => numbers(value, "branches")),
        leaves: optional(f[4], (value) => numbers(value, "leaves")),
      };
    case kinds.TreeNodesReply:
      return { kind: "TreeNodesReply", id, digests: bytes(f[2], limits.frameBytesMax, "digests") };
    case kinds.TreeKeys:
      return {
        kind: "TreeKeys",
        id,
        tree: tree(f[2]),
        leaves: optional(f[3], (value) => numbers(value, "leaves")),
        after: optional(f[4], key),
      };
    case kinds.TreeKeysReply:
      return { kind: "TreeKeysReply", id, states: keyStates(f[2]), end: optional(f[3], key) };
    case kinds.LeftoverCheck:
      return { kind: "LeftoverCheck", id, isSecond: f[2] === true, states: keyStates(f[3]) };
    case kinds.LeftoverCheckReply:
      return { kind: "LeftoverCheckReply", id, agreed: numbers(f[2], "agreed") };
    case kinds.LeftoverDrop:
      return { kind: "LeftoverDrop", id, states: keyStates(f[2]) };
    case kinds.LeftoverDropReply:
      return { kind: "LeftoverDropReply", id };
    default:
      return { kind: "Unknown", id, number };
  }
}

function newsFields({ node, state, incarnation, by }: MemberNews): unknown {
  return [node, memberStates.indexOf(state), incarnation, by];
}

function news(value: unknown): MemberNews[] {
  return array(value, "news").map((fields) => {
    const [node, state, incarnation, by] = array(fields, "a piece of news");
    const named = memberStates[natural(state, "state")];
    if (named === undefined) throw malformed("a member's state is none of those known");
    return {
      node: text(node, "node"),
      state: named,
      incarnation: natural(incarnation, "incarnation"),
      by: text(by, "by"),
    };
  });
}

function treeFields({ partition, n }: TreeName): unknown {
  return [partition, n];
}

/** Two numbers a tree, without an array around each: there are hundreds in a message that is sent time and again. */
function treesOf(fields: readonly number[]): TreeName[] {
  if (fields.length % 2 !== 0) throw malformed("half of a tree's name");
  return Array.from({ length: fields.length / 2 }, (_, at) => ({ partition: fields[2 * at]!, n: fields[2 * at + 1]! }));
}

function tree(value: unknown): TreeName {
  const [partition, n] = array(value, "a tree's name");
  return { partition: natural(partition, "partition"), n: natural(n, "n") };
}

function stateFields(state: KeyState): unknown {
  return [state.key, state.digest];
}

function keyStates(value: unknown): KeyState[] {
  return array(value, "states").map((fields) => {
    const [name, digest] = array(fields, "a key's state");
    return { key: key(name), digest: exactly(digest, digestBytes, "digest") };
  });
}

function decodeFailure(id: number, f: readonly unknown[]): Message {
  const need = optional(f[6], (value) => natural(value, "need"));
  const got = optional(f[7], (value) => natural(value, "got"));
  const of = optional(f[8], (value) => text(value, "of"));
  const answered = optional(f[9], (value) => texts(value, "answered"));
  return {
    kind: "Failure",
    id,
    code: errorCode(f[2]),
    message: text(f[3], "message"),
    outcome: oneOf(f[4], ["none", "unknown"] as const, "outcome"),
    retryable: f[5] === true,
    details: {
      ...(need !== undefined && { need }),
      ...(got !== undefined && { got }),
      ...(of !== undefined && { of }),
      ...(answered && { answered }),
    },
  };
}

function optionFields(options: RequestOptions | undefined): unknown {
  return options === undefined ? undefined : encodeOptions(options);
}

function optionsOf(value: unknown): RequestOptions | undefined {
  if (value === null || value === undefined) return undefined;
  const options = bytes(value, limits.frameBytesMax, "options");
  return checked(() => decodeOptions(options));
}

function encodeClusterOptions({ defaults, buckets }: ClusterOptions): unknown {
  return [encodeOptions(defaults), Object.entries(buckets).map(([name, options]) => [name, encodeOptions(options)])];
}

function decodeClusterOptions(value: unknown): ClusterOptions {
  const [defaults, buckets] = array(value, "cluster options");
  const named = array(buckets, "buckets").map((entry) => {
    const [name, options] = array(entry, "bucket");
    return [text(name, "bucket"), optionsOf(options) ?? {}] as const;
  });
  const options = { defaults: optionsOf(defaults) ?? {}, buckets: Object.fromEntries(named) };
  for (const one of [options.defaults, ...Object.values(options.buckets)]) checkOptions(one);
  return options;
}
