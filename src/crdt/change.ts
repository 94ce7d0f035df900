/**
 * What a client asks to be done to a replicated data type: operations, never states. A coordinator turns them into elements under
 * fresh dots (`applyChanges`), and from there on replicas only join.
 *
 * - `write` adds an element to a set, sets a register or a flag. What of the same place it replaces depends on the type.
 * - `drop` removes exactly the dots that its writer has seen, so that it works at a replica that lags, and nothing is deferred.
 * - `increment` and `reset` belong to counters: see `counter.ts`.
 *
 * The bytes of an element, where there is a choice between two, begin with a 1 for added or enabled, and a 0 for removed or disabled
 * (`rwSet`, `dwFlag`). All changes of one operation happen in one record, and therefore together.
 *
 * Source: the types of Almeida, Shoker, Baquero: Delta State Replicated Data Types (2018), §7.
 */
import { ByteReader, ByteWriter, equalBytes } from "../bytes.ts";
import {
  contains,
  contextOf,
  emptyContext,
  joinContexts,
  readContext,
  writeContext,
  type CausalContext,
} from "../causal-context.ts";
import type { Dot } from "../dot.ts";
import { invalidArgument, tooLarge } from "../errors.ts";
import type { FieldReader } from "../fields.ts";
import { limits } from "../limits.ts";
import { placesOf, type Sibling, type StoredObject } from "../object.ts";
import type { PackWriter } from "../pack-writer.ts";
import { decodeMarks, encodeMarks, nextIncrement, resetsWithin, type Mark } from "./counter.ts";
import { checkPath, isCounter, isWithin, registerPath, typeAt, type LeafType } from "./path.ts";

export type Change =
  | {
      readonly kind: "write";
      readonly path: string;
      readonly value: Uint8Array;
      /** What the writer has seen there. */
      readonly observed: CausalContext;
    }
  | { readonly kind: "drop"; readonly path: string; readonly observed: CausalContext }
  | { readonly kind: "increment"; readonly path: string; readonly amount: number }
  | { readonly kind: "reset"; readonly path: string; readonly marks: readonly Mark[] };

const kinds = ["write", "drop", "increment", "reset"] as const;

/** An element without its timestamp and operation id, which the coordinator adds. */
export type BareElement = Pick<Sibling, "dot" | "path" | "value">;

/** What changes make of an object. */
export interface Changed {
  /** One for each change that is no drop, also where the same is there already: its sequence number is the same at every coordinator. */
  readonly added: readonly BareElement[];
  /** What they replace: dots that the coordinator has, and those that the writer has seen. */
  readonly seen: CausalContext;
  /** What of it is taken away, with nothing in its place. */
  readonly dropped: CausalContext;
}

/** How many dots the changes take, and how many sequence numbers. */
export function dotsOfChanges(changes: readonly Change[]): number {
  return changes.reduce((sum, { kind }) => sum + (kind === "drop" ? 0 : 1), 0);
}

const noPlaces: ReadonlyMap<string, StoredObject> = new Map();

/**
 * @param first the first of the fresh dots, further ones follow it; `undefined` only where `dotsOfChanges` asks for none
 * @throws TOO_LARGE on a counter beyond its bounds
 */
export function applyChanges(whole: StoredObject, changes: readonly Change[], first: Dot | undefined): Changed {
  const added: BareElement[] = [];
  const replaced: Dot[] = [];
  let seen: CausalContext = emptyContext;
  let dropped: CausalContext = emptyContext;
  // Of many changes what stands at the place of each: each for itself would go through the whole object.
  const places = changes.length === 1 ? noPlaces : placesOf(whole, new Set(changes.map(({ path }) => path)));
  for (const change of changes) {
    const { path } = change;
    const object = path === registerPath ? whole : (places.get(path) ?? whole); // a plain value is in its place, too
    const dot = { actor: first?.actor ?? "", counter: (first?.counter ?? 0) + added.length };
    switch (change.kind) {
      case "drop":
        dropped = joinContexts(dropped, change.observed);
        break;
      case "write":
        seen = joinContexts(seen, change.observed);
        replaced.push(...dotsReplaced(object, path, change.value));
        added.push({ dot, path, value: change.value });
        break;
      case "increment": {
        const next = nextIncrement(object, path, dot.actor, change.amount);
        replaced.push(...next.replaced);
        added.push({ dot, path, value: next.value });
        break;
      }
      case "reset":
        replaced.push(...resetsWithin(object, path, change.marks));
        added.push({ dot, path, value: encodeMarks(change.marks) });
        break;
    }
  }
  seen = joinContexts(seen, dropped);
  refuseCounted(whole, seen);
  return { added, seen: joinContexts(seen, contextOf(replaced)), dropped };
}

