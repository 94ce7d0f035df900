/**
 * The wire, written down a second time: the fields of each message as an array, for msgpackr to pack. What `src/codec.ts` writes must be
 * the same bytes.
 */
import { ByteWriter } from "../../src/bytes.ts";
import { writeContext, type CausalContext } from "../../src/causal-context.ts";
import type { Change } from "../../src/crdt/change.ts";
import { encodeMarks } from "../../src/crdt/counter.ts";
import type { KeyState, MemberNews, Message, TreeName } from "../../src/messages.ts";
import { encodeOptions } from "../../src/option-codec.ts";
import type { ClusterOptions, RequestOptions } from "../../src/options.ts";
import { encodeRingTable } from "../../src/ring.ts";

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

const answers = ["same", "record", "absent", "missing", "fresh"];
const states = ["alive", "suspect", "dead"];

export function fieldsOf(message: Message): unknown[] {
  switch (message.kind) {
    case "Hello":
      return [kinds.Hello, 0, message.version, message.features, message.role, message.identity, message.credential];
    case "Welcome": {
      const { version, features, node, ring, options } = message;
      return [kinds.Welcome, 0, version, features, node, encodeRingTable(ring), clusterFields(options)];
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
      const added = changes?.map(changeFields);
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

function changeFields(change: Change): unknown[] {
  switch (change.kind) {
    case "write":
      return [0, change.path, contextBytes(change.observed), change.value];
    case "drop":
      return [1, change.path, contextBytes(change.observed)];
    case "increment":
      return [2, change.path, change.amount];
    case "reset":
      return [3, change.path, encodeMarks(change.marks)];
  }
}

function contextBytes(context: CausalContext): Uint8Array {
  const writer = new ByteWriter();
  writeContext(writer, context);
  return writer.take();
}

function newsFields({ node, state, incarnation, by }: MemberNews): unknown {
  return [node, states.indexOf(state), incarnation, by];
}

function treeFields({ partition, n }: TreeName): unknown {
  return [partition, n];
}

function stateFields({ key, digest }: KeyState): unknown {
  return [key, digest];
}

function optionFields(options: RequestOptions | undefined): unknown {
  return options === undefined ? undefined : encodeOptions(options);
}

function clusterFields({ defaults, buckets }: ClusterOptions): unknown {
  return [encodeOptions(defaults), Object.entries(buckets).map(([name, options]) => [name, encodeOptions(options)])];
}
