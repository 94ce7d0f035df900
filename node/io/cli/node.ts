/** `coterie node`: one node in this process, until a signal ends it, or whoever forked it is gone. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { InvalidArgumentError, type Command } from "commander";
import { CoterieError, invalidArgument, storage } from "../../../src/errors.ts";
import type { MemberOptions, NodeOptions } from "../config.ts";
import { shapeName } from "./cluster-directory.ts";
import { rephrase } from "./cluster-client.ts";
import { exitCodes, tellFailure } from "./failure.ts";
import { splitList, wholeFrom } from "./request-flags.ts";
import { stopSignal } from "./stop-signal.ts";

/** What a node tells the process that forked it when it serves. */
export const readyMessage = "ready";

interface NodeFlags {
  readonly config?: string;
  readonly id?: string;
  readonly data?: string;
  readonly host?: string;
  readonly port?: number;
  readonly member?: readonly MemberOptions[];
  readonly partitions?: number;
  readonly insecure?: boolean;
  readonly logLevel?: string;
}

const sourcesOfOptions =
  "What a node must know comes by --config FILE, or by --id, --data and a --member for every node";

const help = `
A configuration file is a JSON object with the fields id, members [{id, url,
zone, weight}], data, and if need be host, port, partitions, defaults and
buckets (options of requests), clientTokens, clusterSecret, insecure, logLevel,
tuning. What a flag says holds before the file. The members, partitions,
defaults and buckets must be the same on every node. Paths are relative to the
working directory.

In a configuration file a bucket may name a JavaScript module that merges two of
its values, by a path relative to that file: \`coterie get\` and other readers
without a merge of their own are given one value then instead of siblings.
  "buckets": { "carts": { "merge": "./cart-merge.js" } }

Secrets never stand on a command line. They come from the file or the
environment: COTERIE_CLUSTER_SECRET, which the nodes show each other, and
COTERIE_CLIENT_TOKENS, separated by commas, of which a client must know one.
Each has at least 8 characters.

SIGINT, SIGTERM or SIGHUP stop it cleanly (exit code 0), a second one at once.
Exit code 1 if it cannot start or its disk fails, 2 if its configuration is
wrong.

Examples:
  coterie node --config n1.json
  coterie node --id n1 --data n1 --member n1=ws://10.0.0.1:7401 \\
    --member n2=ws://10.0.0.2:7401,rack-b \\
    --member n3=ws://10.0.0.3:7401 --insecure`;

export function addNode(program: Command): void {
  program
    .command("node")
    .description("run one node of a cluster")
    .option("--config <file>", "configuration as JSON")
    .option("--id <name>", "which of the members it is")
    .option("--data <directory>", "where it keeps what it knows; created if need be")
    .option("--member <id=url[,zone]>", "a node of the cluster, this one too; once for each", addMember)
    .option("--host <address>", "address to listen on (default: that of its own url)")
    .option("--port <number>", "port to listen on (default: that of its own url)", wholeFrom(0, 65_535))
    .option(
      "--partitions <number>",
      "slices of the key space, fixed for the cluster's life (default: 256)",
      wholeFrom(1),
    )
    .option("--insecure", "listen beyond this machine although there is no TLS")
    .option("--log-level <level>", "debug, info, warn, error or silent: JSON lines on standard error (default: warn)")
    .addHelpText("after", help)
    .action((flags: NodeFlags) => run(flags));
}

async function run(flags: NodeFlags): Promise<void> {
  let isConfigured = false;
  try {
    const stop = stopSignal();
    const options = await configure(flags);
    isConfigured = true;
    await serve(options, stop);
  } catch (error) {
    const exitCode = tellFailure(error, []);
    // A start that fails for the state of the machine is no mistake of the command line, whatever its code.
    process.exitCode = isConfigured ? exitCodes.failed : exitCode;
  }
  // The channel to a parent would keep the process alive, and so would a disk that hangs.
  process.exit();
}

