/**
 * The shape of a replicated value: of which type it is, what its readers are shown, and what its writers may do to it. A shape stands
 * for a whole key or for a field of a map, and maps are made of shapes.
 */
import type { CausalContext } from "../src/causal-context.ts";
import { checkPath, fieldNames, fieldPath, fieldWithin, isWithin, rootPath, type DataType } from "../src/crdt/path.ts";
import { invalidArgument, tooLarge } from "../src/errors.ts";
import { limits } from "../src/limits.ts";
import type { Sibling, StoredObject } from "../src/object.ts";
import type { Batch } from "./batch.ts";

export interface Shape<Value, Editor> {
  readonly type: DataType;
  /** The value at a path of an object; where nothing is, the empty one. */
  read(object: StoredObject, path: string): Value;
  /** What adds changes of the place to a batch. */
  edit(batch: Batch, path: string): Editor;
  /** Whether there can be such a value at a path. @throws INVALID_ARGUMENT, TOO_LARGE */
  check?(path: string): void;
}

export type ValueOf<S> = S extends Shape<infer Value, unknown> ? Value : never;
export type EditorOf<S> = S extends Shape<unknown, infer Editor> ? Editor : never;

export function isShape(value: unknown): value is Shape<unknown, unknown> {
  if (value === null || typeof value !== "object") return false;
  const { type, read, edit } = value as Partial<Shape<unknown, unknown>>;
  return typeof type === "string" && typeof read === "function" && typeof edit === "function";
}

/** Where a field of the map at `map` is. @throws INVALID_ARGUMENT, TOO_LARGE */
export function pathOfField(map: string, name: unknown, type: DataType): string {
  if (typeof name !== "string" || name === "")
    throw invalidArgument(`a field's name is a text of at least one character, not ${JSON.stringify(name)}`);
  const path = fieldPath(map, name, type);
  if (path.length > limits.pathLengthMax)
    throw tooLarge(
      `the name of field ${name.slice(0, 40)}… is too long: with all that it lies in it has ${path.length} characters, the limit is ${limits.pathLengthMax}`,
    );
  checkPath(path);
  return path;
}

/** For people: `owner.name`; of a whole key "". */
export function placeName(path: string): string {
  return fieldNames(path).join(".");
}

export interface Part {
  readonly name: string;
  readonly object: StoredObject;
}

/** What of an object belongs to each field of the map at `map`, by the field's path: one pass, however many fields. */
export function partsOf(whole: StoredObject, map: string): ReadonlyMap<string, Part> {
  const { context } = whole;
  const parts = new Map<
    string,
    { name: string; object: { siblings: Sibling[]; spent: Sibling[]; context: CausalContext } }
  >();
  for (const list of ["siblings", "spent"] as const)
    for (const sibling of whole[list]) {
      const field = isWithin(sibling.path, map) ? fieldWithin(sibling.path, map) : undefined;
      if (field === undefined) continue;
      const part = parts.get(field.path) ?? { name: field.name, object: { siblings: [], spent: [], context } };
      part.object[list].push(sibling);
      parts.set(field.path, part);
    }
  return parts;
}

/** Of a whole key. */
export function pathOfKey({ type }: Pick<Shape<unknown, unknown>, "type">): string {
  return rootPath(type);
}
