/** `coterie conflicts` */
import type { Command } from "commander";
import type { Conflicts, LostValue } from "../../../client/index.ts";
import { withClient } from "./cluster-client.ts";
import { exitCodes } from "./failure.ts";
import { addConnectFlags, wholeFrom, type ConnectFlags } from "./request-flags.ts";
import { layOut } from "./table.ts";
import { toJson } from "./value.ts";

interface ConflictsFlags extends ConnectFlags {
  readonly bucket: string;
  readonly key?: string;
  readonly limit?: number;
}

const limitMost = 10_000;
const valueShownMax = 60;

const help = `
Where two writers set the same register, or put under lww, without knowing of
each other, all readers see the later value. What they do not see is listed
here, for a day unless the nodes' tuning says otherwise: when it was noted,
where it stood, what was lost, and which write won. Other values lose nothing:
they stay side by side as siblings.

All nodes are asked. Exit code 1 if one of them did not answer: what only that
one has noted is missing.

Examples:
  coterie conflicts --bucket tasks
  coterie conflicts --bucket tasks --key task-7 --limit 10
  coterie conflicts --bucket tasks --json | jq '.conflicts[].value'`;

export function addConflicts(program: Command): void {
  const command = program
    .command("conflicts")
    .description("values that last-write-wins has left out")
    .option("--bucket <name>", "bucket of the keys", "default")
    .option("--key <key>", "of this key alone")
    .option("--limit <count>", "at most so many, the latest (default: 100)", wholeFrom(1, limitMost));
  addConnectFlags(command)
    .addHelpText("after", help)
    .action((flags: ConflictsFlags) => list(flags));
}

async function list(flags: ConflictsFlags): Promise<void> {
  const { bucket, key, limit } = flags;
  const listed = await withClient(flags, (client) => client.bucket(bucket).conflicts({ key, limit }));
  if (listed.silent.length > 0) process.exitCode = exitCodes.failed;
  if (flags.json === true) return void process.stdout.write(`${toJson({ bucket, ...listed })}\n`);
  for (const { node, problem } of listed.silent) process.stderr.write(`${node} did not answer: ${problem}\n`);
  process.stdout.write(textOf(listed));
}

function textOf({ conflicts, more }: Conflicts): string {
  if (conflicts.length === 0) return "nothing was left out\n";
  const head = ["noted", "key", "field", "lost value", "written", "lost to", "written"];
  const lines = layOut([head, ...conflicts.map(row)]);
  const rest = more ? "\nThere are earlier ones: --limit lists more.\n" : "";
  return `${lines.join("\n")}\n${rest}`;
}

function row({ key, field, value, notedAtMs, writtenAtMs, winner }: LostValue): readonly string[] {
  const lost = value === undefined ? "(a delete)" : shortened(toJson(value));
  const place = field.length === 0 ? "(the whole key)" : field.join(".");
  return [timeOf(notedAtMs), key, place, lost, timeOf(writtenAtMs), winner.dot, timeOf(winner.writtenAtMs)];
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

function shortened(text: string): string {
  return text.length <= valueShownMax ? text : `${text.slice(0, valueShownMax - 1)}…`;
}
