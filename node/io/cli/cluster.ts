/** `coterie cluster`: a whole cluster on this machine, one process per node, for as long as this one lives. */
import type { Command } from "commander";
import { invalidArgument, storage } from "../../../src/errors.ts";
import { withClient } from "./cluster-client.ts";
import { ClusterDirectory, nodesMax, type ClusterShape } from "./cluster-directory.ts";
import { exitCodes } from "./failure.ts";
import { NodeChild } from "./node-child.ts";
import { splitList, wholeFrom } from "./request-flags.ts";
import { isWhole } from "./status-report.ts";
import { stopSignal } from "./stop-signal.ts";

interface ClusterFlags {
  readonly nodes?: number;
  readonly port?: number;
  readonly host?: string;
  readonly data: string;
  readonly insecure?: boolean;
}

/** For links between nodes that have just started: they dial each other within milliseconds. */
const linkTimeoutMs = 5000;
const linkPollMs = 20;

const help = `
Each node is a process of its own, so one can be killed while the others serve.
Ctrl-C stops them all; started again, they find their data. The directory
remembers the number of nodes, which cannot change, and the address, which can.

Keys are kept on three nodes, or on all of fewer than three.
COTERIE_CLUSTER_SECRET and COTERIE_CLIENT_TOKENS hold for every node, see
\`coterie node --help\`. Exit code 0 after Ctrl-C, 1 if a node cannot start or
all have died.

Examples:
  coterie cluster
  coterie cluster --nodes 5 --port 8001 --data ./five`;

export function addCluster(program: Command): void {
  program
    .command("cluster")
    .description("run a local cluster, one process per node")
    .option("--nodes <number>", "how many nodes (default: as before in this directory, else 3)", wholeFrom(1, nodesMax))
    .option(
      "--port <number>",
      "port of the first node; the others follow (default: as before, else 7401)",
      wholeFrom(1, 65_535),
    )
    .option("--host <address>", "address of all nodes, for clients too (default: as before, else 127.0.0.1)")
    .option("--data <directory>", "where the nodes keep what they know; created if need be", "./coterie-data")
    .option("--insecure", "listen beyond this machine although there is no TLS")
    .addHelpText("after", help)
    .action((flags: ClusterFlags) => run(flags));
}

async function run({ data, insecure = false, ...asked }: ClusterFlags): Promise<void> {
  refuseWildcard(asked);
  let children: readonly NodeChild[] = [];
  const stop = stopSignal(() => {
    for (const child of children) child.kill();
  });
  const directory = await ClusterDirectory.open(data, asked);
  children = directory.ids.map((id) => new NodeChild(id, directory.writeConfig(id, insecure)));
  const isUp = await Promise.race([allReady(children), stop.then(() => false)]);
  if (isUp) {
    directory.writeShape();
    await Promise.race([allLinked(directory), stop]);
    introduce(directory);
    await Promise.race([watch(children), stop]);
  }
  process.exitCode = await end(children);
  process.stdout.write(`stopped; the data stays in ${data}\n`);
}

/** Every address of a machine is no address that a client could dial. */
function refuseWildcard({ host }: Partial<ClusterShape>): void {
  if (host === "0.0.0.0" || host === "::")
    throw invalidArgument(
      `host is ${host}, which clients cannot dial: give --host the address by which they reach this machine`,
    );
}

/** @throws STORAGE naming every node that did not start, after the others have stopped */
async function allReady(children: readonly NodeChild[]): Promise<true> {
  const states = await Promise.all(
    children.map((child) => Promise.race([child.ready.then(() => undefined), child.ended])),
  );
  const reasons = states.flatMap((state, at) =>
    state === undefined ? [] : `node ${children[at]!.id}: ${state.reason}`,
  );
  if (reasons.length === 0) return true;
  await end(children);
  throw storage(`the cluster did not start: ${reasons.join(", ")}`);
}

/** A put right after the first line must not meet nodes that do not know each other yet. */
async function allLinked({ urls }: ClusterDirectory): Promise<void> {
  const [auth] = splitList(process.env.COTERIE_CLIENT_TOKENS ?? "");
  const deadlineMs = performance.now() + linkTimeoutMs;
  await withClient({ url: urls, auth }, async (client) => {
    while (!(await client.status()).every(isWhole)) {
      if (performance.now() > deadlineMs)
        return void process.stderr.write("coterie: not all nodes reach each other; `coterie status` shows which\n");
      await new Promise((resolve) => setTimeout(resolve, linkPollMs));
    }
  });
}

function introduce(directory: ClusterDirectory): void {
  const { ids, urls, shape } = directory;
  for (const [at, id] of ids.entries())
    process.stdout.write(`node ${id} ready at ${urls[at]}, data in ${directory.dataOf(id)}\n`);
  const isElsewhere = shape.port !== 7401 || shape.host !== "127.0.0.1";
  const lines = [
    ...(isElsewhere ? [`export COTERIE_URL=${urls.join(",")}`] : []),
    ...(process.env.COTERIE_CLIENT_TOKENS ? ["export COTERIE_TOKEN=…"] : []),
    `npx coterie put cart:alice '{"items":["tea"]}'`,
    "npx coterie get cart:alice",
    "npx coterie status",
  ];
  process.stdout.write(
    `\nCtrl-C stops ${ids.length === 1 ? "it" : "them"}. In another terminal:\n\n  ${lines.join("\n  ")}\n\n`,
  );
}

/** Tells of every node that dies by itself. Resolves when none is left. */
async function watch(children: readonly NodeChild[]): Promise<void> {
  await Promise.all(
    children.map(async (child) => {
      const { reason } = await child.ended;
      if (child.isStopping) return;
      const left = children.filter((other) => !other.hasEnded).length;
      process.stderr.write(
        `coterie: node ${child.id} has ended: ${reason}. ${left} of ${children.length} go on. Start it again with\n\n` +
          `  npx coterie node --config ${child.configPath}\n\n`,
      );
    }),
  );
}

/** Stops those that are left. @returns the exit code */
async function end(children: readonly NodeChild[]): Promise<number> {
  const isAnyLeft = children.some((child) => !child.hasEnded);
  const left = children.filter((child) => !child.hasEnded);
  for (const child of left) child.stop();
  const endings = await Promise.all(left.map((child) => child.ended));
  return isAnyLeft && endings.every(({ isClean }) => isClean) ? exitCodes.done : exitCodes.failed;
}
