/** What nodes say when they compare what they hold, as bytes. Fields are read in the order in which they were written. */
import { malformed, type FieldReader } from "./fields.ts";
import { kinds, writeHead } from "./message-head.ts";
import type {
  KeyState,
  LeftoverCheck,
  LeftoverCheckReply,
  LeftoverDrop,
  LeftoverDropReply,
  TreeKeys,
  TreeKeysReply,
  TreeName,
  TreeNodes,
  TreeNodesReply,
  TreeRoots,
  TreeRootsReply,
} from "./messages.ts";
import type { PackWriter } from "./pack-writer.ts";
import { digestBytes } from "./record.ts";

export function writeTreeRoots(writer: PackWriter, { id, trees, digests, doubted }: TreeRoots): void {
  writeHead(writer, kinds.TreeRoots, id, 3);
  writeTrees(writer, trees);
  writer.bytes(digests);
  writer.numbers(doubted);
}

export function readTreeRoots(reader: FieldReader, id: number): TreeRoots {
  const trees = readTrees(reader);
  return {
    kind: "TreeRoots",
    id,
    trees,
    digests: reader.exactly(trees.length * digestBytes, "digests"),
    doubted: reader.naturals("doubted"),
  };
}

export function writeTreeRootsReply(writer: PackWriter, { id, differing, notReady }: TreeRootsReply): void {
  writeHead(writer, kinds.TreeRootsReply, id, 2);
  writer.numbers(differing);
  writer.numbers(notReady);
}

export function readTreeRootsReply(reader: FieldReader, id: number): TreeRootsReply {
  return {
    kind: "TreeRootsReply",
    id,
    differing: reader.naturals("differing trees"),
    notReady: reader.naturals("trees that are not ready"),
  };
}

export function writeTreeNodes(writer: PackWriter, { id, tree, branches, leaves }: TreeNodes): void {
  writeHead(writer, kinds.TreeNodes, id, 3);
  writeTree(writer, tree);
  writer.numbers(branches);
  writer.numbers(leaves);
}

export function readTreeNodes(reader: FieldReader, id: number): TreeNodes {
  return {
    kind: "TreeNodes",
    id,
    tree: readTree(reader),
    branches: reader.optionalNaturals("branches"),
    leaves: reader.optionalNaturals("leaves"),
  };
}

export function writeTreeNodesReply(writer: PackWriter, { id, digests }: TreeNodesReply): void {
  writeHead(writer, kinds.TreeNodesReply, id, 1);
  writer.bytes(digests);
}

export function readTreeNodesReply(reader: FieldReader, id: number): TreeNodesReply {
  return { kind: "TreeNodesReply", id, digests: reader.bytes("digests") };
}

export function writeTreeKeys(writer: PackWriter, { id, tree, leaves, after }: TreeKeys): void {
  writeHead(writer, kinds.TreeKeys, id, 3);
  writeTree(writer, tree);
  writer.numbers(leaves);
  writer.bytes(after);
}

export function readTreeKeys(reader: FieldReader, id: number): TreeKeys {
  return {
    kind: "TreeKeys",
    id,
    tree: readTree(reader),
    leaves: reader.optionalNaturals("leaves"),
    after: reader.optionalBytes("key"),
  };
}

export function writeTreeKeysReply(writer: PackWriter, { id, states, end }: TreeKeysReply): void {
  writeHead(writer, kinds.TreeKeysReply, id, 2);
  writer.list(states, writeState);
  writer.bytes(end);
}

export function readTreeKeysReply(reader: FieldReader, id: number): TreeKeysReply {
  return { kind: "TreeKeysReply", id, states: readStates(reader), end: reader.optionalBytes("key") };
}

export function writeLeftoverCheck(writer: PackWriter, { id, isSecond, states }: LeftoverCheck): void {
  writeHead(writer, kinds.LeftoverCheck, id, 2);
  writer.boolean(isSecond);
  writer.list(states, writeState);
}

export function readLeftoverCheck(reader: FieldReader, id: number): LeftoverCheck {
  return { kind: "LeftoverCheck", id, isSecond: reader.boolean(), states: readStates(reader) };
}

export function writeLeftoverCheckReply(writer: PackWriter, { id, agreed }: LeftoverCheckReply): void {
  writeHead(writer, kinds.LeftoverCheckReply, id, 1);
  writer.numbers(agreed);
}

export function readLeftoverCheckReply(reader: FieldReader, id: number): LeftoverCheckReply {
  return { kind: "LeftoverCheckReply", id, agreed: reader.naturals("agreed") };
}

export function writeLeftoverDrop(writer: PackWriter, { id, states }: LeftoverDrop): void {
  writeHead(writer, kinds.LeftoverDrop, id, 1);
  writer.list(states, writeState);
}

export function readLeftoverDrop(reader: FieldReader, id: number): LeftoverDrop {
  return { kind: "LeftoverDrop", id, states: readStates(reader) };
}

export function writeLeftoverDropReply(writer: PackWriter, { id }: LeftoverDropReply): void {
  writeHead(writer, kinds.LeftoverDropReply, id, 0);
}

/** Two numbers a tree, without an array around each: there are hundreds in a message that is sent time and again. */
function writeTrees(writer: PackWriter, trees: readonly TreeName[]): void {
  writer.array(2 * trees.length);
  for (const { partition, n } of trees) {
    writer.number(partition);
    writer.number(n);
  }
}

function readTrees(reader: FieldReader): TreeName[] {
  const fields = reader.naturals("trees");
  if (fields.length % 2 !== 0) throw malformed("half of a tree's name");
  return Array.from({ length: fields.length / 2 }, (_, at) => ({ partition: fields[2 * at]!, n: fields[2 * at + 1]! }));
}

function writeTree(writer: PackWriter, { partition, n }: TreeName): void {
  writer.array(2);
  writer.number(partition);
  writer.number(n);
}

function readTree(reader: FieldReader): TreeName {
  return reader.tuple("a tree's name", () => ({ partition: reader.natural("partition"), n: reader.natural("n") }));
}

function writeState(writer: PackWriter, { key, digest }: KeyState): void {
  writer.array(2);
  writer.bytes(key);
  writer.bytes(digest);
}

function readStates(reader: FieldReader): KeyState[] {
  return reader.list("states", readState);
}

function readState(reader: FieldReader): KeyState {
  return reader.tuple("a key's state", () => ({
    key: reader.bytes("key"),
    digest: reader.exactly(digestBytes, "digest"),
  }));
}
