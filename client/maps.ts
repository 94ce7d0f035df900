/**
 * Maps of fields, each of a shape of its own, maps again among them. A map with a schema has the fields that it names; a map of fields
 * (`of`) has whatever fields were written: with registers in it an LWW-map, with anything else an OR-map.
 */
import { fieldPath } from "../src/crdt/path.ts";
import { emptyObject, type StoredObject } from "../src/object.ts";
import { invalidArgument } from "../src/errors.ts";
import { rootTypes } from "../src/shown.ts";
import type { Batch } from "./batch.ts";
import { isShape, partsOf, pathOfField, type EditorOf, type Shape, type ValueOf } from "./shape.ts";

export type Schema = Readonly<Record<string, Shape<unknown, unknown>>>;
export type MapValue<S extends Schema> = { readonly [Name in keyof S]: ValueOf<S[Name]> };
export type MapEditor<S extends Schema> = { readonly [Name in keyof S]: EditorOf<S[Name]> };

/** A map with the fields of a schema. @throws INVALID_ARGUMENT, TOO_LARGE on names and shapes that cannot be */
export function map<S extends Schema>(schema: S): Shape<MapValue<S>, MapEditor<S>> {
  if (schema === null || typeof schema !== "object")
    throw invalidArgument(`a map's schema is an object of shapes, as in { status: register() }, not ${String(schema)}`);
  const fields = Object.entries(schema);
  for (const [name, shape] of fields)
    if (!isShape(shape))
      throw invalidArgument(
        `the shape of field ${name} is register(), set(), counter() or the like, not ${String(shape)}`,
      );
  return {
    type: "map",
    read(object, path) {
      const parts = partsOf(object, path);
      const values = fields.map(([name, shape]) => {
        const at = fieldPath(path, name, shape.type);
        return [name, shape.read(parts.get(at)?.object ?? emptyObject, at)];
      });
      return Object.fromEntries(values) as MapValue<S>;
    },
    edit(batch, path) {
      const editors = fields.map(([name, shape]) => [name, shape.edit(batch, pathOfField(path, name, shape.type))]);
      return Object.fromEntries(editors) as MapEditor<S>;
    },
    check(path) {
      for (const [name, shape] of fields) {
        const at = pathOfField(path, name, shape.type);
        shape.check?.(at);
      }
    },
  };
}

/** What an edit may do to a map of any fields. */
export class FieldsEditor<Editor> {
  readonly #batch: Batch;
  readonly #path: string;
  readonly #shape: Shape<unknown, Editor>;

  constructor(batch: Batch, path: string, shape: Shape<unknown, Editor>) {
    this.#batch = batch;
    this.#path = path;
    this.#shape = shape;
  }

  /** @throws INVALID_ARGUMENT, TOO_LARGE */
  field(name: string): Editor {
    return this.#shape.edit(this.#batch, pathOfField(this.#path, name, this.#shape.type));
  }

  /** Removes a field with all that was seen in it: what is written there concurrently stays. */
  delete(name: string): void {
    this.#batch.clear(pathOfField(this.#path, name, this.#shape.type));
  }

  /** Removes all fields that were seen. */
  clear(): void {
    this.#batch.clear(this.#path);
  }
}

/** A map of any fields, all of one shape. */
export function of<Value, Editor>(
  shape: Shape<Value, Editor>,
): Shape<ReadonlyMap<string, Exclude<Value, undefined>>, FieldsEditor<Editor>> {
  if (!isShape(shape)) throw invalidArgument(`of takes a shape, as in of(register()), not ${String(shape)}`);
  return {
    type: "map",
    read: (object, path) => new Map(fieldsIn(object, path, shape)),
    edit: (batch, path) => new FieldsEditor(batch, path, shape),
    check(path) {
      const at = pathOfField(path, "x", shape.type);
      shape.check?.(at);
    },
  };
}

/** By name, so that equal maps look equal. */
function fieldsIn<Value>(
  object: StoredObject,
  path: string,
  shape: Shape<Value, unknown>,
): [string, Exclude<Value, undefined>][] {
  const fields: [string, Exclude<Value, undefined>][] = [];
  for (const [at, part] of partsOf(object, path)) {
    if (at !== fieldPath(path, part.name, shape.type) || rootTypes(part.object).size === 0) continue;
    fields.push([part.name, shape.read(part.object, at) as Exclude<Value, undefined>]);
  }
  return fields.sort(([a], [b]) => (a < b ? -1 : 1));
}
