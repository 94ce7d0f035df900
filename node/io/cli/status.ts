/** `coterie status` */
import type { Command } from "commander";
import type { NodeReport } from "../../../client/index.ts";
import type { NodeStatus } from "../../status.ts";
import { withClient } from "./cluster-client.ts";
import { exitCodes } from "./failure.ts";
import { addConnectFlags, type ConnectFlags } from "./request-flags.ts";

const help = `
One line per node of the ring, whichever of them was asked: its links to the other nodes that are up, the partitions of which it is
the first owner, the requests that it coordinates now and has coordinated since it started, and its replica id, which only a
clean stop keeps. Exit code 1 if a node is down or a link between two nodes is.

Examples:
  coterie status
  coterie status --url ws://10.0.0.5:7401 --json | jq '.nodes[].status.counters'`;

export function addStatus(program: Command): void {
  const command = program.command("status").description("what every node of the cluster says of itself");
  addConnectFlags(command)
    .addHelpText("after", help)
    .action((flags: ConnectFlags) => status(flags));
}

async function status(flags: ConnectFlags): Promise<void> {
  const reports = await withClient(flags, (client) => client.status());
  if (!reports.every(isWhole)) process.exitCode = exitCodes.failed;
  process.stdout.write(flags.json === true ? `${JSON.stringify({ nodes: reports })}\n` : table(reports));
}

/** Up, and linked to every other node. */
export function isWhole(report: NodeReport): boolean {
  return "status" in report && Object.values(statusOf(report).links ?? {}).every((link) => link === "up");
}

/** A newer node may say less than ours or other things: what is not there is left out. */
function statusOf(report: NodeReport & { readonly status: unknown }): Partial<NodeStatus> {
  return typeof report.status === "object" && report.status !== null ? report.status : {};
}

function table(reports: readonly NodeReport[]): string {
  const head = ["node", "url", "state", "links", "partitions", "open", "gets", "puts", "replica id"];
  const rows = [head, ...reports.map(row)];
  const widths = head.map((_, at) => Math.max(...rows.map((cells) => cells[at]?.length ?? 0)));
  const lines = rows.map((cells) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join("  ")
      .trimEnd(),
  );
  const problems = reports.flatMap((report) =>
    "problem" in report ? [`${report.node} is down: ${report.problem}`] : [],
  );
  return `${[...lines, ...problems].join("\n")}\n`;
}

function row(report: NodeReport): readonly string[] {
  if (!("status" in report)) return [report.node, report.url, "down"];
  const { links = {}, ring, openRequests, counters, replicaId } = statusOf(report);
  const up = Object.values(links).filter((link) => link === "up").length;
  const numbers = [ring?.owned, openRequests, counters?.gets, counters?.puts].map((count) => `${count ?? "?"}`);
  return [report.node, report.url, "up", `${up}/${Object.keys(links).length}`, ...numbers, replicaId ?? "?"];
}
