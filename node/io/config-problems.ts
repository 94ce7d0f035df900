/** What is wrong with a configuration, in sentences: which field, which value, what is allowed. Values of secrets are never shown. */
import type { z } from "zod";

type Path = readonly PropertyKey[];

/** The fields that may stand at a place, for guessing which one was meant. */
export type FieldsAt = (path: Path) => readonly string[];

const secretFields = new Set<PropertyKey>(["clientTokens", "clusterSecret"]);
/** Letters that may be wrong in a name that is still recognized: no more than a third of it. */
const slipShare = 1 / 3;

const kinds: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

export function describeProblems(issues: readonly z.core.$ZodIssue[], given: unknown, fieldsAt: FieldsAt): string {
  const unknown = issues.flatMap((issue) => (issue.code === "unrecognized_keys" ? unknownFields(issue, fieldsAt) : []));
  const meant = new Set(unknown.map((field) => field.meant));
  const known = issues.filter(({ code }) => code !== "unrecognized_keys");
  const missing = known.filter(({ path }) => path.length > 0 && valueAt(given, path) === undefined);
  const unexplained = missing.map(({ path }) => nameOf(path)).filter((name) => !meant.has(name));
  const wrong = known.filter((issue) => !missing.includes(issue)).map((issue) => wrongValue(issue, given));
  return [...sentenceOfMissing(unexplained), ...wrong, ...unknown.map(sentenceOfUnknown)].join("; ");
}

interface UnknownField {
  readonly name: string;
  readonly meant: string | undefined;
}

function unknownFields({ path, keys }: z.core.$ZodIssueUnrecognizedKeys, fieldsAt: FieldsAt): readonly UnknownField[] {
  return keys.map((key) => {
    const meant = nearest(key, fieldsAt(path));
    return { name: nameOf([...path, key]), meant: meant && nameOf([...path, meant]) };
  });
}

function sentenceOfUnknown({ name, meant }: UnknownField): string {
  return `${name}: unknown field${meant === undefined ? "" : `; did you mean ${meant}?`}`;
}

function sentenceOfMissing(names: readonly string[]): readonly string[] {
  const last = names.at(-1);
  if (last === undefined) return [];
  return [names.length === 1 ? `${last} is missing` : `${names.slice(0, -1).join(", ")} and ${last} are missing`];
}

function wrongValue(issue: z.core.$ZodIssue, given: unknown): string {
  const { path } = issue;
  const name = nameOf(path) || "the configuration";
  const isShown = path.length > 0 && !secretFields.has(path[0]!);
  return `${name}${isShown ? ` is ${JSON.stringify(valueAt(given, path))}` : ""}: ${allowed(issue)}`;
}

function allowed(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `it must be ${kinds[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `it must be one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
    case "too_big":
      return `it must ${bound(issue)}`;
    default:
      return issue.message;
  }
}

function bound(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const [limit, least] = issue.code === "too_small" ? [issue.minimum, true] : [issue.maximum, false];
  const words = issue.inclusive === false ? (least ? "above" : "below") : least ? "at least" : "at most";
  if (issue.origin === "number" || issue.origin === "int") return `be ${words} ${limit}`;
  return limit === 1 && least
    ? "not be empty"
    : `have ${words} ${limit} ${issue.origin === "string" ? "characters" : "entries"}`;
}

function nameOf(path: Path): string {
  return path.map(String).join(".");
}

function valueAt(given: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, step) => (at as Record<PropertyKey, unknown> | undefined)?.[step], given);
}

function nearest(name: string, known: readonly string[]): string | undefined {
  const slips = known.map((one) => ({ one, count: slipsBetween(name.toLowerCase(), one.toLowerCase()) }));
  const [best] = slips.sort((a, b) => a.count - b.count);
  return best !== undefined && best.count <= Math.max(1, best.one.length * slipShare) ? best.one : undefined;
}

/** Letters added, left out or changed between two words (Levenshtein's distance). */
function slipsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
