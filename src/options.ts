/**
 * What a request may choose, and how its choices are settled: request before bucket before cluster before the built-in default.
 * Client and node settle them with this same code, so that a wrong combination is refused before anything is sent, and
 * again where it arrives.
 */
import { invalidArgument } from "./errors.ts";
import { limits } from "./limits.ts";

/** A number of nodes, or a word that becomes one when n is known: 1, ⌊n/2⌋ + 1, n. */
export type Count = number | "one" | "quorum" | "all";

export interface RequestOptions {
  /** Use the first n nodes of the preference list; 1 to the bucket's n. */
  readonly n?: number | undefined;
  /** Answers that a get needs, from distinct nodes. */
  readonly r?: Count | undefined;
  /** Answers that a put or delete needs, from distinct nodes. */
  readonly w?: Count | undefined;
  /** How many of the r, of the w, must be primaries: counted on the answers, not on the plan. */
  readonly pr?: Count | undefined;
  readonly pw?: Count | undefined;
  /** How many of the w must have it on disk before they answer; the others answer from memory. Default: all of them. */
  readonly dw?: Count | undefined;
  /** Milliseconds until the request has failed. */
  readonly timeoutMs?: number | undefined;
  /** `quorum`: a get asks r replicas and further ones when those are slow or fail. `all`: it asks all n at once. */
  readonly fanout?: "quorum" | "all" | undefined;
  /**
   * Whether other nodes (fallbacks) may stand in for primaries that are down: more requests succeed. While they do, a get with
   * r + w > n may miss an acknowledged put, unless pr + pw > n. Default true.
   */
  readonly sloppy?: boolean | undefined;
  /** What a get does about replicas that it has seen to lag: mend them afterwards, before it answers, or not at all. Default `async`. */
  readonly readRepair?: ReadRepair | undefined;
  /**
   * `lww`: a put takes the place of whatever its coordinator has, seen or not, and of what is written concurrently elsewhere the latest
   * holds: what it leaves out is listed by `conflicts`. Default `siblings`: all stay, until somebody who has read them writes.
   */
  readonly resolver?: StoredResolver | undefined;
}

/** What the nodes do about concurrent writes. What an application merges, they keep as siblings. */
export type StoredResolver = "siblings" | "lww";

/** `blocking`: the join is back on w replicas before the reply, so that no later quorum read is older. */
export type ReadRepair = "async" | "blocking" | "off";

export type OptionName = keyof RequestOptions;
export type Source = "default" | "cluster" | "bucket" | "request";

/** The options of a request as they were used, counts as numbers, and where each came from. */
export interface EffectiveOptions {
  readonly n: number;
  readonly r: number;
  readonly w: number;
  readonly pr: number;
  readonly pw: number;
  readonly dw: number;
  readonly timeoutMs: number;
  readonly fanout: "quorum" | "all";
  readonly sloppy: boolean;
  readonly readRepair: ReadRepair;
  readonly resolver: StoredResolver;
  readonly from: Readonly<Record<OptionName, Source>>;
}

/** With the form in which they are echoed, made once for many requests. */
export interface SettledOptions extends EffectiveOptions {
  readonly echo: Uint8Array;
}

/** What the cluster's configuration says; the same on every node. */
export interface ClusterOptions {
  readonly defaults: RequestOptions;
  readonly buckets: Readonly<Record<string, RequestOptions>>;
}

export const optionNames = [
  "n",
  "r",
  "w",
  "pr",
  "pw",
  "dw",
  "timeoutMs",
  "fanout",
  "sloppy",
  "readRepair",
  "resolver",
] as const;
const counts = ["r", "w", "pr", "pw", "dw"] as const;
export const readRepairs: readonly ReadRepair[] = ["async", "blocking", "off"];
export const resolvers: readonly StoredResolver[] = ["siblings", "lww"];
export const sources = ["default", "cluster", "bucket", "request"] as const;

const defaultN = 3;
const defaults = {
  r: "quorum",
  w: "quorum",
  pr: 0,
  pw: 0,
  timeoutMs: 5000,
  fanout: "quorum",
  sloppy: true,
  readRepair: "async",
  resolver: "siblings",
} as const;

/**
 * @param kind which half of the counts must fit together: r and pr of a get, w, pw and dw of a put
 * @throws INVALID_ARGUMENT naming the option, its value and what is allowed
 */
export function settleOptions(
  kind: "get" | "put",
  request: RequestOptions,
  bucketName: string,
  cluster: ClusterOptions,
): EffectiveOptions {
  checkOptions(request);
  const settled = settle(request, bucketOptions(bucketName, cluster), cluster.defaults);
  const bucketN = replicasOf(bucketName, cluster);
  refuse(settled.n > bucketN, () => `n is ${settled.n}, but bucket ${bucketName} has n ${bucketN}`);
  const [needed, primaries] = kind === "get" ? (["r", "pr"] as const) : (["w", "pw"] as const);
  refuse(settled[needed] > settled.n, () => `${needed} is ${settled[needed]}, more than n, which is ${settled.n}`);
  refuse(settled[needed] < 1, () => `${needed} is 0: nobody would have to answer`);
  refuse(
    settled[primaries] > settled[needed],
    () => `${primaries} is ${settled[primaries]}, more than ${needed}, which is ${settled[needed]}`,
  );
  refuse(kind === "put" && settled.dw > settled.w, () => `dw is ${settled.dw}, more than w, which is ${settled.w}`);
  return settled;
}

