/**
 * What a configuration may say of a node's tuning. The unit at the end of a field's name says what it may be, so that a new field of
 * `Tuning` is one of the configuration too; how the fields must fit each other stands here.
 */
import { z } from "zod";
import { invalidArgument } from "../../src/errors.ts";
import { limits } from "../../src/limits.ts";
import { defaultTuning, type Tuning } from "../tuning.ts";

/** Fields that are left out are as in `defaultTuning`. */
export type TuningOptions = { readonly [Name in keyof Tuning]?: number | undefined };

const names = Object.keys(defaultTuning) as (keyof Tuning)[];
const fields = Object.fromEntries(names.map((name) => [name, fieldOf(name)])) as Record<
  keyof Tuning,
  z.ZodOptional<z.ZodNumber>
>;

export const tuningSchema: z.ZodObject<typeof fields, z.core.$strict> = z.strictObject(fields);

function fieldOf(name: keyof Tuning): z.ZodOptional<z.ZodNumber> {
  return (name.endsWith("Share") ? z.number().min(0).max(1) : z.number().positive()).optional();
}

/** With the defaults. @throws INVALID_ARGUMENT if two of them do not fit each other */
export function settleTuning(given: TuningOptions): Tuning {
  const chosen = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const tuning: Tuning = { ...defaultTuning, ...chosen };
  const { probeIntervalMs, messageLifetimeMs, hintAgeMsMax, tombstoneAgeMs, retryWindowMs } = tuning;
  refuse(
    tuning.probeTimeoutMs >= probeIntervalMs / 2,
    `tuning.probeTimeoutMs is ${tuning.probeTimeoutMs}: it must be below half of ${other("probeIntervalMs")}, so that others can be asked to try in the rest of it`,
  );
  refuse(
    messageLifetimeMs < limits.timeoutMsMax,
    `tuning.messageLifetimeMs is ${messageLifetimeMs}: it must be at least ${limits.timeoutMsMax}, the longest timeout of a request`,
  );
  refuse(
    retryWindowMs < limits.timeoutMsMax,
    `tuning.retryWindowMs is ${retryWindowMs}: it must be at least ${limits.timeoutMsMax}, the longest timeout of a request`,
  );
  refuse(
    tombstoneAgeMs <= hintAgeMsMax,
    `tuning.tombstoneAgeMs is ${tombstoneAgeMs}: it must be above ${other("hintAgeMsMax")}, or a hint could bring back what was deleted`,
  );
  refuse(
    tombstoneAgeMs < retryWindowMs,
    `tuning.tombstoneAgeMs is ${tombstoneAgeMs}: it must be at least ${other("retryWindowMs")}, or a retry could bring back what was deleted`,
  );
  return tuning;

  function other(name: keyof Tuning): string {
    return `tuning.${name}, ${name in chosen ? "which is" : "by default"} ${tuning[name]}`;
  }
}

function refuse(wrong: boolean, sentence: string): void {
  if (wrong) throw invalidArgument(sentence);
}
