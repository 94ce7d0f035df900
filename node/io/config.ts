/** A node's configuration: what a file or a caller may say, checked in one place, with a sentence for each mistake. */
import { z } from "zod";
import { invalidArgument } from "../../src/errors.ts";
import { checkBucket } from "../../src/key.ts";
import { limits } from "../../src/limits.ts";
import { settleOptions, type ClusterOptions, type RequestOptions } from "../../src/options.ts";
import { isPartitionCount, membersMax, partitionsMax, type Member } from "../../src/ring.ts";
import type { Merge, Merges } from "../merges.ts";
import { defaultTuning, type Tuning } from "../tuning.ts";
import { isLoopback } from "./address.ts";
import { describeProblems } from "./config-problems.ts";
import { settleTuning, tuningSchema, type TuningOptions } from "./tuning-options.ts";

const count = z
  .union([z.int().min(0), z.enum(["one", "quorum", "all"])], "it must be a number of nodes, one, quorum or all")
  .optional();

const requestOptions = z.strictObject({
  n: z.int().min(1).max(membersMax).optional(),
  r: count,
  w: count,
  pr: count,
  pw: count,
  dw: count,
  timeoutMs: z.int().min(1).max(limits.timeoutMsMax).optional(),
  fanout: z.enum(["quorum", "all"]).optional(),
  sloppy: z.boolean().optional(),
  readRepair: z.enum(["async", "blocking", "off"]).optional(),
  resolver: z.enum(["siblings", "lww"]).optional(),
});

const bucketOptions = requestOptions.extend({ merge: z.string().min(1).optional() });

const merge = z.custom<Merge>((value) => typeof value === "function", "it must be a function");

const member = z.strictObject({
  id: z
    .string()
    .regex(
      /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/,
      "a node's name has 1 to 64 letters, digits, dots, dashes or underscores",
    ),
  url: z.string().refine(isNodeUrl, "an address looks like ws://127.0.0.1:7401"),
  zone: z.string().min(1).optional(),
  weight: z.number().positive().max(1000).default(1),
});

const schema = z.strictObject({
  id: z.string(),
  members: z.array(member).min(1).max(membersMax),
  data: z.string().min(1),
  host: z.string().min(1).optional(),
  port: z.int().min(0).max(65_535).optional(),
  partitions: z.int().refine(isPartitionCount, `a power of two from 1 to ${partitionsMax}`).default(256),
  defaults: requestOptions.default({}),
  buckets: z.record(z.string(), bucketOptions).default({}),
  merges: z.record(z.string(), merge).default({}),
  tuning: tuningSchema.default({}),
  clientTokens: z.array(z.string().min(8)).default([]),
  clusterSecret: z.string().min(8).optional(),
  insecure: z.boolean().default(false),
  logLevel: z.enum(["debug", "info", "warn", "error", "silent"]).default("warn"),
});

/** What a configuration file or a caller of `startNode` may say. */
export interface NodeOptions {
  /** This node's name among the members. */
  readonly id: string;
  /** All nodes of the cluster, this one too; the same list on every node. */
  readonly members: readonly MemberOptions[];
  /** Directory of this node's data; created if it is not there. */
  readonly data: string;
  /** Where to listen. Default: the host and port of this node's own url. */
  readonly host?: string;
  readonly port?: number;
  /** Slices of the key space: a power of two, the same on every node and fixed for the life of the cluster. Default 256. */
  readonly partitions?: number;
  /** Options of requests that do not choose otherwise; the same on every node. */
  readonly defaults?: RequestOptions;
  readonly buckets?: Readonly<Record<string, BucketConfig>>;
  /**
   * The application's merges, by bucket, for readers that have none of their own: `coterie get`, clients in other languages. The same on
   * every node. They run inside the node, which does nothing else meanwhile: they must be quick.
   */
  readonly merges?: Merges;
  /**
   * How the node looks after itself and the others: see `Tuning` for each field, its unit and what turning it costs. Fields that are
   * left out have their defaults; users rarely need any. May differ between nodes, but `tombstoneAgeMs`, `hintAgeMsMax` and
   * `messageLifetimeMs` should not: deleted keys are forgotten by their measure.
   */
  readonly tuning?: TuningOptions;
  /** Any of these lets a client in, each of at least 8 characters. Default none: every client may come in. */
  readonly clientTokens?: readonly string[];
  /** What the nodes of the cluster show each other, of at least 8 characters. Default none: every member's name is believed. */
  readonly clusterSecret?: string;
  /** Listen beyond loopback although there is no TLS. */
  readonly insecure?: boolean;
  /** From which level on events are logged, as JSON lines on standard error. Default `warn`. */
  readonly logLevel?: "debug" | "info" | "warn" | "error" | "silent";
}

