/** The SDK as the commands use it: loaded when it is needed, closed when they are done. */
import type { Client } from "../../../client/index.ts";
import { CoterieError } from "../../../src/errors.ts";
import type { EffectiveOptions, OptionName } from "../../../src/options.ts";
import { splitUrls, type ConnectFlags } from "./request-flags.ts";

const localUrls = ["ws://127.0.0.1:7401", "ws://127.0.0.1:7402", "ws://127.0.0.1:7403"];
/** Somebody sits there and waits: if every address refuses for so long, there is no cluster; one that is silent may only be slow. */
const refusedMs = 700;
const silentMs = 2000;

export interface ConnectChoice extends Omit<ConnectFlags, "json"> {
  readonly timeout?: number;
  /** Default: what the environment says. */
  readonly auth?: string | undefined;
}

/** Connects, does its work, and closes whatever comes of it. */
export async function withClient<Result>(
  flags: ConnectChoice,
  use: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = await open(flags);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

async function open({ url, timeout, auth }: ConnectChoice): Promise<Client> {
  const { connect } = await import("../../../client/index.ts");
  const urls = url ?? splitUrls(process.env.COTERIE_URL ?? "");
  try {
    const from = urls.length > 0 ? urls : localUrls;
    const options = { auth: auth ?? (process.env.COTERIE_TOKEN || undefined) };
    if (timeout !== undefined) return await connect(from, { ...options, connectTimeoutMs: timeout });
    return await connect(from, { ...options, connectTimeoutMs: refusedMs }).catch((error: unknown) => {
      if (isRefusedByAll(error)) throw error;
      return connect(from, { ...options, connectTimeoutMs: silentMs - refusedMs });
    });
  } catch (error) {
    throw withAdvice(error);
  }
}

/** Whatever is no silence: wrong arguments and credentials too will not mend themselves. */
export function isRefusedByAll(error: unknown): boolean {
  if (!(error instanceof CoterieError) || error.code !== "UNAVAILABLE") return true;
  return error.message.split("; ").every((problem) => problem.includes("ECONNREFUSED"));
}

function withAdvice(error: unknown): unknown {
  if (!(error instanceof CoterieError)) return error;
  if (error.code === "UNAVAILABLE")
    return rephrase(
      error,
      `${error.message}. Start a cluster with \`npx coterie cluster\`, or name its nodes with --url`,
    );
  if (error.code === "UNAUTHENTICATED")
    return rephrase(error, `${error.message}: put a client token of the cluster into the environment as COTERIE_TOKEN`);
  return error;
}

/** The same error in other words. */
export function rephrase(error: CoterieError, message: string): CoterieError {
  const { code, outcome, retryable, details } = error;
  return new CoterieError(code, message, { outcome, retryable, details, cause: error });
}

/** The commands hand all their options to the bucket, so that those of both halves are echoed; to their user they are the request's. */
export function effectiveOf(effective: EffectiveOptions, chosen: object): EffectiveOptions {
  const from = { ...effective.from };
  for (const name of Object.keys(chosen) as OptionName[]) from[name] = "request";
  return { ...effective, from };
}

/** For `--details`: on standard error, so that standard output stays the value. */
export function tellDetails(
  effective: EffectiveOptions,
  answered: readonly string[] | undefined,
  context: string,
): void {
  const { from, ...values } = effective;
  const bySource = new Map<string, string[]>();
  for (const [name, value] of Object.entries(values)) {
    const source = from[name as OptionName];
    bySource.set(source, [...(bySource.get(source) ?? []), `${name} ${value}`]);
  }
  const options = [...bySource].map(([source, words]) => `options (${source}): ${words.join(", ")}\n`);
  process.stderr.write(`answered: ${answered?.join(", ")}\n${options.join("")}context: ${context}\n`);
}
