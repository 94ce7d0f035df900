/**
 * Reachable states of replicated data types: random operations at a few replicas, which exchange whole states and deltas, lost,
 * repeated and in any order. A delta is what one operation has changed, as a small object; of a counter all that stands at its path,
 * because each increment speaks for those before it.
 *
 * Everything that was done is written down beside each state for the model (`data-type-model.ts`).
 */
import * as fc from "fast-check";
import {
  contains,
  contextOf,
  dotsOf,
  emptyContext,
  includes,
  joinContexts,
  type CausalContext,
} from "../../src/causal-context.ts";
import type { Change } from "../../src/crdt/change.ts";
import { marksAt } from "../../src/crdt/counter.ts";
import { fieldPath, isWithin, leafTypes, registerPath, rootPath, typeAt, type LeafType } from "../../src/crdt/path.ts";
import { compareDots, type Dot } from "../../src/dot.ts";
import { emptyObject, has, latest, sync, type Sibling, type StoredObject } from "../../src/object.ts";
import type { OpId } from "../../src/op-id.ts";
import { laterOf, successor, type Timestamp } from "../../src/timestamp.ts";
import { deleted, replacedBy, type Deed, type Done } from "./data-type-model.ts";
import { actorOf, applyAt, opAfter, opOf, putAt, type Minting } from "./minting.ts";

const replicas = 3;

/** What may happen in a history. */
export interface Kind {
  /** Operations are tried again elsewhere. */
  readonly retries: boolean;
  /** A writer has read at another replica than the one that coordinates its operation. */
  readonly farReads: boolean;
  /** Clients vouch for operations that were tried once. */
  readonly vouching: boolean;
  /** Deltas travel beside whole states. */
  readonly deltas: boolean;
}

export interface State {
  readonly object: StoredObject;
  readonly heard: ReadonlySet<Done>;
}

interface Operation {
  readonly op: OpId;
  readonly changes: readonly Change[];
  /** A put of the whole key instead. */
  readonly put: { readonly value: Uint8Array | undefined; readonly seen: CausalContext } | undefined;
  readonly deeds: readonly Deed[];
  /** The dots that it takes away, and those that its resets name. */
  readonly observed: CausalContext;
  readonly read: CausalContext;
  readonly timestampBefore: Timestamp;
  tries: number;
}

const place = fc.nat(replicas - 1);
const deedChoice = fc.record({ path: fc.nat(), what: fc.nat(3), value: fc.nat(2) });
const commands = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("operate" as const),
      at: place,
      from: place,
      deeds: fc.array(deedChoice, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const), at: place, from: place, path: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("retry" as const), at: place, operation: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("sync" as const), at: place, from: place }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("receive" as const), at: place, message: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom("send" as const, "vouch" as const, "restart" as const), at: place }),
  },
);
export type Command = typeof commands extends fc.Arbitrary<infer C> ? C : never;

/** The places of one key: a type of its own, or a map of fields in maps; or a key that is put under `lww`. */
const leaf = fc.constantFrom(...(Object.keys(leafTypes) as LeafType[]));
const field = fc
  .tuple(fc.array(fc.constantFrom("a", "1:p", "é"), { maxLength: 2 }), fc.constantFrom("x", "y"), leaf)
  .map(([maps, name, type]) =>
    fieldPath(
      maps.reduce((map, step) => fieldPath(map, step, "map"), rootPath("map")),
      name,
      type,
    ),
  );
export const places: fc.Arbitrary<readonly string[]> = fc.oneof(
  leaf.map((type) => [rootPath(type)]),
  fc.uniqueArray(field, { minLength: 1, maxLength: 4 }),
);
export const scripts: fc.Arbitrary<readonly Command[]> = fc.array(commands, { maxLength: 40, size: "max" });

export class History {
  readonly paths: readonly string[];
  readonly states: State[] = Array.from({ length: replicas }, () => ({ object: emptyObject, heard: new Set<Done>() }));
  /** Whole states and deltas that were sent, and may arrive at any time. */
  readonly sent: State[] = [];
  /** Every state that a replica went through, with the one before. */
  readonly steps: (readonly [before: State, after: State])[] = [];
  readonly #kind: Kind;
  readonly #isPut: boolean;
  readonly #epochs: number[] = Array.from({ length: replicas }, () => 1);
  readonly #operations: Operation[] = [];
  readonly #vouched = new Set<OpId>();
  #sequence = 1;
  #clockMs = 1_000;

  /** @param isPut of a register that is a whole key: written by puts */
  constructor(paths: readonly string[], script: readonly Command[], kind: Kind, isPut = false) {
    this.paths = paths;
    this.#kind = kind;
    this.#isPut = isPut;
    for (const command of script) this.#take(command);
  }

  get all(): readonly State[] {
    return [...this.sent, ...this.states];
  }

