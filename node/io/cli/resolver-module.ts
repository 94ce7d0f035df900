/** A user's merge, loaded from a file in TypeScript or JavaScript, and samples from a file or beside the merge. */
import { readFileSync, statSync } from "node:fs";
import { resolve as absolute } from "node:path";
import type { MergeFunction } from "../../../client/laws.ts";
import { CoterieError, invalidArgument } from "../../../src/errors.ts";

export interface LoadedMerge {
  readonly merge: MergeFunction<unknown>;
  /** What the file exports under that name, or gave to `merge`. */
  readonly samples: unknown;
}

type Exports = Readonly<Record<string, unknown>>;

/** @throws INVALID_ARGUMENT saying what is wrong with the file */
export async function loadMerge(path: string, name = "default"): Promise<LoadedMerge> {
  const exports = await load(path);
  const given = exports[name] ?? inDefault(exports, name);
  if (given === undefined || isEmpty(given))
    throw invalidArgument(`${path} has no ${exportText(name)}; ${exportedText(exports)}`);
  const { kind, merge, options } = (typeof given === "object" ? given : {}) as Exports;
  const join = kind === "merge" ? merge : given;
  if (typeof join !== "function")
    throw invalidArgument(
      `the ${exportText(name)} of ${path} is ${kindText(given)}, not a function (a, b) => … or merge(…)`,
    );
  const samples = exports["samples"] ?? (options as Exports | undefined)?.["samples"];
  return { merge: join as MergeFunction<unknown>, samples };
}

/** @throws INVALID_ARGUMENT */
export function loadSamples(path: string): readonly unknown[] {
  const text = readText(path);
  let samples: unknown;
  try {
    samples = JSON.parse(text);
  } catch (error) {
    throw invalidArgument(`${path} is no JSON: ${(error as Error).message}`);
  }
  if (!Array.isArray(samples)) throw invalidArgument(`${path} holds ${kindText(samples)}, not an array of values`);
  return samples;
}

/** Registration would refuse a merge that breaks a law on its own samples: here it is to be loaded, and found out. */
async function load(path: string): Promise<Exports> {
  readText(path);
  const { NODE_ENV } = process.env;
  process.env["NODE_ENV"] = "production";
  try {
    const { createJiti } = await import("jiti");
    return await createJiti(import.meta.url, { fsCache: false, interopDefault: false }).import<Exports>(absolute(path));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new CoterieError(
      "INVALID_ARGUMENT",
      `${path} cannot be loaded: ${message.split("\nRequire stack")[0]!.replaceAll(/\s+/g, " ")}`,
      {
        cause: error,
      },
    );
  } finally {
    if (NODE_ENV === undefined) delete process.env["NODE_ENV"];
    else process.env["NODE_ENV"] = NODE_ENV;
  }
}

function readText(path: string): string {
  try {
    if (statSync(path).isFile()) return readFileSync(path, "utf8");
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw invalidArgument(
      isMissing ? `there is no file ${path}` : `${path} cannot be read: ${(error as Error).message}`,
    );
  }
  throw invalidArgument(`${path} is no file`);
}

/** `module.exports = { mergeCarts }` is one default export. */
function inDefault(exports: Exports, name: string): unknown {
  const all = exports["default"];
  return typeof all === "object" && all !== null ? (all as Exports)[name] : undefined;
}

function exportText(name: string): string {
  return name === "default" ? "default export" : `export ${name}`;
}

function exportedText(exports: Exports): string {
  const functions = Object.entries(exports).filter(([name, value]) => name !== "default" && isMerge(value));
  if (functions.length === 0) return "and none that is a function";
  return `name one with --export: ${functions.map(([name]) => name).join(", ")}`;
}

/** What something is, as far as a sentence needs it. */
export function kindText(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** As a file that exports nothing has it for its default export: it could be CommonJS. */
function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function isMerge(value: unknown): boolean {
  return typeof value === "function" || (value as { readonly kind?: unknown } | null)?.kind === "merge";
}