export interface BucketConfig extends RequestOptions {
  /**
   * A JavaScript module whose default export merges two values of this bucket, or `./module.js#name` for another export. The path is
   * relative to the configuration file, or to the working directory where there is none. As in `merges`.
   */
  readonly merge?: string | undefined;
}

export interface MemberOptions {
  /** 1 to 64 letters, digits, dots, dashes, underscores. */
  readonly id: string;
  /** `ws://host:port`, where peers and clients reach it. */
  readonly url: string;
  /** What fails together: a rack, a room. Default: each member is a zone of its own. */
  readonly zone?: string;
  /** Its share of the ring, relative to the others. Default 1. */
  readonly weight?: number;
}

export interface CheckedConfig {
  readonly id: string;
  readonly members: readonly Member[];
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly partitions: number;
  readonly options: ClusterOptions;
  readonly merges: Merges;
  /** Modules of merges that are yet to be loaded, by bucket. */
  readonly mergeModules: Readonly<Record<string, string>>;
  readonly tuning: Tuning;
  readonly clientTokens: readonly string[];
  readonly clusterSecret: string | undefined;
  readonly logLevel: string;
}

/** @throws INVALID_ARGUMENT: which field, which value, what is allowed */
export function checkConfig(given: NodeOptions): CheckedConfig {
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw invalidArgument(describeProblems(parsed.error.issues, given, fieldsAt));
  const config = parsed.data;
  const self = config.members.find(({ id }) => id === config.id);
  if (self === undefined)
    throw invalidArgument(
      `id is ${JSON.stringify(config.id)}, which is none of the members: ${config.members.map(({ id }) => id).join(", ")}`,
    );
  refuseRepetition(
    config.members.map(({ id }) => id),
    "name",
  );
  refuseRepetition(
    config.members.map(({ url }) => url),
    "url",
  );
  const { options, mergeModules } = bucketsOf(config);
  checkOptionsFit(options);
  refuseTwoMerges(config.merges, mergeModules);
  const address = new URL(self.url);
  // A URL puts an IPv6 address in brackets, and nobody else does.
  const host = config.host ?? address.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = config.port ?? Number(address.port || 80);
  refuseExposure(host, config.insecure);
  const { id, data, partitions, merges, clientTokens, clusterSecret, logLevel } = config;
  const members = config.members.map((one) => ({ ...one, zone: one.zone ?? one.id }));
  const tuning = settleTuning(config.tuning);
  const secrets = { clientTokens, clusterSecret };
  return { id, members, data, host, port, partitions, options, merges, mergeModules, tuning, ...secrets, logLevel };
}

/** What requests go by travels to clients; where this node finds its merges does not. */
function bucketsOf({ defaults, buckets }: z.infer<typeof schema>): Pick<CheckedConfig, "options" | "mergeModules"> {
  const chosen: Record<string, RequestOptions> = {};
  const mergeModules: Record<string, string> = {};
  for (const [name, { merge: module, ...options }] of Object.entries(buckets)) {
    chosen[name] = options;
    if (module !== undefined) mergeModules[name] = module;
  }
  return { options: { defaults, buckets: chosen }, mergeModules };
}

function refuseTwoMerges(merges: Merges, modules: CheckedConfig["mergeModules"]): void {
  for (const bucket of Object.keys(merges)) {
    checkBucket(bucket);
    if (Object.hasOwn(modules, bucket))
      throw invalidArgument(`merges.${bucket} is a second merge: buckets.${bucket}.merge is ${modules[bucket]}`);
  }
}

function isNodeUrl(text: string): boolean {
  return /^wss?:\/\/[^/\s#?]+$/.test(text) && URL.canParse(text);
}

function refuseRepetition(names: readonly string[], what: string): void {
  const repeated = names.find((name, at) => names.indexOf(name) !== at);
  if (repeated !== undefined) throw invalidArgument(`members: two have the ${what} ${repeated}`);
}

/** A combination that no request could use is a mistake of the configuration, not of the first request. */
function checkOptionsFit(options: ClusterOptions): void {
  for (const bucket of ["default", ...Object.keys(options.buckets)]) {
    checkBucket(bucket);
    for (const kind of ["get", "put"] as const) settleOptions(kind, {}, bucket, options);
  }
}

function refuseExposure(host: string, insecure: boolean): void {
  if (insecure || isLoopback(host)) return;
  throw invalidArgument(
    `host is ${host}, beyond this machine, and this version has no TLS: whoever reaches the port could read and write everything. ` +
      "Listen on 127.0.0.1, or say insecure (--insecure) if the network is yours alone",
  );
}

/** For guessing what a misspelt field was meant to be. */
function fieldsAt([field]: readonly PropertyKey[]): readonly string[] {
  if (field === undefined) return Object.keys(schema.shape);
  if (field === "members") return Object.keys(member.shape);
  if (field === "tuning") return Object.keys(defaultTuning);
  return Object.keys(field === "buckets" ? bucketOptions.shape : requestOptions.shape);
}
