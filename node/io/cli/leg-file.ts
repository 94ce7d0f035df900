/** A file that says how long each leg of a request takes (WARS): as a law with its parameters, or as delays that were measured. */
import { readFileSync } from "node:fs";
import { invalidArgument } from "../../../src/errors.ts";
import { exponential, mixture, pareto, sampled, type DelayLaw, type LegLaws } from "../../../sim/delay-laws.ts";
import { kindText } from "./resolver-module.ts";

/** How far off 1 shares may be that were rounded. */
const shareSlack = 1e-6;

/** @throws INVALID_ARGUMENT: which file, which field, what it should be */
export function loadLegs(path: string): LegLaws {
  const legs = readJson(path);
  try {
    const { w, a, r, s } = fieldsOf(legs, "the file", ["w", "a", "r", "s"]);
    return { w: lawOf(w, "w"), a: lawOf(a, "a"), r: lawOf(r, "r"), s: lawOf(s, "s") };
  } catch (error) {
    throw invalidArgument(`${path}: ${(error as Error).message}`);
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw invalidArgument(isMissing ? `there is no file ${path}` : `${path}: ${(error as Error).message}`);
  }
}

function lawOf(value: unknown, name: string): DelayLaw {
  const entries = Object.entries(objectOf(value, name));
  const [kind, law] = entries[0] ?? [];
  if (entries.length === 1 && kind === "exponential") return exponential(delayOf(law, `${name}.exponential`));
  if (entries.length === 1 && kind === "pareto") return paretoOf(law, `${name}.pareto`);
  if (entries.length === 1 && kind === "samples") return sampledOf(law, `${name}.samples`);
  if (entries.length === 1 && kind === "mixture") return mixtureOf(law, `${name}.mixture`);
  throw invalidArgument(`${name} must have one of the fields exponential, pareto, samples and mixture`);
}

function paretoOf(value: unknown, name: string): DelayLaw {
  const { leastMs, alpha } = fieldsOf(value, name, ["leastMs", "alpha"]);
  const shape = delayOf(alpha, `${name}.alpha`);
  if (shape === 0) throw invalidArgument(`${name}.alpha is 0: it must be above`);
  return pareto(delayOf(leastMs, `${name}.leastMs`), shape);
}

function sampledOf(value: unknown, name: string): DelayLaw {
  return sampled(listOf(value, name).map((one, at) => delayOf(one, `${name}.${at}`)));
}

function mixtureOf(value: unknown, name: string): DelayLaw {
  const parts = listOf(value, name).map((part, at) => {
    const { share, law } = fieldsOf(part, `${name}.${at}`, ["share", "law"]);
    return { share: delayOf(share, `${name}.${at}.share`), law: lawOf(law, `${name}.${at}.law`) };
  });
  const sum = parts.reduce((all, { share }) => all + share, 0);
  if (Math.abs(sum - 1) > shareSlack) throw invalidArgument(`the shares of ${name} add up to ${sum}: it must be 1`);
  // The last law takes what the others leave, so that rounded shares leave no gap.
  const [last, ...others] = parts.reverse();
  let left = last!.share;
  return others.reduce((rest, { share, law }) => {
    left += share;
    return mixture(left === 0 ? 0 : share / left, law, rest);
  }, last!.law);
}

function fieldsOf(value: unknown, name: string, fields: readonly string[]): Readonly<Record<string, unknown>> {
  const given = objectOf(value, name);
  const unknown = Object.keys(given).find((field) => !fields.includes(field));
  const missing = fields.find((field) => given[field] === undefined);
  if (unknown !== undefined || missing !== undefined)
    throw invalidArgument(
      `${name} must have the fields ${fields.join(", ")}: ${missing === undefined ? `${unknown} is none of them` : `${missing} is missing`}`,
    );
  return given;
}

function objectOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw invalidArgument(`${name} is ${kindText(value)}: it must be an object`);
}

function listOf(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0) return value;
  throw invalidArgument(`${name} is ${Array.isArray(value) ? "empty" : kindText(value)}: it must be an array`);
}

function delayOf(value: unknown, name: string): number {
  if (typeof value === "number" && value >= 0) return value;
  throw invalidArgument(
    `${name} is ${typeof value === "number" ? value : kindText(value)}: it must be a number from 0 on`,
  );
}
