/** `coterie get KEY` */
import type { Command } from "commander";
import type { Inspection } from "../../../client/index.ts";
import { settleOptions } from "../../../src/options.ts";
import { effectiveOf, tellDetails, withClient } from "./cluster-client.ts";
import { exitCodes } from "./failure.ts";
import { addRequestFlags, requestOptions, type RequestFlags } from "./request-flags.ts";
import { showValue, toJson } from "./value.ts";

const help = `
The value goes to standard output: texts as they are, everything else as JSON;
counters as numbers, sets as arrays, flags as true or false, maps as objects.
Several siblings, written side by side without knowing of each other, are all
shown; the next put replaces them together. If the nodes were configured with a
merge for the bucket, what it makes of them is shown instead (but for
--resolver siblings). Exit code 1 if there is nothing under the key.

The flags of a write (see \`coterie put --help\`) are checked here too,
--context also for whether it is a token of this key, and change nothing.

Examples:
  coterie get cart:alice
  coterie get cart:alice --r all --details
  coterie get cart:alice --pr quorum --read-repair blocking
  coterie get cart:alice --resolver siblings
  coterie get cart:alice --json | jq .siblings`;

export function addGet(program: Command): void {
  const command = program.command("get").argument("<key>").description("read a key at r of its n replicas");
  addRequestFlags(command, "read")
    .addHelpText("after", help)
    .action((key: string, flags: RequestFlags) => get(key, flags));
}

async function get(key: string, flags: RequestFlags): Promise<void> {
  const options = requestOptions(flags);
  if (flags.context !== undefined) await checkContext(flags.bucket, key, flags.context);
  const result = await withClient(flags, (client) => client.inspect(flags.bucket, key, options));
  const effective = effectiveOf(result.effective, options);
  // Only now the cluster's n and defaults are known: `--w 4` may be right or wrong.
  const { from: _, ...settled } = effective;
  settleOptions("put", settled, flags.bucket, { defaults: { n: effective.n }, buckets: {} });
  const { found, type, siblings, context, answered } = result;
  const unresolved = result.unresolved?.message;
  if (!found) process.exitCode = exitCodes.failed;
  if (flags.json === true) {
    const value = result.value ?? null;
    process.stdout.write(
      `${toJson({ key, bucket: flags.bucket, found, type, value, siblings, unresolved, context, effective, answered })}\n`,
    );
    return;
  }
  if (flags.details === true) tellDetails(effective, answered, context.toString());
  show(`${flags.bucket}/${key}`, result);
}

function show(name: string, { found, type, siblings, value, unresolved }: Inspection): void {
  if (!found) return void process.stderr.write(`coterie: there is nothing under ${name}\n`);
  if (type !== "value") return void process.stdout.write(`${showValue(value)}\n`);
  if (siblings.length === 1) return void process.stdout.write(`${showValue(siblings[0])}\n`);
  if (value !== undefined) {
    process.stderr.write(
      `${name} has ${siblings.length} siblings, and this is what its resolver makes of them; --resolver siblings shows them.\n`,
    );
    return void process.stdout.write(`${showValue(value)}\n`);
  }
  process.stderr.write(
    `${name} has ${siblings.length} siblings: none was written by somebody who had seen the others.\n`,
  );
  if (unresolved !== undefined) process.stderr.write(`They could not be merged: ${unresolved.message}\n`);
  siblings.forEach((sibling, at) =>
    process.stdout.write(`--- sibling ${at + 1} of ${siblings.length}\n${showValue(sibling)}\n`),
  );
}

/** @throws BAD_CONTEXT, INVALID_ARGUMENT */
async function checkContext(bucket: string, key: string, token: string): Promise<void> {
  const [{ Context }, { hashKey, makeKey }] = await Promise.all([
    import("../../../client/index.ts"),
    import("../../../src/key.ts"),
  ]);
  Context.bytesOf(hashKey(makeKey(bucket, key)), token);
}
