/** What `coterie status` prints: a line per node, why something is wrong, and then what the nodes say, part by part. */
import type { NodeReport } from "../../../client/index.ts";
import type { NodeId } from "../../../src/ring.ts";
import { fieldsOf } from "./field-tables.ts";
import {
  counterLines,
  hintLines,
  memberLines,
  otherBlocks,
  partitionLines,
  saidBy,
  viewOf,
  type Said,
} from "./status-sections.ts";
import { layOut } from "./table.ts";
import { showDuration } from "./units.ts";

export interface ReportOptions {
  /** How long each node was waited for. */
  readonly timeoutMs: number;
  /** The moment at which it is shown. */
  readonly wallMs: number;
  /** Who holds each partition, if that is to be shown. */
  readonly partitions?: readonly (readonly NodeId[])[] | undefined;
}

/** Up, linked to every other node, and able to write. */
export function isWhole(report: NodeReport): boolean {
  if (!("status" in report)) return false;
  const { links, disk } = fieldsOf(report.status);
  return disk !== "full" && Object.values(fieldsOf(links)).every((link) => link === "up");
}

export function reportText(reports: readonly NodeReport[], options: ReportOptions): string {
  const said = saidBy(reports);
  const blocks = [
    [...table(reports), ...nodeProblems(reports, options.timeoutMs), ...linkProblems(reports, said)],
    memberLines(said),
    hintLines(said),
    ...otherBlocks(said, options.wallMs),
    counterLines(said),
    options.partitions === undefined ? [] : partitionLines(said, options.partitions),
  ];
  const texts = blocks.filter((lines) => lines.length > 0).map((lines) => `${lines.join("\n")}\n`);
  return texts.join("\n");
}

function table(reports: readonly NodeReport[]): readonly string[] {
  const head = ["node", "url", "state", "links", "partitions", "open", "gets", "puts", "replica id"];
  return layOut([head, ...reports.map(row)]);
}

/** A newer node may say less than ours or other things: what is not there is left out. */
function row(report: NodeReport): readonly string[] {
  if (!("status" in report)) return [report.node, report.url, "down"];
  const status = fieldsOf(report.status);
  const links = Object.values(fieldsOf(status.links));
  const up = links.filter((link) => link === "up").length;
  const { gets, puts } = fieldsOf(status.counters);
  const cells = [fieldsOf(status.ring).owned, status.openRequests, gets, puts, status.replicaId];
  return [
    report.node,
    report.url,
    stateOf(status),
    `${up}/${links.length}`,
    ...cells.map((cell) => (typeof cell === "number" || typeof cell === "string" ? `${cell}` : "?")),
  ];
}

function stateOf({ disk, overloaded }: Readonly<Record<string, unknown>>): string {
  const troubles = [...(disk === "full" ? ["disk full"] : []), ...(overloaded === true ? ["overloaded"] : [])];
  return ["up", ...troubles].join(", ");
}

function nodeProblems(reports: readonly NodeReport[], timeoutMs: number): readonly string[] {
  return reports.flatMap((report) =>
    "problem" in report ? [`${report.node} is down: ${reasonOf(report.url, report.problem, timeoutMs)}`] : [],
  );
}

/** A socket's problem in words: its address stands in the table already. */
export function reasonOf(url: string, problem: string, timeoutMs: number): string {
  if (problem === `${url} does not answer`) return `no answer within ${showDuration(timeoutMs)}`;
  const bare = problem.startsWith(`${url}: `) ? problem.slice(url.length + 2) : problem;
  const [code = ""] = /\bE[A-Z]{4,}\b/.exec(bare) ?? [];
  return reasons[code] === undefined ? bare : `${reasons[code]} (${code})`;
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refused, nothing listens there",
  ECONNRESET: "it has hung up",
  EHOSTUNREACH: "no way to its machine",
  ENETUNREACH: "no way to its network",
  ENOTFOUND: "its machine's name is unknown",
  ETIMEDOUT: "its machine does not answer",
};

/** Links between nodes that both say something of it, each with the reason that is nearest to the truth. */
function linkProblems(reports: readonly NodeReport[], all: readonly Said[]): readonly string[] {
  return all.flatMap((said) =>
    Object.entries(fieldsOf(said.status.links)).flatMap(([other, link]) =>
      link === "up" || isDown(reports, other) ? [] : [`${said.node} has no link to ${other}: ${whyOf(said, other)}`],
    ),
  );
}

/** Then it has been said already. */
function isDown(reports: readonly NodeReport[], node: NodeId): boolean {
  return reports.some((report) => report.node === node && "problem" in report);
}

function whyOf(said: Said, other: NodeId): string {
  const view = viewOf(said, other);
  if (view !== undefined && view.state !== "alive" && view.why !== "") return `it is ${view.state}, ${view.why}`;
  return "both answer here, so look at the network between them, and whether they have the same members and cluster secret";
}
