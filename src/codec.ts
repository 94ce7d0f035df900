/**
 * The wire: a frame is one MessagePack array of messages behind its checksum (frame.ts), a message an array that begins with its
 * kind's number and its id (message-head.ts). The fields of each kind stand in the files that are imported here, as they are
 * written and as they are read, one below the other.
 * Foreign bytes become messages here and nowhere else, in one pass. Shapes are checked here, what they hold where it is used:
 * options by `settleOptions`, keys by `checkKey`, contexts by `decodeToken`, records by `openRecord`.
 *
 * - Fields are told by their place; further ones at the end are ignored, so that a newer sender may add some. Reading is done in the
 *   order of the properties in an object literal: who puts them in another order changes the wire.
 * - A kind that is not known comes out as `Unknown`; anything malformed condemns the frame, and with it the link.
 */
import type { Change } from "./crdt/change.ts";
import { malformed, readWhole, type FieldReader } from "./fields.ts";
import { checksumBytes, openFrame, sealFrame } from "./frame.ts";
import { readHello, readWelcome, writeHello, writeWelcome } from "./greeting-codec.ts";
import { limits } from "./limits.ts";
import { kinds, writeHead } from "./message-head.ts";
import type { Message } from "./messages.ts";
import { PackWriter } from "./pack-writer.ts";
import {
  readLeftoverCheck,
  readLeftoverCheckReply,
  readLeftoverDrop,
  readTreeKeys,
  readTreeKeysReply,
  readTreeNodes,
  readTreeNodesReply,
  readTreeRoots,
  readTreeRootsReply,
  writeLeftoverCheck,
  writeLeftoverCheckReply,
  writeLeftoverDrop,
  writeLeftoverDropReply,
  writeTreeKeys,
  writeTreeKeysReply,
  writeTreeNodes,
  writeTreeNodesReply,
  writeTreeRoots,
  writeTreeRootsReply,
} from "./repair-codec.ts";
import {
  readPing,
  readPingReply,
  readReplicaGet,
  readReplicaGetReply,
  readReplicaPut,
  readReplicaPutReply,
  writePing,
  writePingReply,
  writeReplicaGet,
  writeReplicaGetReply,
  writeReplicaPut,
  writeReplicaPutReply,
} from "./replica-codec.ts";
import {
  readConflicts,
  readConflictsReply,
  readFailure,
  readGet,
  readGetReply,
  readPut,
  readPutReply,
  readSettled,
  readStatus,
  readStatusReply,
  writeConflicts,
  writeConflictsReply,
  writeFailure,
  writeGet,
  writeGetReply,
  writePut,
  writePutReply,
  writeSettled,
  writeStatus,
  writeStatusReply,
} from "./request-codec.ts";

const writer = new PackWriter();

export function encodeFrame(messages: readonly Message[]): Uint8Array {
  writer.begin(checksumBytes);
  writer.list(messages, writeMessage);
  return sealFrame(writer.take());
}

