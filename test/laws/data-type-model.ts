/**
 * What every replicated data type should show, told without dots, joins or contexts: from what was done, and for each thing that was
 * done, what was replaced by it, because its writer had seen it, or because the coordinator had and the type says so.
 *
 *   alive = what has been heard of, without what is replaced by something that has been heard of
 *
 * The same thing done at two coordinators, by a retry, is one thing that was done twice.
 */
import type { Dot } from "../../src/dot.ts";
import { compareDots } from "../../src/dot.ts";
import { typeAt, type LeafType } from "../../src/crdt/path.ts";
import { compareTimestamps, type Timestamp } from "../../src/timestamp.ts";

/** The value of a delete under `lww`. */
export const deleted = -1;

/** One thing that somebody wanted done at one place. */
export interface Deed {
  readonly path: string;
  readonly kind: "add" | "remove" | "clear" | "count";
  /** An element, the value of a register, or an amount. */
  readonly value: number;
  /** What its writer has named: that is what it wants replaced. */
  readonly seen: ReadonlySet<Deed>;
}

/** A deed as one coordinator did it. */
export interface Done {
  readonly deed: Deed;
  readonly replaced: ReadonlySet<Deed>;
  /** Of what added an element. */
  readonly dot: Dot | undefined;
  readonly timestamp: Timestamp;
}

/** What a coordinator replaces beyond that: one live element is enough, but nothing overrules a removal that was not seen. */
export function replacedBy(deed: Deed, live: readonly Deed[]): Set<Deed> {
  if (!doesAddElement(deed)) return new Set(deed.seen);
  const type = typeAt(deed.path) as LeafType;
  const isReplaced = (other: Deed): boolean => {
    if (other.path !== deed.path || other === deed) return false;
    if (type === "lwwRegister" || type === "ewFlag") return true;
    if (type === "gSet" || type === "orSet") return other.value === deed.value;
    const overrules = deed.kind === "add" && other.kind === "remove";
    if (type === "rwSet") return other.value === deed.value && !overrules;
    return type === "dwFlag" && !overrules;
  };
  return new Set([...deed.seen, ...live.filter(isReplaced)]);
}

/** Removals of a set in which removing wins stay, as elements that say so. */
export function doesAddElement({ kind, path }: Deed): boolean {
  const type = typeAt(path);
  return kind === "add" || (kind === "remove" && (type === "rwSet" || type === "dwFlag"));
}

/** What a reader should be shown at a place: a number of a counter, else a list. */
export function modelOf(heard: ReadonlySet<Done>, path: string): number | number[] {
  const replaced = new Set([...heard].flatMap((done) => [...done.replaced]));
  const alive = [...heard].filter(({ deed }) => deed.path === path && !replaced.has(deed));
  const deeds = [...new Set(alive.map(({ deed }) => deed))];
  const added = deeds.filter(({ kind }) => kind === "add").map(({ value }) => value);
  const removed = deeds.filter((deed) => deed.kind === "remove" && doesAddElement(deed)).map(({ value }) => value);
  switch (typeAt(path)) {
    case "gCounter":
    case "pnCounter":
      return deeds.filter(({ kind }) => kind === "count").reduce((sum, { value }) => sum + value, 0);
    case "lwwRegister":
      return latestOf(alive.filter(({ deed }) => deed.kind === "add"));
    case "mvRegister":
      return added.sort((a, b) => a - b);
    case "dwFlag":
      return added.length > 0 && removed.length === 0 ? [1] : [];
    case "ewFlag":
      return added.length > 0 ? [1] : [];
    default:
      return [...new Set(added)].filter((value) => !removed.includes(value)).sort((a, b) => a - b);
  }
}

/**
 * What may show although it is replaced: of things that were done twice each, several at one path, two may have replaced each other,
 * and nobody can tell that from two late retries of what somebody else took away.
 */
export function crossedAt(heard: ReadonlySet<Done>, path: string): readonly number[] {
  const here = [...heard].filter(({ deed }) => deed.path === path && doesAddElement(deed));
  const deeds = [...new Set(here.map(({ deed }) => deed))];
  const twice = deeds.filter((deed) => here.filter((done) => done.deed === deed).length > 1);
  return twice.length > 1 ? twice.map(({ value }) => value) : [];
}

function latestOf(writes: readonly Done[]): number[] {
  const sorted = writes.toSorted((a, b) => compareTimestamps(a.timestamp, b.timestamp) || compareDots(a.dot!, b.dot!));
  const last = sorted.at(-1);
  return last === undefined || last.deed.value === deleted ? [] : [last.deed.value];
}
