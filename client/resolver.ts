/**
 * What becomes of siblings when a key is read. The store keeps them all until a write with the context replaces them.
 *
 * - `siblings` chooses nothing: a value is there if there is only one.
 * - `lww` shows the latest write, by timestamp and then by dot: the same one everywhere. Deletes are writes like any other.
 * - `merge` calls the application's function for one sibling after another, in the order of their dots. It is given copies of its own,
 *   so whatever it does to them, nobody else sees it. If it fails, nothing is chosen, and that is said.
 * - `nodeMerge` leaves it to the node that is asked, if it was configured with a merge for the bucket: for readers that have none of
 *   their own. If it was not, nothing is chosen.
 */
import { CoterieError, invalidArgument, mergeFailed } from "../src/errors.ts";
import { formatLiteral } from "../src/literal.ts";
import type { GetReply } from "../src/messages.ts";
import type { Sibling, StoredObject } from "../src/object.ts";
import type { RequestOptions, StoredResolver } from "../src/options.ts";
import { concurrentWrites, latestWrite, visibleSiblings } from "../src/shown.ts";
import { decodeValue } from "../src/value.ts";
import { checkMergeOptions, type MergeOptions } from "./merge-options.ts";
import { applyMerge, checkMergeFunction, type MergeFunction } from "./merge-function.ts";
import { checkSamples } from "./sample-check.ts";

export interface SiblingsResolver {
  readonly kind: "siblings";
}

export interface LwwResolver {
  readonly kind: "lww";
}

export interface MergeResolver<T> {
  readonly kind: "merge";
  readonly merge: MergeFunction<T>;
  readonly options: MergeOptions<T>;
}

export interface NodeResolver {
  readonly kind: "node";
}

export type Resolver<T> = SiblingsResolver | LwwResolver | MergeResolver<T> | NodeResolver;

/** All of them, side by side: what holds where nothing else is chosen. */
export const siblings: SiblingsResolver = { kind: "siblings" };

/** Last write wins, among siblings only: what was written by somebody who had read something replaces that in any case. */
export const lww: LwwResolver = { kind: "lww" };

/** The merge that the node was configured with. */
export const nodeMerge: NodeResolver = { kind: "node" };

/**
 * The application's own merge. It must be commutative, associative, idempotent, deterministic and total: it is called with any
 * two siblings in any order, and every reader must come to the same value. `coterie check-resolver` and `coterie/laws` test that.
 * @param join two values as one; synchronous
 * @throws INVALID_ARGUMENT for what is no such function; in development also if `samples` break a law, with the values that show it
 */
export function merge<T>(join: MergeFunction<T>, options: MergeOptions<T> = {}): MergeResolver<T> {
  checkMergeFunction(join, "a merge");
  checkMergeOptions(options);
  checkSamples(join, options);
  return { kind: "merge", merge: join, options };
}

/** @throws INVALID_ARGUMENT for a function by itself, a name, and whatever else is no resolver */
export function checkResolver(given: unknown): void {
  if (typeof given === "function")
    throw invalidArgument("a resolver is siblings, lww, merge(fn) or nodeMerge: wrap the function, merge(fn)");
  const { kind } = (given ?? {}) as { readonly kind?: unknown };
  if (kind === "siblings" || kind === "lww" || kind === "merge" || kind === "node") return;
  throw invalidArgument(
    `a resolver is siblings, lww, merge(fn) or nodeMerge, imported from coterie/client, not ${formatLiteral(given)}`,
  );
}

/** A call's options as they travel: of a resolver the nodes need to know only whether it is `lww`. */
export function asRequest(
  options: Omit<RequestOptions, "resolver"> & { readonly resolver?: Pick<Resolver<never>, "kind"> | undefined },
): RequestOptions {
  const { resolver, ...others } = options;
  if (resolver === undefined) return others;
  const stored: StoredResolver = resolver.kind === "lww" ? "lww" : "siblings";
  return { ...others, resolver: stored };
}

/** What a reader is told of an object. */
export interface Resolved<T> {
  readonly found: boolean;
  readonly value: T | undefined;
  /** Without tombstones. */
  readonly siblings: readonly T[];
  /** MERGE_FAILED: there are several, and the merge could not make one of them. */
  readonly unresolved?: CoterieError;
}

/** What the node made of the siblings, if it was asked, and why it could not. */
type MadeByNode = Pick<GetReply, "merged" | "mergeProblem">;

/** @throws PROTOCOL for bytes that are no value */
export function resolve<T>(resolver: Resolver<T>, object: StoredObject, byNode: MadeByNode = {}): Resolved<T> {
  if (resolver.kind === "lww") return resolveLatest(object);
  const values = valuesOf<T>(object);
  const [only] = values;
  if (values.length < 2) return { found: values.length > 0, value: only, siblings: values };
  if (resolver.kind === "siblings") return { found: true, value: undefined, siblings: values };
  if (resolver.kind === "node") return { found: true, siblings: values, ...mergedByNode(byNode, values.length) };
  return { found: true, siblings: values, ...merged(resolver.merge, valuesOf<T>(object)) };
}

/** Whether there is a value, though none may be at hand: a read can leave them out. */
export function isFound<T>(resolver: Resolver<T>, object: StoredObject): boolean {
  if (resolver.kind === "lww") return latestWrite(object)?.value !== undefined;
  return object.siblings.some(({ value }) => value !== undefined);
}

/** The values that stand side by side, decoded afresh: they belong to the caller. */
export function valuesOf<T>(object: StoredObject): T[] {
  return decoded(visibleSiblings(object));
}

function resolveLatest<T>(object: StoredObject): Resolved<T> {
  const writes = concurrentWrites(object).filter(({ value }) => value !== undefined);
  const values = decoded<T>(writes);
  const winner = latestWrite(object);
  if (winner?.value === undefined) return { found: false, value: undefined, siblings: values };
  return { found: true, value: values[writes.indexOf(winner)], siblings: values };
}

function decoded<T>(siblings: readonly Sibling[]): T[] {
  return siblings.map(({ value }) => decodeValue(value) as T);
}

function mergedByNode<T>(
  { merged, mergeProblem }: MadeByNode,
  count: number,
): Pick<Resolved<T>, "value" | "unresolved"> {
  if (mergeProblem === undefined) return { value: decodeValue(merged) as T | undefined };
  const unresolved = mergeFailed(`the node's merge failed: ${mergeProblem}; the ${count} siblings stay as they are`);
  return { value: undefined, unresolved };
}

function merged<T>(join: MergeFunction<T>, values: readonly T[]): Pick<Resolved<T>, "value" | "unresolved"> {
  try {
    return { value: values.reduce((value, sibling) => applyMerge(join, value, sibling)) };
  } catch (error) {
    if (!(error instanceof CoterieError) || error.code !== "MERGE_FAILED") throw error;
    const { message, cause } = error;
    const unresolved = mergeFailed(`${message}; the ${values.length} siblings stay as they are`, { cause });
    return { value: undefined, unresolved };
  }
}
