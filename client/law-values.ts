/**
 * Values like the application's own, drawn by fast-check: laws that hold on three samples may break on the fourth.
 *
 * A generator has the shape that the samples have in common, and little choice within it, so that the values of one trial overlap as
 * siblings do: the same items, the same fields, ties between numbers.
 *
 * - Texts, bytes and moments are those of the samples at the same place, and a few others.
 * - Numbers are those of the samples and small ones, as far as they are of the same kind: whole, and not below zero.
 * - Arrays have any of the items in any order. They have none twice where no sample has, and no two with the same `id` (or what else
 *   names them) where no sample has.
 * - Fields that some sample lacks may be lacking. An object whose fields are all alike, of several fields each, is a dictionary: any
 *   of its entries may be lacking.
 */
import {
  array,
  boolean,
  constant,
  constantFrom,
  dictionary,
  integer,
  oneof,
  record,
  uniqueArray,
  type Arbitrary,
} from "fast-check";
import { distinct, isFields, isSame, type Fields } from "./same-value.ts";

/** What names an item of an array, in the order in which it is believed. */
const namingFields = ["id", "key", "uuid", "sku", "name", "title"];
const otherTexts = ["a", "b", "c"];
const itemsMore = 2;
const itemsMax = 6;
/** Of the samples at one place: among many, no two values would ever have anything in common. */
const choicesMax = 8;

/** At least one sample. */
export function valuesLike(samples: readonly unknown[]): Arbitrary<unknown> {
  const kinds = new Map<string, unknown[]>();
  for (const sample of samples) {
    const kind = kindOf(sample);
    const alike = kinds.get(kind) ?? [];
    alike.push(sample);
    kinds.set(kind, alike);
  }
  return oneof(...[...kinds].map(([kind, alike]) => valuesOfKind(kind, alike)));
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value !== "object") return typeof value;
  return isFields(value) ? "fields" : "other";
}

function valuesOfKind(kind: string, samples: readonly unknown[]): Arbitrary<unknown> {
  switch (kind) {
    case "boolean":
      return boolean();
    case "number":
      return numbersLike(samples as readonly number[]);
    case "bigint":
      return constantFrom(...distinct([0n, 1n, ...few(samples)]));
    case "string":
      return constantFrom(...distinct([...otherTexts, ...few(samples)]));
    case "array":
      return arraysLike(samples as readonly (readonly unknown[])[]);
    case "fields":
      return fieldsLike(samples as readonly Fields[]);
    default:
      return constantFrom(...few(samples));
  }
}

function numbersLike(samples: readonly number[]): Arbitrary<unknown> {
  const isWhole = samples.every((sample) => Number.isInteger(sample));
  const least = samples.every((sample) => sample >= 0) ? 0 : -3;
  const small = integer({ min: least, max: 3 });
  return oneof(small, constantFrom(...few(samples)), ...(isWhole ? [] : [small.map((whole) => whole / 2)]));
}

function arraysLike(samples: readonly (readonly unknown[])[]): Arbitrary<unknown> {
  const items = samples.flat();
  if (items.length === 0) return constant([]);
  const longest = samples.reduce((most, { length }) => Math.max(most, length), 0);
  const maxLength = Math.min(longest + itemsMore, itemsMax);
  const item = valuesLike(items);
  const naming = namingFieldOf(samples);
  if (naming !== undefined)
    return uniqueArray(item, { maxLength, selector: (one) => (one as Fields)[naming], comparator: isSame });
  const mayRepeat = samples.some((sample) => distinct(sample).length < sample.length);
  return mayRepeat ? array(item, { maxLength }) : uniqueArray(item, { maxLength, comparator: isSame });
}

function few<T>(samples: readonly T[]): T[] {
  return distinct(samples).slice(0, choicesMax);
}

/** A field that all items have, and none of the same array in common with another. */
function namingFieldOf(samples: readonly (readonly unknown[])[]): string | undefined {
  if (!samples.flat().every((item) => kindOf(item) === "fields")) return undefined;
  const arrays = samples as readonly (readonly Fields[])[];
  return namingFields.find((name) =>
    arrays.every((items) => {
      const names = items.map((item) => item[name]);
      return !names.includes(undefined) && distinct(names).length === names.length;
    }),
  );
}

function fieldsLike(samples: readonly Fields[]): Arbitrary<unknown> {
  const names = [...new Set(samples.flatMap((sample) => Object.keys(sample)))];
  const entries = samples.flatMap((sample) => Object.values(sample).filter((one) => one !== undefined));
  if (names.length === 0) return constant({});
  if (isDictionary(entries))
    return dictionary(constantFrom(...names), valuesLike(entries), { maxKeys: names.length, noNullPrototype: true });
  const isEverywhere = (name: string): boolean => samples.every((sample) => sample[name] !== undefined);
  const shapes = names.map((name) => {
    const here = samples.map((sample) => sample[name]).filter((one) => one !== undefined);
    return [name, valuesLike(here.length > 0 ? here : [null])] as const;
  });
  return record(Object.fromEntries(shapes), { requiredKeys: names.filter(isEverywhere), noNullPrototype: true });
}

/** Entries that all have the same fields, two at least: nobody gives a record fields like that. */
function isDictionary(entries: readonly unknown[]): boolean {
  const [first, ...others] = entries;
  if (others.length === 0 || !entries.every((entry) => kindOf(entry) === "fields")) return false;
  const names = Object.keys(first as Fields).sort();
  return names.length > 0 && others.every((other) => isSame(Object.keys(other as Fields).sort(), names));
}