  #take(command: Command): void {
    const { at } = command;
    switch (command.do) {
      case "operate": {
        const from = this.states[this.#kind.farReads ? command.from : at]!;
        const paths = new Set<string>();
        const choices = command.deeds.flatMap(({ path, what, value }) => {
          const chosen = this.paths[path % this.paths.length]!;
          return paths.size === paths.add(chosen).size ? [] : [{ path: chosen, what, value }];
        });
        const parts = choices.map((choice) => changeOf(choice, from));
        return this.#begin(at, from, parts);
      }
      case "remove": {
        const from = this.states[this.#kind.farReads ? command.from : at]!;
        const chosen = this.paths[command.path % this.paths.length]!;
        const map = chosen.slice(0, chosen.indexOf("m", 1) + 1) || chosen;
        return this.#begin(
          at,
          from,
          this.paths.filter((path) => isWithin(path, map)).map((path) => removalOf(path, from)),
        );
      }
      case "retry": {
        const operation = this.#operations[command.operation % Math.max(1, this.#operations.length)];
        if (!this.#kind.retries || operation === undefined || this.#vouched.has(operation.op)) return;
        // Where it is not known what the writer saw, it cannot be known either that an operation of that was tried before.
        if (!includes(this.states[at]!.object.context, joinContexts(operation.observed, operation.read))) return;
        return this.#try(at, operation);
      }
      case "sync":
        return this.#move(at, syncStates(this.states[at]!, this.states[command.from]!));
      case "send":
        this.sent.push(this.states[at]!);
        return;
      case "receive": {
        const message = this.sent[command.message % Math.max(1, this.sent.length)];
        return message && this.#move(at, syncStates(this.states[at]!, message));
      }
      case "vouch":
        if (this.#kind.vouching)
          for (const { op, tries, changes } of this.#operations)
            if (tries < 2) for (let next = 0; next <= changes.length; next++) this.#vouched.add(opAfter(op, next));
        return;
      case "restart":
        this.#epochs[at]!++;
    }
  }

  #begin(at: number, from: State, parts: readonly Part[]): void {
    const op = opOf("client", this.#sequence);
    this.#sequence += parts.length + 1;
    const changes = parts.flatMap(({ change }) => change);
    const put = this.#isPut ? { value: valueOf(changes), seen: from.object.context } : undefined;
    const operation: Operation = {
      op,
      changes,
      put,
      deeds: put === undefined ? parts.map(({ deed }) => deed) : [putOf(put.value, namedBy(from, put.seen))],
      observed:
        put?.seen ?? contextOf(changes.flatMap((change) => ("observed" in change ? [...dotsOf(change.observed)] : []))),
      read: contextOf(changes.flatMap((change) => (change.kind === "reset" ? change.marks.map(({ dot }) => dot) : []))),
      timestampBefore: latest(from.object),
      tries: 0,
    };
    this.#operations.push(operation);
    this.#try(at, operation);
  }

  #try(at: number, operation: Operation): void {
    const { object, heard } = this.states[at]!;
    const timestamp = this.#timestamp(at, laterOf(operation.timestampBefore, latest(object)));
    const minting: Minting = {
      actor: actorOf("abc"[at]!, this.#epochs[at]!),
      op: operation.op,
      timestamp,
      isSettled: (op) => this.#vouched.has(op),
    };
    const next =
      operation.put === undefined
        ? applyAt(object, operation.changes, minting)
        : putAt(object, operation.put.value, minting, operation.put.seen);
    operation.tries++;
    if (next === object) return;
    const done = operation.deeds.map((deed) => this.#done(operation, deed, next, this.states[at]!, timestamp));
    const after = { object: next, heard: new Set([...heard, ...done]) };
    if (this.#kind.deltas) this.sent.push(deltaOf(object, after, done, operation.observed));
    this.#move(at, after);
  }

  #done(operation: Operation, deed: Deed, next: StoredObject, before: State, timestamp: Timestamp): Done {
    const ops = new Set(operation.deeds.map((_, at) => opAfter(operation.op, at)));
    const element = next.siblings.find(({ op, path }) => ops.has(op) && path === deed.path);
    const live = [...before.heard].filter(({ dot }) => dot !== undefined && has(before.object, dot));
    return {
      deed,
      replaced: replacedBy(
        deed,
        live.map((done) => done.deed),
      ),
      dot: element?.dot,
      timestamp,
    };
  }

  /** Clocks go at different paces, and no timestamp is given twice by one. */
  #timestamp(at: number, replaced: Timestamp): Timestamp {
    this.#clockMs += 3;
    return laterOf({ ms: this.#clockMs + at * 20, counter: 0 }, successor(replaced));
  }

  #move(at: number, after: State): void {
    this.steps.push([this.states[at]!, after]);
    this.states[at] = after;
  }
}

export function syncStates(a: State, b: State): State {
  return { object: sync(a.object, b.object), heard: new Set([...a.heard, ...b.heard]) };
}

interface Part {
  readonly deed: Deed;
  readonly change: Change;
}

function changeOf(choice: { readonly path: string; readonly what: number; readonly value: number }, from: State): Part {
  const { path, what, value } = choice;
  const type = typeAt(path) as LeafType;
  if (type === "gCounter" || type === "pnCounter")
    return what === 0 ? removalOf(path, from) : incrementOf(path, value, what);
  const isRemoval = what === 0 && type !== "gSet";
  const isMarked = type === "rwSet" || type === "dwFlag";
  const element = type === "ewFlag" || type === "dwFlag" ? 0 : value;
  const isMeant = (other: number | undefined): boolean =>
    type === "orSet" || type === "rwSet" ? other === element : true;
  const observed = contextOf(
    from.object.siblings
      .filter((sibling) => sibling.path === path && isMeant(sibling.value?.at(-1)))
      .map(({ dot }) => dot),
  );
  const seen = namedBy(from, observed);
  const deed: Deed = { path, kind: isRemoval ? "remove" : "add", value: element, seen };
  if (isRemoval && !isMarked) return { deed, change: { kind: "drop", path, observed } };
  const bytes = isMarked ? Uint8Array.of(isRemoval ? 0 : 1, element) : Uint8Array.of(element);
  // A blind add to a set, or to a register, says that it has seen nothing.
  const isBlind = what === 3 && !isMarked;
  return {
    deed: isBlind ? { ...deed, seen: new Set() } : deed,
    change: { kind: "write", path, value: bytes, observed: isBlind ? emptyContext : observed },
  };
}

function incrementOf(path: string, value: number, what: number): Part {
  const amount = typeAt(path) === "pnCounter" && what === 1 ? -value - 1 : value + 1;
  return {
    deed: { path, kind: "count", value: amount, seen: new Set() },
    change: { kind: "increment", path, amount },
  };
}

/** Of all that is at a place. */
function removalOf(path: string, from: State): Part {
  const type = typeAt(path);
  if (type === "gCounter" || type === "pnCounter") return resetOf(path, from);
  const observed = contextOf(from.object.siblings.filter((sibling) => sibling.path === path).map(({ dot }) => dot));
  const deed: Deed = { path, kind: "clear", value: -1, seen: namedBy(from, observed) };
  return { deed, change: { kind: "drop", path, observed } };
}

/** Its reader has seen all that was counted here, and what resets before it had seen. */
function resetOf(path: string, { object, heard }: State): Part {
  const here = [...heard].filter(({ deed }) => deed.path === path);
  const seen = new Set(here.flatMap(({ deed, replaced }) => [deed, ...replaced]));
  return {
    deed: { path, kind: "clear", value: -1, seen },
    change: { kind: "reset", path, marks: marksAt(object, path) },
  };
}

/** What was done under these dots. */
function namedBy({ heard }: State, dots: CausalContext): Set<Deed> {
  return new Set([...heard].filter(({ dot }) => dot !== undefined && contains(dots, dot)).map(({ deed }) => deed));
}

/** A delete is a value too, of which nothing is shown. */
function putOf(value: Uint8Array | undefined, seen: ReadonlySet<Deed>): Deed {
  return { path: registerPath, kind: "add", value: value?.[0] ?? deleted, seen };
}

function valueOf(changes: readonly Change[]): Uint8Array | undefined {
  const [change] = changes;
  return change?.kind === "write" ? change.value : undefined;
}

/** What has changed from `before` on, with all of the counters that it touches. */
function deltaOf(
  before: StoredObject,
  { object, heard }: State,
  done: readonly Done[],
  observed: CausalContext,
): State {
  const counters = new Set(done.map(({ deed }) => deed.path).filter((path) => /[pc]$/.test(path)));
  const isOfCounter = ({ path }: Sibling): boolean => counters.has(path);
  const dots = [...dotsOf(object.context)].filter((dot) => stageOf(before, dot) !== stageOf(object, dot));
  dots.push(...dotsOf(observed), ...[...object.siblings, ...object.spent].filter(isOfCounter).map(({ dot }) => dot));
  const context = contextOf(dots);
  const isIn = ({ dot }: Sibling): boolean => contains(context, dot);
  const delta = { siblings: object.siblings.filter(isIn), spent: object.spent.filter(isIn), context };
  return { object: delta, heard: new Set([...done, ...[...heard].filter(({ deed }) => counters.has(deed.path))]) };
}

/** How far along the chain of `src/object.ts` a dot is: unseen, live, spent, gone. */
export function stageOf(object: StoredObject, dot: Dot): number {
  if (!contains(object.context, dot)) return 0;
  if (has(object, dot)) return 1;
  return object.spent.some((sibling) => compareDots(sibling.dot, dot) === 0) ? 2 : 3;
}
