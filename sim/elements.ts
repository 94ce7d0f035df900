/**
 * What may become of a replicated data type by a client's operation, worked out here once more from what `src/crdt/change.ts` says of
 * itself: the checkers believe no node.
 */
import { equalBytes } from "../src/bytes.ts";
import { contextOf, emptyContext, joinContexts, type CausalContext } from "../src/causal-context.ts";
import type { Change } from "../src/crdt/change.ts";
import { decodeIncrement, decodeMarks, encodeMarks, isResetMark } from "../src/crdt/counter.ts";
import { registerPath, typeAt } from "../src/crdt/path.ts";
import type { Dot } from "../src/dot.ts";
import type { Put } from "../src/messages.ts";
import { has, type Sibling, type StoredObject } from "../src/object.ts";
import { makeOpId, sequenceOf, type OpId } from "../src/op-id.ts";

/** Everything that an operation says that its writer has seen, in all places. */
export function observedBy(changes: readonly Change[]): CausalContext {
  return changes.reduce(
    (seen, change) => ("observed" in change ? joinContexts(seen, change.observed) : seen),
    emptyContext,
  );
}

/** The change that an element comes from, by the element's operation id. */
export function changesByOp(op: OpId, changes: readonly Change[]): ReadonlyMap<OpId, Change> {
  const writes = changes.filter(({ kind }) => kind !== "drop");
  return new Map(writes.map((change, at) => [makeOpId(op.slice(0, 8), sequenceOf(op) + at), change]));
}

/** What a put replaces at its coordinator: what its writer has seen, and what it takes away there for its type's sake, rightly. */
export function replacedBy(put: Put, seen: CausalContext, before: StoredObject, after: StoredObject): CausalContext {
  const { changes } = put;
  const removed = before.siblings.filter(({ dot }) => !has(after, dot));
  if (changes === undefined) {
    const isRegister = after.siblings.some((sibling) => sibling.path === registerPath && !has(before, sibling.dot));
    return isRegister ? joinContexts(seen, contextOf(removed.map(({ dot }) => dot))) : seen;
  }
  const added = after.siblings.filter(({ dot }) => !has(before, dot));
  const rightly = removed.filter((sibling) => changes.some((change) => mayReplace(change, sibling, added)));
  return joinContexts(observedBy(changes), contextOf(rightly.map(({ dot }) => dot)));
}

function mayReplace(change: Change, sibling: Sibling, added: readonly Sibling[]): boolean {
  const { path, value } = sibling;
  if (path !== change.path || value === undefined) return false;
  switch (change.kind) {
    case "drop":
      return false;
    case "increment":
      return !isResetMark(sibling) && added.some((other) => other.path === path && isOfOne(other.dot, sibling.dot));
    case "reset":
      return (
        isResetMark(sibling) && decodeMarks(value).every((mark) => change.marks.some((other) => isUpTo(mark, other)))
      );
    case "write":
      return mayWriteReplace(change.value, path, value);
  }
}

function isUpTo(mark: { readonly dot: Dot }, other: { readonly dot: Dot }): boolean {
  return isOfOne(mark.dot, other.dot) && mark.dot.counter <= other.dot.counter;
}

function isOfOne(a: Dot, b: Dot): boolean {
  return a.actor === b.actor;
}

function mayWriteReplace(value: Uint8Array, path: string, other: Uint8Array): boolean {
  switch (typeAt(path)) {
    case "lwwRegister":
    case "ewFlag":
      return true;
    case "gSet":
    case "orSet":
      return equalBytes(value, other);
    case "rwSet":
      return equalBytes(value.subarray(1), other.subarray(1)) && other[0]! >= value[0]!;
    case "dwFlag":
      return other[0]! >= value[0]!;
    default:
      return false;
  }
}

/** What an element must hold that comes of a change; an increment, whose sum is its coordinator's, whatever it holds if the amount is right. */
export function valueOf(change: Change, written: Uint8Array | undefined): Uint8Array | undefined {
  switch (change.kind) {
    case "drop":
      return undefined;
    case "write":
      return change.value;
    case "reset":
      return encodeMarks(change.marks);
    case "increment":
      return written !== undefined && decodeIncrement(written).amount === change.amount ? written : undefined;
  }
}
