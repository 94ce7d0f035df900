/** `coterie status` */
import { setTimeout } from "node:timers/promises";
import { InvalidArgumentError, type Command } from "commander";
import type { Client, NodeReport } from "../../../client/index.ts";
import { withClient } from "./cluster-client.ts";
import { exitCodes } from "./failure.ts";
import { addConnectFlags, type ConnectFlags } from "./request-flags.ts";
import { isWhole, reportText } from "./status-report.ts";
import { stopSignal } from "./stop-signal.ts";
import { fitRows } from "./table.ts";
import { showDuration } from "./units.ts";

interface StatusFlags extends ConnectFlags {
  readonly partitions?: boolean;
  readonly watch?: number | true;
}

/** A node that works says what it is in milliseconds. */
const answerMs = 1000;
const watchSecondsDefault = 2;
const clearScreen = "\u001b[H\u001b[2J";

const help = `
One line per node of the ring, whichever of them was asked: its links to the
other nodes that are up, the partitions of which it is the first owner, the
requests that it coordinates now and has coordinated since it started, and its
replica id, which only a clean stop keeps. Below it stands what is wrong and
why, which members are not alive, which hints wait for whom, and how repair and
anti-entropy go on. Exit code 1 if a node is down, a link between two nodes is,
or a disk is full.

--watch asks again every so many seconds, until Ctrl-C ends it with exit code
0. A terminal is drawn anew each time; into a pipe go blocks of text, or with
--json one object per line.

Examples:
  coterie status
  coterie status --watch 5
  coterie status --partitions
  coterie status --url 10.0.0.5:7401 --json | jq '.nodes[].status.counters'`;

export function addStatus(program: Command): void {
  const command = program
    .command("status")
    .description("what every node of the cluster says of itself")
    .option("--partitions", "show who holds each partition, too")
    .option("--watch [seconds]", `ask again and again (default: every ${watchSecondsDefault})`, parseSeconds);
  addConnectFlags(command)
    .addHelpText("after", help)
    .action((flags: StatusFlags) => (flags.watch === undefined ? once(flags) : watch(flags)));
}

async function once(flags: StatusFlags): Promise<void> {
  await withClient(flags, async (client) => {
    const reports = await ask(client, flags);
    if (!reports.every(isWhole)) process.exitCode = exitCodes.failed;
    process.stdout.write(
      flags.json === true ? `${JSON.stringify(objectOf(client, reports, flags))}\n` : textOf(client, reports, flags),
    );
  });
}

async function watch(flags: StatusFlags): Promise<void> {
  const seconds = typeof flags.watch === "number" ? flags.watch : watchSecondsDefault;
  const end = new AbortController();
  const stop = stopSignal();
  void stop.then(() => end.abort());
  await withClient(flags, async (client) => {
    for (let isFirst = true; !end.signal.aborted; isFirst = false) {
      const reports = await Promise.race([ask(client, flags), stop]);
      if (reports === undefined) return;
      process.stdout.write(frameOf(client, reports, flags, { seconds, isFirst }));
      await setTimeout(seconds * 1000, undefined, { signal: end.signal }).catch(() => undefined);
    }
  });
}

function frameOf(
  client: Client,
  reports: readonly NodeReport[],
  flags: StatusFlags,
  { seconds, isFirst }: { readonly seconds: number; readonly isFirst: boolean },
): string {
  const at = new Date().toISOString();
  if (flags.json === true) return `${JSON.stringify({ at, ...objectOf(client, reports, flags) })}\n`;
  const text = textOf(client, reports, flags);
  if (process.stdout.isTTY) {
    const { rows, columns } = process.stdout;
    const frame = `${at}, every ${showDuration(seconds * 1000)}; Ctrl-C ends it\n\n${text}`;
    return `${clearScreen}${fitRows(frame, rows, columns)}`;
  }
  return `${isFirst ? "" : "\n"}${at}\n${text}`;
}

function ask(client: Client, { partitions }: StatusFlags): Promise<readonly NodeReport[]> {
  return client.status({ timeoutMs: answerMs, partitions });
}

function objectOf(client: Client, nodes: readonly NodeReport[], flags: StatusFlags): object {
  return { nodes, ...(flags.partitions === true && { partitions: client.partitions() }) };
}

function textOf(client: Client, reports: readonly NodeReport[], flags: StatusFlags): string {
  const partitions = flags.partitions === true ? client.partitions() : undefined;
  return reportText(reports, { timeoutMs: answerMs, wallMs: Date.now(), partitions });
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && seconds >= 0.1 && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError("It is a number of seconds from 0.1 to 86400.");
}
