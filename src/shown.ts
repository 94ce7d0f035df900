/**
 * What readers are shown of an object: no tombstones, nothing that was removed, and one operation once, however often it was tried.
 *
 * Only readers choose. What they are not shown stays in the object, and its context covers it, until a write takes its place: `sync`
 * never asks here.
 */
import { toBinary } from "./bytes.ts";
import { contextOf, type CausalContext } from "./causal-context.ts";
import { compareDots } from "./dot.ts";
import { counterValue, isReset, isResetMark } from "./crdt/counter.ts";
import { isWithin, plainPath, registerPath, rootTypeOf, typeAt, type DataType } from "./crdt/path.ts";
import { isDropped, placesOf, type Sibling, type StoredObject } from "./object.ts";
import type { OpId } from "./op-id.ts";
import { compareTimestamps } from "./timestamp.ts";

/** The values that stand side by side under a key that was put; of a register that is a whole key the one that won. */
export function visibleSiblings(object: StoredObject): readonly Sibling[] {
  const { siblings } = object;
  if (siblings.length === 0 || (siblings.length === 1 && siblings[0]!.path === plainPath))
    return siblings.length === 1 && siblings[0]!.value === undefined ? [] : siblings;
  const put = onceEach(object).filter(({ path }) => path === plainPath);
  const winner = registerWinner(object, registerPath);
  return [...put, ...(winner === undefined ? [] : [winner])].filter(({ value }) => value !== undefined);
}

/** All that was put under a key and has not been replaced, tombstones too: what a resolver chooses among. */
export function concurrentWrites(object: StoredObject): readonly Sibling[] {
  return onceEach(object).filter(({ path }) => path === plainPath || path === registerPath);
}

/** The latest of them, deletes among them: by timestamp, then by dot, so the same one everywhere. */
export function latestWrite(object: StoredObject): Sibling | undefined {
  return latestOf(concurrentWrites(object));
}

/**
 * What a register shows: the latest, by timestamp, then by dot; it may be a tombstone. A write that was tried twice and replaced under
 * one of its dots does not win under the other, though its second try may be later than what replaced it.
 */
export function registerWinner(object: StoredObject, path: string): Sibling | undefined {
  return latestOf(onceEach(object).filter((sibling) => sibling.path === path));
}

function latestOf(siblings: readonly Sibling[]): Sibling | undefined {
  let latest: Sibling | undefined;
  for (const sibling of siblings) if (latest === undefined || isLater(sibling, latest)) latest = sibling;
  return latest;
}

export function isLater(a: Sibling, b: Sibling): boolean {
  return (compareTimestamps(a.timestamp, b.timestamp) || compareDots(a.dot, b.dot)) > 0;
}

/** The elements at a path, one per operation: of a set with what was removed concurrently, if that wins, left out. */
export function elementsAt(object: StoredObject, path: string): readonly Sibling[] {
  const here = onceEach(object).filter((sibling) => sibling.path === path);
  const type = typeAt(path);
  if (type !== "rwSet" && type !== "dwFlag") return here;
  const removed = new Set(here.filter(({ value }) => value![0] === 0).map(elementOf));
  return here.filter((sibling) => sibling.value![0] === 1 && !removed.has(elementOf(sibling)));
}

/** The dots of what is live at a path and within it: what somebody who reads it has seen there. */
export function observedAt(object: StoredObject, path: string): CausalContext {
  return contextOf(object.siblings.filter((sibling) => isWithin(sibling.path, path)).map(({ dot }) => dot));
}

/** What kinds of things stand under a key, hidden ones left out: more than one only where writers disagreed. */
export function rootTypes(object: StoredObject): ReadonlySet<DataType | "value"> {
  const types = new Set<DataType | "value">();
  const isHiddenHere = hiddenIn(object);
  for (const sibling of object.siblings) {
    const type = sibling.path === registerPath ? "value" : (rootTypeOf(sibling.path) ?? "value");
    if (!types.has(type) && !isHiddenHere(sibling)) types.add(type); // in this order: whether it is hidden takes a walk
  }
  return types;
}

/** As far as this replica knows nothing is left to be shown. */
export function isDeleted(object: StoredObject): boolean {
  return object.siblings.every(hiddenIn(object));
}

