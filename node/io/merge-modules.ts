/**
 * The application's merges that a configuration names: JavaScript modules, loaded once when the node starts.
 *
 *     buckets: { carts: { merge: "./cart-merge.js" }, lists: { merge: "./merges.js#mergeLists" } }
 *
 * A module exports the function as its default, or by the name behind `#`. Paths are relative to `directory`. A node whose merge cannot
 * be had does not start: it would answer otherwise than the others, and nobody would know why.
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CoterieError, invalidArgument } from "../../src/errors.ts";
import type { Merge, Merges } from "../merges.ts";

/** @param modules by bucket, as the configuration has them @throws INVALID_ARGUMENT which bucket, which module, what is wrong */
export async function loadMerges(modules: Readonly<Record<string, string>>, directory: string): Promise<Merges> {
  const loaded = Object.entries(modules).map(
    async ([bucket, name]) => [bucket, await loadMerge(bucket, name, directory)] as const,
  );
  return Object.fromEntries(await Promise.all(loaded));
}

async function loadMerge(bucket: string, name: string, directory: string): Promise<Merge> {
  const { file, exported } = parseName(name);
  const path = resolve(directory, file);
  const field = `buckets.${bucket}.merge`;
  if (/\.[cm]?tsx?$/.test(file))
    throw invalidArgument(`${field} is ${path}: a node loads JavaScript, so compile it and name what comes out`);
  const found = exportOf(await imported(field, path), exported);
  if (isFunction(found)) return found;
  const what = found === undefined ? "has no" : "has no function as its";
  throw invalidArgument(
    `${field} is ${path}, which ${what} ${exported === "default" ? "default export" : `export ${exported}`}`,
  );
}

/** `./merges.js#mergeCarts`; without a name it is the default export. */
function parseName(name: string): { readonly file: string; readonly exported: string } {
  const [, file = name, exported = "default"] = /^(.+)#([\p{ID_Start}$_][\p{ID_Continue}$]*)$/u.exec(name) ?? [];
  return { file, exported };
}

async function imported(field: string, path: string): Promise<object> {
  try {
    return (await import(pathToFileURL(path).href)) as object;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CoterieError("INVALID_ARGUMENT", `${field} is ${path}, which cannot be loaded: ${reason}`, {
      cause: error,
    });
  }
}

function exportOf(module: object, name: string): unknown {
  return Object.hasOwn(module, name) ? (module as Readonly<Record<string, unknown>>)[name] : undefined;
}

function isFunction(value: unknown): value is Merge {
  return typeof value === "function";
}
