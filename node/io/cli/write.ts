/** What put and delete have in common: the context that the write replaces, the write, and what is said of it. */
import type { Bucket, Client, Context, PutOptions, PutResult } from "../../../client/index.ts";
import { CoterieError } from "../../../src/errors.ts";
import { effectiveOf, rephrase, tellDetails, withClient } from "./cluster-client.ts";
import { requestOptions, type RequestFlags } from "./request-flags.ts";
import { toJson } from "./value.ts";

export const writeHelp = `
What the write replaces: by default everything that a read just before it sees;
with --context exactly what that token has seen; with --blind nothing. What was
written meanwhile stays, as a sibling. The read before takes the flags of
\`coterie get\`, --r, --pr and --read-repair; --n, --sloppy and --timeout hold
for each of the two.`;

type Write = (bucket: Bucket<unknown>, options: PutOptions) => Promise<PutResult<unknown>>;

/** What the write replaces, and how many values that are if we have looked. */
interface Base {
  readonly context: Context | string | null;
  readonly replaced: number | null;
}

export async function write(key: string, flags: RequestFlags, verb: string, act: Write): Promise<void> {
  const options = requestOptions(flags);
  const { base, result } = await withClient(flags, (client) => readAndWrite(client, key, flags, act));
  const effective = effectiveOf(result.effective, options);
  const { context, answered } = result;
  if (flags.json === true) {
    const { replaced } = base;
    process.stdout.write(`${toJson({ key, bucket: flags.bucket, replaced, context, effective, answered })}\n`);
    return;
  }
  if (flags.details === true) tellDetails(effective, answered, context.toString());
  const many = (base.replaced ?? 0) > 1 ? `, replacing ${base.replaced} siblings` : "";
  process.stdout.write(`${verb} ${flags.bucket}/${key} at ${effective.w} of ${effective.n} replicas${many}\n`);
}

async function readAndWrite(
  client: Client,
  key: string,
  flags: RequestFlags,
  act: Write,
): Promise<{ readonly base: Base; readonly result: PutResult<unknown> }> {
  const bucket = client.bucket(flags.bucket, requestOptions(flags));
  const base = await baseOf(bucket, key, flags);
  return { base, result: await act(bucket, { context: base.context, details: true }) };
}

async function baseOf(bucket: Bucket<unknown>, key: string, flags: RequestFlags): Promise<Base> {
  if (flags.blind === true) return { context: null, replaced: 0 };
  if (flags.context !== undefined) return { context: flags.context, replaced: null };
  try {
    const { context, siblings } = await bucket.get(key);
    return { context, replaced: siblings.length };
  } catch (error) {
    if (!(error instanceof CoterieError) || error.code === "INVALID_ARGUMENT" || error.code === "TOO_LARGE")
      throw error;
    throw rephrase(
      error,
      `nothing was written, because the read before the write failed: ${error.message}. Ask fewer nodes with --r, or name what to replace with --context or --blind`,
    );
  }
}