/** Asked of many: from the second on that takes a walk it is no longer the whole object that is walked through, but their places. */
function hiddenIn(object: StoredObject): (sibling: Sibling) => boolean {
  let walks = 0;
  let places: ReadonlyMap<string, StoredObject> | undefined;
  return (sibling) => {
    if (sibling.path === plainPath || walks++ === 0) return isHidden(object, sibling);
    places ??= placesOf(object, new Set(object.siblings.map(({ path }) => path)));
    return isHidden(places.get(sibling.path)!, sibling);
  };
}

function isHidden(object: StoredObject, sibling: Sibling): boolean {
  const { path, value } = sibling;
  if (value === undefined) return true;
  if (path === plainPath) return isRepeated(object, sibling);
  switch (typeAt(path)) {
    case "gCounter":
    case "pnCounter":
      return isResetMark(sibling) || (isReset(object, path) && counterValue(object, path) === 0);
    case "lwwRegister":
      return registerWinner(object, path)?.value === undefined;
    case "rwSet":
    case "dwFlag":
      return value[0] === 0 || !elementsAt(object, path).includes(sibling);
    default:
      return isRepeated(object, sibling);
  }
}

/** Whether its operation shows already, or had its time, under another dot. Hardly any is worth the second look. */
function isRepeated(object: StoredObject, sibling: Sibling): boolean {
  const isOther = (other: Sibling): boolean => other.op === sibling.op && other !== sibling;
  if (!object.spent.some(isOther) && !object.siblings.some(isOther)) return false;
  return !onceEach(object).includes(sibling);
}

/** Without those that are repeated. Counters settle that by themselves. */
function onceEach({ siblings, spent }: StoredObject): readonly Sibling[] {
  const spentOps = new Set<OpId>();
  for (const { op } of spent) spentOps.add(op);
  const shown = new Map<OpId, Sibling>();
  const hidden: Sibling[] = [];
  for (const sibling of siblings) {
    if (spentOps.has(sibling.op)) hidden.push(sibling);
    else showOnce(shown, sibling);
  }
  if (hidden.length > 1) for (const sibling of hiddenByEachOther(hidden, shown, spent)) showOnce(shown, sibling);
  return shown.size === siblings.length ? siblings : siblings.filter((sibling) => shown.get(sibling.op) === sibling);
}

function showOnce(shown: Map<OpId, Sibling>, sibling: Sibling): void {
  const other = shown.get(sibling.op);
  if (other === undefined || isLater(sibling, other)) shown.set(sibling.op, sibling);
}

/**
 * Where a write replaces what its coordinator has, seen or not, two operations that were tried at two coordinators in two orders have
 * replaced each other. If nobody dropped either they show, unless something else does at their place.
 */
function hiddenByEachOther(
  hidden: readonly Sibling[],
  shown: ReadonlyMap<OpId, Sibling>,
  spent: readonly Sibling[],
): readonly Sibling[] {
  const dropped = new Set(spent.filter(isDropped).map(({ op }) => op));
  const byPlace = new Map<string, Sibling[]>();
  for (const sibling of hidden) {
    const place = placeOf(sibling);
    if (place !== undefined) byPlace.set(place, [...(byPlace.get(place) ?? []), sibling]);
  }
  for (const sibling of shown.values()) byPlace.delete(placeOf(sibling) ?? "");
  const isCrossed = (group: readonly Sibling[]): boolean =>
    group.some(({ op }) => op !== group[0]!.op) && !group.some(({ op }) => dropped.has(op));
  return [...byPlace.values()].filter(isCrossed).flat();
}

/** Where elements replace each other unseen; nowhere for what replaces only what its writer has seen. */
function placeOf(sibling: Sibling): string | undefined {
  const { path, value } = sibling;
  if (path === plainPath) return undefined;
  switch (typeAt(path)) {
    case "lwwRegister":
    case "ewFlag":
    case "dwFlag":
      return path;
    case "gSet":
    case "orSet":
      return `${path} ${toBinary(value!)}`;
    case "rwSet":
      return `${path} ${elementOf(sibling)}`;
    default:
      return undefined;
  }
}

/** Without its mark. */
function elementOf({ value }: Sibling): string {
  return toBinary(value!.subarray(1));
}