/** Replicas that the keys of a bucket have: what n may not exceed. */
export function replicasOf(bucketName: string, cluster: ClusterOptions): number {
  return bucketOptions(bucketName, cluster).n ?? cluster.defaults.n ?? defaultN;
}

/** The most replicas that the keys of any bucket have. */
export function replicasMax(cluster: ClusterOptions): number {
  const buckets = Object.keys(cluster.buckets).map((name) => replicasOf(name, cluster));
  return Math.max(cluster.defaults.n ?? defaultN, ...buckets);
}

/** Own entries only: a bucket may be called `constructor`. */
function bucketOptions(bucketName: string, { buckets }: ClusterOptions): RequestOptions {
  return (Object.hasOwn(buckets, bucketName) ? buckets[bucketName] : undefined) ?? {};
}

/** Checks each option by itself. @throws INVALID_ARGUMENT */
export function checkOptions(options: RequestOptions): void {
  if (options.n !== undefined)
    refuse(!isWhole(options.n, 1), () => `n is a number of nodes from 1, not ${show(options.n)}`);
  for (const name of counts) {
    const count = options[name];
    if (count === undefined || count === "one" || count === "quorum" || count === "all") continue;
    refuse(!isWhole(count, 0), () => `${name} is a number of nodes, one, quorum or all, not ${show(count)}`);
  }
  const { timeoutMs, fanout, sloppy, readRepair, resolver } = options;
  if (timeoutMs !== undefined)
    refuse(
      !isWhole(timeoutMs, 1) || timeoutMs > limits.timeoutMsMax,
      () => `timeoutMs is 1 to ${limits.timeoutMsMax}, not ${show(timeoutMs)}`,
    );
  if (fanout !== undefined)
    refuse(fanout !== "quorum" && fanout !== "all", () => `fanout is quorum or all, not ${show(fanout)}`);
  if (sloppy !== undefined) refuse(typeof sloppy !== "boolean", () => `sloppy is true or false, not ${show(sloppy)}`);
  if (readRepair !== undefined)
    refuse(!readRepairs.includes(readRepair), () => `readRepair is async, blocking or off, not ${show(readRepair)}`);
  if (resolver !== undefined)
    refuse(!resolvers.includes(resolver), () => `resolver is siblings or lww, not ${show(resolver)}`);
}

function settle(request: RequestOptions, bucket: RequestOptions, cluster: RequestOptions): EffectiveOptions {
  const from = {} as Record<OptionName, Source>;
  function chosen<Name extends OptionName>(name: Name): RequestOptions[Name] {
    from[name] =
      request[name] !== undefined
        ? "request"
        : bucket[name] !== undefined
          ? "bucket"
          : cluster[name] !== undefined
            ? "cluster"
            : "default";
    return request[name] ?? bucket[name] ?? cluster[name];
  }
  const n = chosen("n") ?? defaultN;
  const w = nodesIn(chosen("w") ?? defaults.w, n);
  return {
    n,
    r: nodesIn(chosen("r") ?? defaults.r, n),
    w,
    pr: nodesIn(chosen("pr") ?? defaults.pr, n),
    pw: nodesIn(chosen("pw") ?? defaults.pw, n),
    dw: nodesIn(chosen("dw") ?? w, n),
    timeoutMs: chosen("timeoutMs") ?? defaults.timeoutMs,
    fanout: chosen("fanout") ?? defaults.fanout,
    sloppy: chosen("sloppy") ?? defaults.sloppy,
    readRepair: chosen("readRepair") ?? defaults.readRepair,
    resolver: chosen("resolver") ?? defaults.resolver,
    from,
  };
}

function nodesIn(count: Count, n: number): number {
  if (count === "one") return 1;
  if (count === "quorum") return Math.floor(n / 2) + 1;
  return count === "all" ? n : count;
}

const shownMax = 60;

function isWhole(value: unknown, least: number): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= least;
}

/** Whatever came over the wire: neither a 64-bit integer in JSON nor an object's own text may throw here. */
function show(value: unknown): string {
  if (typeof value === "bigint" || typeof value === "number") return String(value);
  try {
    return JSON.stringify(value).slice(0, shownMax);
  } catch {
    return "something without a text";
  }
}

/** @param sentence made only if it is told: every request is checked, and hardly one is wrong */
function refuse(wrong: boolean, sentence: () => string): void {
  if (wrong) throw invalidArgument(sentence());
}
