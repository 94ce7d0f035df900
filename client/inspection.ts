/**
 * What a key holds as a value that its types alone explain: for people and programs that have no schema, such as the command line.
 * Sets are arrays, maps are objects, flags are booleans; of several types under one name each is shown, by its type.
 */
import { typeAt, type DataType } from "../src/crdt/path.ts";
import { latest, type StoredObject } from "../src/object.ts";
import { rootTypes } from "../src/shown.ts";
import type { BucketOptions, GetResult } from "./bucket.ts";
import { checkNames } from "./options.ts";
import { Context } from "./context.ts";
import { counter, growCounter } from "./counters.ts";
import { flag } from "./flags.ts";
import { multiRegister, register } from "./registers.ts";
import { Requests, type BucketHost } from "./requests.ts";
import { asRequest, checkResolver, nodeMerge, resolve } from "./resolver.ts";
import { growSet, set } from "./sets.ts";
import { partsOf, pathOfKey, type Shape } from "./shape.ts";

/** A map whose fields are whatever they are. */
const anyMap: Pick<Shape<unknown, unknown>, "type" | "read"> = {
  type: "map",
  read(object, path) {
    const fields: [name: string, type: DataType, value: unknown][] = [];
    for (const [at, part] of partsOf(object, path))
      if (rootTypes(part.object).size > 0)
        fields.push([part.name, typeAt(at), shown(shapes[typeAt(at)].read(part.object, at))]);
    return byName(fields);
  },
};

const shapes: Readonly<Record<DataType, Pick<Shape<unknown, unknown>, "type" | "read">>> = {
  pnCounter: counter(),
  gCounter: growCounter(),
  gSet: growSet(),
  orSet: set(),
  rwSet: set({ wins: "remove" }),
  lwwRegister: register(),
  mvRegister: multiRegister(),
  ewFlag: flag(),
  dwFlag: flag({ wins: "disable" }),
  map: anyMap,
};

export interface Inspection extends GetResult<unknown> {
  /** `value` of what was put; else what kind of replicated value it is, or several kinds where writers disagreed. */
  readonly type: string;
}

/**
 * Reads a key of whatever type. A replicated value has no siblings; those of others are merged by the node, if it can.
 * @throws as `Bucket#get`
 */
export async function inspect(
  host: BucketHost,
  bucket: string,
  key: string,
  options: Omit<BucketOptions<unknown>, "resolveOnRead">,
): Promise<Inspection> {
  const { resolver = nodeMerge } = options;
  checkNames("bucket", options);
  checkResolver(resolver);
  const requests = new Requests(host, bucket, asRequest(options));
  const asked = { head: false, details: true, ...(resolver.kind === "node" && { resolve: true }) };
  return requests.get(key, undefined, asked, ({ keyHash, object, effective, reply }) => {
    const context = Context.ofToken(keyHash, { context: object.context, latest: latest(object) });
    const plain = resolve<unknown>(resolver, object, reply);
    const data = dataIn(object) ?? { type: "value", value: plain.value };
    const found = plain.found || data.type !== "value";
    return { ...plain, found, ...data, context, effective, ...(reply.answered && { answered: reply.answered }) };
  });
}

/** The types of the replicated values under a key, and what they are; `undefined` if there are none, but perhaps plain ones. */
function dataIn(object: StoredObject): { readonly type: string; readonly value: unknown } | undefined {
  const types = [...rootTypes(object)].filter((type) => type !== "value");
  if (types.length === 0) return undefined;
  const values = types.map((type) => [type, type, shown(shapes[type].read(object, pathOfKey({ type })))] as const);
  return { type: types.join(" and "), value: values.length === 1 ? values[0]![2] : byName(values) };
}

function shown(value: unknown): unknown {
  return value instanceof Set ? [...(value as ReadonlySet<unknown>)] : value;
}

/** Fields of one name and several types are told apart by their types. */
function byName(fields: readonly (readonly [string, DataType, unknown])[]): Readonly<Record<string, unknown>> {
  const counts = new Map<string, number>();
  for (const [name] of fields) counts.set(name, (counts.get(name) ?? 0) + 1);
  const named = fields.map(
    ([name, type, value]) => [counts.get(name) === 1 ? name : `${name} (${type})`, value] as const,
  );
  return Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)));
}
