/**
 * What a client wants of a replicated data type, as data, so that it can be drawn, left out and printed; and the changes that it sends
 * for it, given what it has seen of the key. What it has seen may be old, somebody else's, or nothing at all.
 */
import { contextOf, emptyContext, type CausalContext } from "../src/causal-context.ts";
import type { Change } from "../src/crdt/change.ts";
import { marksAt } from "../src/crdt/counter.ts";
import { isWithin, typeAt } from "../src/crdt/path.ts";
import { equalBytes } from "../src/bytes.ts";
import type { Sibling, StoredObject } from "../src/object.ts";
import { observedAt } from "../src/shown.ts";
import { encodeValue } from "../src/value.ts";

export type Wish =
  | { readonly do: "increment"; readonly path: string; readonly amount: number }
  /** Of a counter, or of all that lies within a map, or of a whole key. */
  | { readonly do: "clear"; readonly path: string }
  /** Puts an element into a set, sets a register, enables a flag. */
  | { readonly do: "add"; readonly path: string; readonly value: string }
  /** Takes an element out of a set, disables a flag. */
  | { readonly do: "remove"; readonly path: string; readonly value: string };

/** @param seen what the client knows of the key */
export function changesOf(wishes: readonly Wish[], seen: StoredObject): readonly Change[] {
  return wishes.flatMap((wish) => changesOfOne(wish, seen));
}

function changesOfOne(wish: Wish, seen: StoredObject): readonly Change[] {
  const { path } = wish;
  switch (wish.do) {
    case "increment":
      return [{ kind: "increment", path, amount: wish.amount }];
    case "clear":
      return clear(path, seen);
    case "add":
      return [{ kind: "write", path, value: elementBytes(path, wish.value, 1), observed: observedBy(wish, seen) }];
    case "remove":
      return isMarked(path)
        ? [{ kind: "write", path, value: elementBytes(path, wish.value, 0), observed: observedBy(wish, seen) }]
        : [{ kind: "drop", path, observed: observedBy(wish, seen) }];
  }
}

/** Counters are reset, and everything else is dropped. */
function clear(path: string, seen: StoredObject): readonly Change[] {
  const within = seen.siblings.filter((sibling) => isWithin(sibling.path, path));
  const counters = [...new Set(within.map((sibling) => sibling.path).filter(isCounter))];
  const others = within.filter((sibling) => !isCounter(sibling.path));
  const resets = counters.map((at): Change => ({ kind: "reset", path: at, marks: marksAt(seen, at) }));
  if (isCounter(path)) return resets.length > 0 ? resets : [{ kind: "reset", path, marks: [] }];
  return [{ kind: "drop", path, observed: contextOf(others.map(({ dot }) => dot)) }, ...resets];
}

/** Of a set the dots of the same element, of everything else all that is at its place. */
function observedBy({ path, value }: Wish & { readonly value: string }, seen: StoredObject): CausalContext {
  const type = typeAt(path);
  if (type === "gSet") return emptyContext;
  if (type !== "orSet" && type !== "rwSet") return observedAt(seen, path);
  const element = encodeValue(value);
  const isSame = (sibling: Sibling): boolean => sibling.path === path && equalBytes(withoutMark(sibling), element);
  return contextOf(seen.siblings.filter(isSame).map(({ dot }) => dot));
}

function withoutMark({ path, value }: Sibling): Uint8Array {
  return isMarked(path) ? value!.subarray(1) : value!;
}

function elementBytes(path: string, value: string, mark: 0 | 1): Uint8Array {
  const element = encodeValue(value);
  return isMarked(path) ? Uint8Array.of(mark, ...element) : element;
}

/** Whether the bytes of an element say if it was added or removed. */
function isMarked(path: string): boolean {
  const type = typeAt(path);
  return type === "rwSet" || type === "dwFlag";
}

export function isCounter(path: string): boolean {
  if (path === "") return false;
  const type = typeAt(path);
  return type === "pnCounter" || type === "gCounter";
}
