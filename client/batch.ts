/**
 * What one edit asks of one key, gathered before anything is sent: all of it travels in one operation, and happens together or not at all.
 *
 * - Later steps of an edit follow earlier ones: what is added and then removed was not added. So there is one step per place: per
 *   element of a set, and per register, flag or counter.
 * - Some steps name what their writer has seen: what is removed, cleared or put in the place of concurrent values. Only for those is the
 *   key read first (`needsRead`).
 * - A counter is never dropped: where it is cleared it is reset to what was read (`src/crdt/counter.ts`).
 */
import { equalBytes, toBinary } from "../src/bytes.ts";
import { contextOf } from "../src/causal-context.ts";
import { checkChanges, type Change } from "../src/crdt/change.ts";
import { isReset, marksAt } from "../src/crdt/counter.ts";
import { isCounter, isWithin, plainPath, typeAt } from "../src/crdt/path.ts";
import type { Dot } from "../src/dot.ts";
import { invalidArgument, tooLarge } from "../src/errors.ts";
import { limits } from "../src/limits.ts";
import type { Sibling, StoredObject } from "../src/object.ts";

type Step =
  | { readonly kind: "write" | "remove"; readonly path: string; readonly value: Uint8Array }
  | { readonly kind: "increment"; readonly path: string; readonly amount: number }
  | { readonly kind: "clear"; readonly path: string };

export class Batch {
  readonly #steps = new Map<string, Step>();
  #isOver = false;

  /** Whether the changes depend on what the key holds. */
  get needsRead(): boolean {
    for (const step of this.#steps.values())
      if (step.kind === "remove" || step.kind === "clear" || (step.kind === "write" && replacesSeen(step))) return true;
    return false;
  }

  /** @param value as it is stored: see `src/crdt/change.ts` */
  write(path: string, value: Uint8Array): void {
    this.#take(placeOf(path, value), { kind: "write", path, value });
  }

  /** Takes an element out of a set. */
  remove(path: string, value: Uint8Array): void {
    this.#take(placeOf(path, value), { kind: "remove", path, value });
  }

  /** @throws INVALID_ARGUMENT, TOO_LARGE */
  increment(path: string, amount: number): void {
    const before = this.#steps.get(path);
    const sum = amount + (before?.kind === "increment" ? before.amount : 0);
    if (!Number.isSafeInteger(sum))
      throw tooLarge(`one edit cannot count further than ${Number.MAX_SAFE_INTEGER}, exactly`);
    this.#take(path, { kind: "increment", path, amount: sum });
  }

  /** Takes away all that is at a path and within it. */
  clear(path: string): void {
    for (const [place, step] of this.#steps) if (isWithin(step.path, path)) this.#steps.delete(place);
    this.#take(`clear ${path}`, { kind: "clear", path });
  }

  /**
   * Ends the edit.
   * @param object as its writer has seen it
   * @throws INVALID_ARGUMENT, TOO_LARGE
   */
  changes(object: StoredObject): readonly Change[] {
    const changes = [...this.#steps.values()].flatMap((step) => changesOf(step, object));
    if (changes.length === 0) return changes;
    checkChanges(changes);
    const bytes = changes.reduce((sum, change) => sum + ("value" in change ? change.value.length : 0), 0);
    if (bytes > limits.recordBytesMax)
      throw tooLarge(`the values of this edit have ${bytes} bytes, a key holds ${limits.recordBytesMax} at the most`);
    return changes;
  }

  /** What is called on an editor after that is refused: it would go nowhere. */
  end(): void {
    this.#isOver = true;
  }

  #take(place: string, step: Step): void {
    if (this.#isOver) throw invalidArgument("this edit is over: its editor works only while its function runs");
    this.#steps.delete(place); // so that it comes last
    this.#steps.set(place, step);
    if (this.#steps.size > limits.changesMax)
      throw tooLarge(`one edit makes at most ${limits.changesMax} changes: make several of it`);
  }
}

/** What takes the place of an earlier step. */
function placeOf(path: string, value: Uint8Array): string {
  const element = elementIn(path, value);
  return element === undefined ? path : `${path} ${toBinary(element)}`;
}

/** The element of a set without its mark; of what holds only one thing `undefined`. */
function elementIn(path: string, value: Uint8Array): Uint8Array | undefined {
  const type = typeAt(path);
  if (type === "rwSet") return value.subarray(1);
  return type === "gSet" || type === "orSet" ? value : undefined;
}

/** Whether a write means to take the place of exactly what its writer has seen. */
function replacesSeen({ path, value }: { readonly path: string; readonly value: Uint8Array }): boolean {
  const type = typeAt(path);
  return type === "mvRegister" || ((type === "rwSet" || type === "dwFlag") && value[0] === 1);
}

function changesOf(step: Step, object: StoredObject): readonly Change[] {
  const { path } = step;
  switch (step.kind) {
    case "write":
      return [{ kind: "write", path, value: step.value, observed: contextOf(dotsOf(step, object)) }];
    case "remove": {
      const dots = dotsOf(step, object);
      return dots.length === 0 ? [] : [{ kind: "drop", path, observed: contextOf(dots) }];
    }
    case "increment":
      return [step];
    case "clear":
      return clearing(path, object);
  }
}

/** What is at the place of a write or a removal. */
function dotsOf({ path, value }: { readonly path: string; readonly value: Uint8Array }, object: StoredObject): Dot[] {
  if (typeAt(path) === "gSet") return [];
  const element = elementIn(path, value);
  return object.siblings
    .filter((sibling) => isWithin(sibling.path, path) && isElement(sibling, element))
    .map(({ dot }) => dot);
}

function isElement({ path, value }: Sibling, element: Uint8Array | undefined): boolean {
  return element === undefined || (value !== undefined && equalBytes(elementIn(path, value)!, element));
}

function clearing(path: string, object: StoredObject): readonly Change[] {
  const dots: Dot[] = [];
  const counters = new Set<string>();
  for (const sibling of object.siblings) {
    if (!isWithin(sibling.path, path)) continue;
    if (sibling.path !== plainPath && isCounter(sibling.path)) counters.add(sibling.path);
    else dots.push(sibling.dot);
  }
  const drop = { kind: "drop", path, observed: contextOf(dots) } as const;
  const resets = [...counters]
    .filter((counter) => !isReset(object, counter))
    .map((counter) => ({ kind: "reset", path: counter, marks: marksAt(object, counter) }) as const);
  return dots.length === 0 ? resets : [drop, ...resets];
}