/** @throws PROTOCOL with a reason */
export function decodeFrame(bytes: Uint8Array): Message[] {
  const messages = readWhole(openFrame(bytes), readMessages);
  if (messages.length > limits.frameMessagesMax)
    throw malformed(`${messages.length} messages, the limit is ${limits.frameMessagesMax}`);
  return messages;
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

function writeMessage(writer: PackWriter, message: Message): void {
  switch (message.kind) {
    case "Get":
      return writeGet(writer, message);
    case "GetReply":
      return writeGetReply(writer, message);
    case "Put":
      return writePut(writer, message);
    case "PutReply":
      return writePutReply(writer, message);
    case "ReplicaPut":
      return writeReplicaPut(writer, message);
    case "ReplicaPutReply":
      return writeReplicaPutReply(writer, message);
    case "ReplicaGet":
      return writeReplicaGet(writer, message);
    case "ReplicaGetReply":
      return writeReplicaGetReply(writer, message);
    case "Ping":
      return writePing(writer, message);
    case "PingReply":
      return writePingReply(writer, message);
    case "Settled":
      return writeSettled(writer, message);
    case "Status":
      return writeStatus(writer, message);
    case "StatusReply":
      return writeStatusReply(writer, message);
    case "Conflicts":
      return writeConflicts(writer, message);
    case "ConflictsReply":
      return writeConflictsReply(writer, message);
    case "Failure":
      return writeFailure(writer, message);
    case "TreeRoots":
      return writeTreeRoots(writer, message);
    case "TreeRootsReply":
      return writeTreeRootsReply(writer, message);
    case "TreeNodes":
      return writeTreeNodes(writer, message);
    case "TreeNodesReply":
      return writeTreeNodesReply(writer, message);
    case "TreeKeys":
      return writeTreeKeys(writer, message);
    case "TreeKeysReply":
      return writeTreeKeysReply(writer, message);
    case "LeftoverCheck":
      return writeLeftoverCheck(writer, message);
    case "LeftoverCheckReply":
      return writeLeftoverCheckReply(writer, message);
    case "LeftoverDrop":
      return writeLeftoverDrop(writer, message);
    case "LeftoverDropReply":
      return writeLeftoverDropReply(writer, message);
    case "Hello":
      return writeHello(writer, message);
    case "Welcome":
      return writeWelcome(writer, message);
    case "Unknown":
      return writeHead(writer, message.number, message.id, 0);
  }
}

function readMessages(reader: FieldReader): Message[] {
  return reader.list("a frame", readMessage);
}

function readMessage(reader: FieldReader): Message {
  return reader.tuple("a message", readFields);
}

function readFields(reader: FieldReader): Message {
  const number = reader.natural("kind");
  const id = reader.natural("id");
  switch (number) {
    case kinds.Get:
      return readGet(reader, id);
    case kinds.GetReply:
      return readGetReply(reader, id);
    case kinds.Put:
      return readPut(reader, id);
    case kinds.PutReply:
      return readPutReply(reader, id);
    case kinds.ReplicaPut:
      return readReplicaPut(reader, id);
    case kinds.ReplicaPutReply:
      return readReplicaPutReply(reader, id);
    case kinds.ReplicaGet:
      return readReplicaGet(reader, id);
    case kinds.ReplicaGetReply:
      return readReplicaGetReply(reader, id);
    case kinds.Ping:
      return readPing(reader, id);
    case kinds.PingReply:
      return readPingReply(reader, id);
    case kinds.Settled:
      return readSettled(reader, id);
    case kinds.Status:
      return readStatus(reader, id);
    case kinds.StatusReply:
      return readStatusReply(reader, id);
    case kinds.Conflicts:
      return readConflicts(reader, id);
    case kinds.ConflictsReply:
      return readConflictsReply(reader, id);
    case kinds.Failure:
      return readFailure(reader, id);
    case kinds.TreeRoots:
      return readTreeRoots(reader, id);
    case kinds.TreeRootsReply:
      return readTreeRootsReply(reader, id);
    case kinds.TreeNodes:
      return readTreeNodes(reader, id);
    case kinds.TreeNodesReply:
      return readTreeNodesReply(reader, id);
    case kinds.TreeKeys:
      return readTreeKeys(reader, id);
    case kinds.TreeKeysReply:
      return readTreeKeysReply(reader, id);
    case kinds.LeftoverCheck:
      return readLeftoverCheck(reader, id);
    case kinds.LeftoverCheckReply:
      return readLeftoverCheckReply(reader, id);
    case kinds.LeftoverDrop:
      return readLeftoverDrop(reader, id);
    case kinds.LeftoverDropReply:
      return { kind: "LeftoverDropReply", id };
    case kinds.Hello:
      return readHello(reader);
    case kinds.Welcome:
      return readWelcome(reader);
    default:
      return { kind: "Unknown", id, number };
  }
}
