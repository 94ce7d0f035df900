/** The parts of `coterie status` below its table, as blocks of lines. Each shows what the nodes say of it, and none if they say nothing. */
import type { NodeReport } from "../../../client/index.ts";
import type { NodeId } from "../../../src/ring.ts";
import { fieldsOf, fieldTables, isFields, type Fields } from "./field-tables.ts";
import { layOut } from "./table.ts";
import { showField, showName } from "./units.ts";

/** What one node has said. */
export interface Said {
  readonly node: NodeId;
  readonly status: Fields;
}

/** A member as another one sees it. */
interface View {
  readonly by: NodeId;
  readonly member: string;
  readonly state: string;
  readonly fields: Fields;
}

/** What has a part or a column of its own. */
const known = new Set(["node", "replicaId", "ring", "links", "openRequests", "counters", "members", "hints"]);
/** Counters that are shown elsewhere, under a name of their own. */
const countersOfTables = new Set(["gets", "puts", "antiEntropyBytes"]);

export function saidBy(reports: readonly NodeReport[]): readonly Said[] {
  return reports.flatMap((report) =>
    "status" in report ? [{ node: report.node, status: fieldsOf(report.status) }] : [],
  );
}

export function memberLines(all: readonly Said[]): readonly string[] {
  const views = all.flatMap(viewsOf);
  if (views.length === 0) return [];
  const doubted = views.filter(({ state }) => state !== "alive");
  if (doubted.length === 0) return ["members: all alive, as every node that answers sees them"];
  const rows = doubted.map(({ by, member, state, fields }) => [
    member,
    state,
    by,
    showField("incarnation", fields.incarnation, 0),
    showField("why", fields.why, 0),
  ]);
  return ["members that are not alive", ...layOut([["member", "state", "as seen by", "incarnation", "why"], ...rows])];
}

/** What a node says of another member; undefined if it says nothing. */
export function viewOf(said: Said, member: NodeId): { readonly state: string; readonly why: string } | undefined {
  const view = viewsOf(said).find((one) => one.member === member);
  return view && { state: view.state, why: textOf(view.fields.why) };
}

function viewsOf({ node, status }: Said): readonly View[] {
  return Object.entries(fieldsOf(status.members)).map(([key, value]) => {
    const fields = fieldsOf(value);
    return { by: node, member: textOf(fields.node) || key, state: textOf(fields.state) || "?", fields };
  });
}

export function hintLines(all: readonly Said[]): readonly string[] {
  const holders = all.flatMap(({ node, status }) => (isFields(status.hints) ? [{ node, hints: status.hints }] : []));
  if (holders.length === 0) return [];
  const rows = holders.flatMap(({ node, hints }) =>
    Object.entries(fieldsOf(hints.targets)).map(([target, value]) => {
      const fields = fieldsOf(value);
      return [node, target, ...["count", "bytes", "oldestAgeMs"].map((name) => showField(name, fields[name], 0))];
    }),
  );
  return [
    ...(rows.length === 0
      ? ["hints: none waiting"]
      : ["hints waiting", ...layOut([["at", "for", "hints", "size", "oldest"], ...rows])]),
    ...sumLine("handed over since the start", holders, "delivered"),
    ...sumLine("dropped, and left to anti-entropy", holders, "dropped"),
  ];
}

function sumLine(
  words: string,
  holders: readonly { readonly node: NodeId; readonly hints: Fields }[],
  name: string,
): readonly string[] {
  const counts = holders.flatMap(({ node, hints }) => {
    const count = hints[name];
    return typeof count === "number" && count > 0 ? [`${count} at ${node}`] : [];
  });
  return counts.length === 0 ? [] : [`${words}: ${counts.join(", ")}`];
}

/** What else the nodes say in objects: a block for each. */
export function otherBlocks(all: readonly Said[], wallMs: number): readonly (readonly string[])[] {
  const names = [...new Set(all.flatMap(({ status }) => Object.keys(status)))].filter((name) => !known.has(name));
  return names.map((name) => {
    const rows = all.flatMap(({ node, status }) =>
      isFields(status[name]) ? [{ labels: [node], fields: status[name] }] : [],
    );
    return fieldTables(showName(name), rows, wallMs);
  });
}

/** What has happened since each node started: a row for each counter that is not nought everywhere and in no other part. */
export function counterLines(all: readonly Said[]): readonly string[] {
  const counters = all.map(({ status }) => fieldsOf(status.counters));
  const elsewhere = new Set([...countersOfTables, ...all.flatMap(({ status }) => namesInParts(status))]);
  const names = [...new Set(counters.flatMap((one) => Object.keys(one)))].filter(
    (name) => !elsewhere.has(name) && counters.some((one) => typeof one[name] === "number" && one[name] !== 0),
  );
  if (names.length === 0) return [];
  const rows = names.map((name) => [showName(name), ...counters.map((one) => showField(name, one[name] ?? 0, 0))]);
  return layOut([["since the start", ...all.map(({ node }) => node)], ...rows]);
}

function namesInParts(status: Fields): readonly string[] {
  const parts = Object.entries(status).filter(([name]) => name !== "counters");
  return parts.flatMap(([, part]) => Object.keys(fieldsOf(part)));
}

/** Who holds each partition, how many of those answer, and where it has still to be read or compared, if the nodes say that. */
export function partitionLines(all: readonly Said[], partitions: readonly (readonly NodeId[])[]): readonly string[] {
  const told = new Map(all.map(({ node, status }) => [node, partitionsOf(status)]));
  const rows = partitions.map((nodes, at) => {
    const without = (name: string): string =>
      nodes.filter((node) => told.get(node)?.get(at)?.[name] === false).join(" ");
    const up = nodes.filter((node) => told.has(node)).length;
    return [`${at}`, nodes.join(" "), `${up}/${nodes.length}`, without("isReady"), without("isFresh")];
  });
  return layOut([["partition", "nodes", "up", "being read at", "to be compared at"], ...rows]);
}

function partitionsOf({ partitions }: Fields): ReadonlyMap<unknown, Fields> {
  const list: readonly unknown[] = Array.isArray(partitions) ? partitions : [];
  return new Map(list.map((one) => [fieldsOf(one).partition, fieldsOf(one)]));
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
