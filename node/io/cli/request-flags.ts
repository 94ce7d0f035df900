/**
 * The flags of get, put and delete. Each takes those of the other too, and its help shows only its own: what a command has no use
 * for is checked all the same.
 */
import { InvalidArgumentError, Option, type Command } from "commander";
import type { BucketOptions } from "../../../client/bucket.ts";
import { limits } from "../../../src/limits.ts";
import { settleOptions, type Count, type ReadRepair, type StoredResolver } from "../../../src/options.ts";

export interface ConnectFlags {
  readonly url?: readonly string[];
  readonly json?: boolean;
}

export interface RequestFlags extends ConnectFlags {
  readonly n?: number;
  readonly r?: Count;
  readonly w?: Count;
  readonly pr?: Count;
  readonly pw?: Count;
  readonly dw?: Count;
  readonly timeout?: number;
  readonly sloppy?: boolean;
  readonly readRepair?: ReadRepair;
  readonly resolver?: StoredResolver;
  readonly bucket: string;
  readonly context?: string;
  readonly blind?: boolean;
  readonly details?: boolean;
}

const counts = ["r", "w", "pr", "pw", "dw"] as const;
/** What one kind of request has no use for, its help leaves out. */
const flagsOf = {
  read: ["--r", "--pr", "--read-repair"],
  write: ["--w", "--pw", "--dw", "--context", "--blind"],
} as const;

export function addConnectFlags(command: Command): Command {
  return command
    .option(
      "--url <urls>",
      "nodes to begin with, as host:port or ws://host:port, separated by commas or the flag repeated; one that is up is enough (default: $COTERIE_URL, else ws://127.0.0.1:7401, 7402 and 7403)",
      parseUrls,
    )
    .option("--json", "print one JSON object, also for errors");
}

/** @param kind whose flags the help shows */
export function addRequestFlags(command: Command, kind: keyof typeof flagsOf): Command {
  command
    .option("--bucket <name>", "bucket of the key", "default")
    .option("--n <nodes>", "replicas to use, at most the bucket's n (default: the bucket's n)", wholeFrom(1))
    .option("--r <count>", "answers that a read needs: a number, one, quorum or all (default: quorum)", parseCount)
    .option("--pr <count>", "how many of the r must be primaries (default: 0)", parseCount)
    .option("--w <count>", "answers that a write needs: a number, one, quorum or all (default: quorum)", parseCount)
    .option("--pw <count>", "how many of the w must be primaries (default: 0)", parseCount)
    .option("--dw <count>", "how many of the w must be on disk (default: w)", parseCount)
    .option("--sloppy", "let other nodes stand in for primaries that are down (default)")
    .option("--no-sloppy", "primaries only; fail if too few of them are up")
    .option(
      "--read-repair <mode>",
      "replicas that lag are mended: async, blocking or off (default: async)",
      parseRepair,
    )
    .option(
      "--resolver <name>",
      "of concurrent writes: siblings, keep them all; or lww, the latest holds",
      parseResolver,
    )
    .option("--timeout <ms>", "milliseconds for each request (default: 5000)", wholeFrom(1, limits.timeoutMsMax))
    .option("--context <token>", "replace exactly what this token has seen, instead of reading first")
    .addOption(new Option("--blind", "replace nothing: become a sibling of what is there").conflicts("context"))
    .option("--details", "say on standard error which nodes answered, with which options");
  const foreign: readonly string[] = flagsOf[kind === "read" ? "write" : "read"];
  for (const option of command.options) if (foreign.includes(option.long ?? "")) option.hideHelp();
  return addConnectFlags(command);
}

/**
 * The options as the SDK takes them.
 * @throws INVALID_ARGUMENT for counts that do not fit each other, whichever the cluster's defaults are; what the command itself
 * uses, the SDK checks against those defaults too
 */
export function requestOptions(flags: RequestFlags): BucketOptions<unknown> {
  const { n, r, w, pr, pw, dw, timeout: timeoutMs, sloppy, readRepair } = flags;
  const chosen = { n, r, w, pr, pw, dw, timeoutMs, sloppy, readRepair };
  const resolver = flags.resolver && { kind: flags.resolver };
  // Everything that is not chosen here is as permissive as a cluster could make it, and words wait for the cluster's n.
  const fixed = { ...chosen };
  for (const name of counts)
    if (n === undefined && (chosen[name] === "quorum" || chosen[name] === "all")) delete fixed[name];
  const most = { defaults: { n: n ?? 1024, r: "all", w: "all" }, buckets: {} } as const;
  settleOptions("get", fixed, flags.bucket, most);
  settleOptions("put", fixed, flags.bucket, most);
  return Object.fromEntries(Object.entries({ ...chosen, resolver }).filter(([, value]) => value !== undefined));
}

export function wholeFrom(least: number, most: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(
      `It is a whole number from ${least}${most === Number.MAX_SAFE_INTEGER ? "" : ` to ${most}`}.`,
    );
  };
}

function parseCount(text: string): Count {
  if (text === "one" || text === "quorum" || text === "all") return text;
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It is a number of nodes, one, quorum or all.");
}

function parseRepair(text: string): ReadRepair {
  if (text === "async" || text === "blocking" || text === "off") return text;
  throw new InvalidArgumentError("It is async, blocking or off.");
}

function parseResolver(text: string): StoredResolver {
  if (text === "siblings" || text === "lww") return text;
  throw new InvalidArgumentError("It is siblings or lww.");
}

export function parseUrls(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), ...splitUrls(text)];
}

/** Addresses of nodes, as people type them: `host:port` is enough. What else it may be, the SDK says. */
export function splitUrls(text: string): readonly string[] {
  return splitList(text).map((part) => (/^[^/\s]+:\d+$/.test(part) ? `ws://${part}` : part));
}

export function splitList(text: string): readonly string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