/** @throws INVALID_ARGUMENT if increments or resets are among it: without them nobody knows what was counted */
function refuseCounted({ siblings }: StoredObject, observed: CausalContext): void {
  if (observed.length === 0) return;
  const isCounted = ({ path, dot }: Sibling): boolean => isCounter(path) && contains(observed, dot);
  if (siblings.some(isCounted)) throw invalidArgument("a counter is reset, not dropped");
}

/** The dots at the same place that a write replaces although its writer may not have seen them. */
function dotsReplaced(object: StoredObject, path: string, value: Uint8Array): Dot[] {
  const type = typeAt(path) as LeafType;
  return object.siblings
    .filter((sibling) => isWithin(sibling.path, path) && replaces(type, value, sibling))
    .map(({ dot }) => dot);
}

function replaces(type: LeafType, value: Uint8Array, sibling: Sibling): boolean {
  const other = sibling.value;
  switch (type) {
    case "lwwRegister":
    case "ewFlag":
      return true;
    case "gSet":
    case "orSet":
      return other !== undefined && equalBytes(other, value);
    case "rwSet": // what was added cannot take the place of a removal that its writer has not seen
      return other !== undefined && equalBytes(other.subarray(1), value.subarray(1)) && other[0]! >= value[0]!;
    case "dwFlag":
      return other !== undefined && other[0]! >= value[0]!;
    case "mvRegister":
    case "gCounter":
    case "pnCounter":
      return false;
  }
}

/** @throws INVALID_ARGUMENT, TOO_LARGE on changes that make no sense: they may be foreign */
export function checkChanges(changes: readonly Change[]): void {
  if (changes.length === 0) throw invalidArgument("an operation without changes");
  if (changes.length > limits.changesMax)
    throw tooLarge(`${changes.length} changes in one operation, the limit is ${limits.changesMax}`);
  const root = changes[0]!.path.charAt(0);
  const counters = new Set<string>();
  for (const change of changes) {
    checkPath(change.path);
    if (change.kind === "increment" && counters.size === counters.add(change.path).size)
      throw invalidArgument("an operation increments a counter once: add the amounts up");
    if (change.path.charAt(0) !== root) throw invalidArgument("the changes of one operation are of two types of key");
    checkChange(change);
  }
}

function checkChange(change: Change): void {
  const type = typeAt(change.path);
  const isCounted = isCounter(change.path);
  switch (change.kind) {
    case "write":
      if (isCounted || type === "map") throw invalidArgument(`a ${type} is not written`);
      if (change.value.length > limits.valueBytesMax)
        throw tooLarge(`the value has ${change.value.length} bytes, the limit is ${limits.valueBytesMax}`);
      if ((type === "rwSet" || type === "dwFlag") && !(change.value[0]! <= 1))
        throw invalidArgument(`an element of a ${type} without its mark`);
      return;
    case "drop":
      if (isCounted) throw invalidArgument("a counter is reset, not dropped");
      return;
    case "increment":
      if (!isCounted) throw invalidArgument(`a ${type} cannot be incremented`);
      if (!Number.isSafeInteger(change.amount))
        throw invalidArgument(`a counter counts whole numbers, not ${change.amount}`);
      if (type === "gCounter" && change.amount < 0)
        throw invalidArgument(`a counter that only grows cannot be incremented by ${change.amount}`);
      return;
    case "reset":
      if (!isCounted) throw invalidArgument(`a ${type} cannot be reset`);
  }
}

const writer = new ByteWriter();

/** Kind, path, and what belongs to the kind. */
export function writeChange(out: PackWriter, change: Change): void {
  out.array(change.kind === "write" ? 4 : 3);
  out.number(kinds.indexOf(change.kind));
  out.text(change.path);
  switch (change.kind) {
    case "write":
      out.bytes(contextBytes(change.observed));
      return out.bytes(change.value);
    case "drop":
      return out.bytes(contextBytes(change.observed));
    case "increment":
      return out.number(change.amount);
    case "reset":
      return out.bytes(encodeMarks(change.marks));
  }
}

/** @throws PROTOCOL, `MalformedBytes` on anything of another shape; whether it makes sense is for `checkChanges` */
export function readChange(reader: FieldReader): Change {
  return reader.tuple("a change", readFields);
}

function readFields(reader: FieldReader): Change {
  const kind = reader.place(kinds, "a change's kind");
  const path = reader.text("path");
  switch (kind) {
    case "write":
      return { kind, path, observed: readObserved(reader), value: reader.bytes("value") };
    case "drop":
      return { kind, path, observed: readObserved(reader) };
    case "increment":
      return { kind, path, amount: reader.number("amount") };
    case "reset":
      return { kind, path, marks: decodeMarks(reader.bytes("marks")) };
  }
}

function contextBytes(context: CausalContext): Uint8Array {
  writer.clear();
  writeContext(writer, context);
  return writer.take();
}

function readObserved(reader: FieldReader): CausalContext {
  const bytes = new ByteReader(reader.bytes("observed"));
  const context = readContext(bytes);
  bytes.end();
  return context;
}