async function configure(flags: NodeFlags): Promise<NodeOptions> {
  const options = readOptions(flags);
  const { checkConfig } = await import("../config.ts");
  try {
    checkConfig(options);
  } catch (error) {
    throw withAdvice(error);
  }
  return options;
}

function withAdvice(error: unknown): unknown {
  const isMissing = error instanceof CoterieError && / (is|are) missing\b/.test(error.message);
  return isMissing ? rephrase(error, `${error.message}. ${sourcesOfOptions}`) : error;
}

async function serve(options: NodeOptions, stop: Promise<void>): Promise<void> {
  refuseClusterDirectory(options.data);
  const { startNode } = await import("../start-node.ts");
  const node = await startNode(options).catch((error: unknown) => {
    throw error instanceof CoterieError ? rephrase(error, `node ${options.id} cannot start: ${error.message}`) : error;
  });
  process.stdout.write(`node ${node.id} ready at ${node.url}, data in ${options.data}\n`);
  // A parent that was interrupted meanwhile has closed the channel: then nobody waits for this, and the node is stopping.
  if (process.connected) process.send?.(readyMessage, () => undefined);
  const failure = await Promise.race([node.failed, stop]);
  if (failure !== undefined) throw failure;
  await node.close();
  process.stdout.write(`node ${node.id} stopped\n`);
}

/** @throws INVALID_ARGUMENT; what a field may be, `checkConfig` knows */
function readOptions({ config, member, ...fields }: NodeFlags): NodeOptions {
  const options = {
    ...secretsOfEnvironment(),
    ...(config === undefined ? {} : readConfigFile(config)),
    ...fields,
    ...(member && { members: member }),
  };
  return options as NodeOptions;
}

function readConfigFile(path: string): object {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw invalidArgument(`the configuration cannot be read: ${(error as Error).message}`);
  }
  const value = parseJson(path, text);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalidArgument(`the configuration ${path} must be a JSON object: {"id": "n1", "data": …, "members": […]}`);
  return withMergesFrom(dirname(resolve(path)), value);
}

/** A file stands beside the modules that it names, wherever the node is started. */
function withMergesFrom(directory: string, config: object): object {
  if (!("buckets" in config) || typeof config.buckets !== "object" || config.buckets === null) return config;
  const buckets = Object.entries(config.buckets as Readonly<Record<string, unknown>>).map(([name, options]) => {
    const merge = typeof options === "object" && options !== null && "merge" in options ? options.merge : undefined;
    return [name, typeof merge === "string" ? { ...(options as object), merge: resolve(directory, merge) } : options];
  });
  return { ...config, buckets: Object.fromEntries(buckets) as object };
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalidArgument(`the configuration ${path} is not JSON: ${(error as Error).message}`);
  }
}

function secretsOfEnvironment(): Partial<NodeOptions> {
  const { COTERIE_CLUSTER_SECRET: clusterSecret, COTERIE_CLIENT_TOKENS: clientTokens } = process.env;
  return {
    ...(clusterSecret && { clusterSecret }),
    ...(clientTokens && { clientTokens: splitList(clientTokens) }),
  };
}

function refuseClusterDirectory(data: string): void {
  if (!existsSync(join(data, shapeName))) return;
  throw storage(
    `${data} is the directory of a whole local cluster: its nodes' data lie in ${join(data, "n1")} and so on`,
  );
}

function addMember(text: string, before: readonly MemberOptions[] = []): readonly MemberOptions[] {
  const [, id, url, zone] = /^([^=,]+)=([^,]+)(?:,([^,]+))?$/.exec(text) ?? [];
  if (id === undefined || url === undefined)
    throw new InvalidArgumentError("A member looks like n1=ws://127.0.0.1:7401 or n1=ws://127.0.0.1:7401,rack-a.");
  return [...before, { id, url, ...(zone && { zone }) }];
}
