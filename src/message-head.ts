/** What every message begins with: the number of its kind, and its id. */
import type { PackWriter } from "./pack-writer.ts";

/** One number per kind, for ever: a retired kind leaves a gap. */
export const kinds = {
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

/** @param fields how many are written behind the head */
export function writeHead(writer: PackWriter, kind: number, id: number, fields: number): void {
  writer.array(2 + fields);
  writer.number(kind);
  writer.number(id);
}
