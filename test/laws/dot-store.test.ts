/**
 * The laws of the one core (design §4.1): dot sets, dot functions and nested dot maps under one join, on reachable states and against a
 * model that keeps every event.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contains, contextOf, emptyContext } from "../../src/causal-context.ts";
import { compareDots, type Dot } from "../../src/dot.ts";
import { isEmpty, join, type Causal, type DotMap, type DotStore } from "../../src/dot-store.ts";
import { actorOf, replicas } from "./history.ts";

/** A map of maps: two levels of names over a set or a function of dots. */
const names = ["x", "y"] as const;
const kinds = ["set", "fun"] as const;
type Path = readonly [outer: string, inner: string];

/** Something added at a path, or everything that a reader saw under a prefix removed. */
interface Event {
  readonly added: (Dot & { readonly path: Path }) | undefined;
  readonly removed: ReadonlySet<string>;
}

interface State {
  readonly causal: Causal<string>;
  readonly events: ReadonlySet<Event>;
}

const place = fc.nat(replicas - 1);
const name = fc.constantFrom(...names);
const commands = fc.oneof(
  fc.record({
    do: fc.constantFrom("add" as const, "replace" as const, "remove" as const, "removeOuter" as const),
    at: place,
    outer: name,
    inner: name,
  }),
  fc.record({ do: fc.constantFrom("send" as const, "receive" as const), at: place, pick: fc.nat() }),
);
type Command = typeof commands extends fc.Arbitrary<infer C> ? C : never;
type Change = Exclude<Command, { pick: number }>;

const emptyMap: DotMap<string> = { type: "map", children: [] };
const nothing: State = { causal: { store: emptyMap, context: emptyContext }, events: new Set() };

/** All states that came about: sent ones and those at the end. */
function play(script: readonly Command[]): readonly State[] {
  const states = Array.from({ length: replicas }, () => nothing);
  const counters = states.map(() => 0);
  const sent: State[] = [];
  for (const command of script) {
    const state = states[command.at]!;
    if (command.do === "send") sent.push(state);
    else if ("pick" in command)
      states[command.at] = joinStates(state, sent[command.pick % Math.max(1, sent.length)] ?? nothing);
    else
      states[command.at] = update(state, command, () => ({
        actor: actorOf(command.at),
        counter: ++counters[command.at]!,
      }));
  }
  return [...sent, ...states];
}

function joinStates(a: State, b: State): State {
  return { causal: join(a.causal, b.causal), events: new Set([...a.events, ...b.events]) };
}

/** A delta: what it adds under a context of what it replaces. */
function update(state: State, command: Change, mint: () => Dot): State {
  const path: Path = [command.outer, command.inner];
  const isAdding = command.do === "add" || command.do === "replace";
  const seen = entriesOf(state.causal.store).filter(
    (entry) => entry.path[0] === path[0] && (command.do === "removeOuter" || entry.path[1] === path[1]),
  );
  const removed = command.do === "add" ? [] : seen;
  const added = isAdding ? { ...mint(), path } : undefined;
  const store = added === undefined ? emptyMap : storeAt(path, added);
  const delta = { store, context: contextOf([...removed, ...(added === undefined ? [] : [added])]) };
  const event: Event = { added, removed: new Set(removed.map(nameOf)) };
  return { causal: join(state.causal, delta), events: new Set([...state.events, event]) };
}

/** `x` and `y` hold different kinds of stores, so that one history plays both. */
function storeAt([outer, inner]: Path, { actor, counter }: Dot): DotMap<string> {
  const dot = { actor, counter };
  const kind = kinds[names.indexOf(inner as "x")]!;
  const leaf: DotStore<string> =
    kind === "set" ? { type: "set", entries: [{ dot }] } : { type: "fun", entries: [{ dot, value: nameOf(dot) }] };
  return { type: "map", children: [[outer, { type: "map", children: [[inner, leaf]] }]] };
}

function entriesOf(
  store: DotStore<string>,
  path: readonly string[] = [],
): (Dot & { readonly path: readonly string[] })[] {
  if (store.type === "map") return store.children.flatMap(([child, inner]) => entriesOf(inner, [...path, child]));
  return store.entries.map(({ dot }) => ({ ...dot, path }));
}

function nameOf({ actor, counter }: Dot): string {
  return `${actor}:${counter}`;
}

/** The model: what was added and not removed by an event that the replica has heard of. */
function liveEntries({ events }: State): (Dot & { readonly path: readonly string[] })[] {
  const removed = new Set([...events].flatMap((event) => [...event.removed]));
  return [...events].flatMap(({ added }) => (added === undefined || removed.has(nameOf(added)) ? [] : [added]));
}

const histories = fc.array(commands, { maxLength: 40, size: "max" }).map(play);
const threeStates = histories.chain((all) =>
  fc.tuple(fc.nat(), fc.nat(), fc.nat()).map((picks) => picks.map((pick) => all[pick % all.length]!.causal)),
);

function forThree(law: (a: Causal<string>, b: Causal<string>, c: Causal<string>) => void): void {
  fc.assert(
    fc.property(threeStates, ([a, b, c]) => {
      law(a!, b!, c!);
    }),
    { numRuns: 500 },
  );
}

describe("join of sets, functions and nested maps", () => {
  test("is commutative", () => {
    // Design §4.1, Almeida et al. 2018, figure 8.
    forThree((a, b) => expect(join(a, b)).toEqual(join(b, a)));
  });

  test("is associative", () => {
    // Design §4.1: replicas may join in any order.
    forThree((a, b, c) => expect(join(join(a, b), c)).toEqual(join(a, join(b, c))));
  });

  test("is idempotent, also with what it joined before", () => {
    // Design §4.1: any number of times.
    forThree((a, b) => {
      expect(join(a, a)).toEqual(a);
      expect(join(join(a, b), b)).toEqual(join(a, b));
    });
  });

  test("is monotone: what was seen stays seen, and what was removed stays removed", () => {
    // I2a: a dot that is in the context and not in the store never comes back.
    forThree((a, b) => {
      const joined = join(a, b);
      const live = new Set(entriesOf(joined.store).map(nameOf));
      const wasLive = new Set(entriesOf(a.store).map(nameOf));
      for (const entry of entriesOf(b.store))
        if (contains(a.context, entry) && !wasLive.has(nameOf(entry))) expect(live).not.toContain(nameOf(entry));
      for (const entry of [...entriesOf(a.store), ...entriesOf(b.store)])
        expect(contains(joined.context, entry)).toBe(true);
    });
  });

  test("has what the model has: added and not removed, at its place", () => {
    // Design §4.1: vector clocks, siblings, deletes and data types are one mechanism.
    fc.assert(
      fc.property(histories, (all) => {
        for (const state of all) {
          expect(entriesOf(state.causal.store).sort(compareDots)).toEqual(liveEntries(state).sort(compareDots));
        }
      }),
      { numRuns: 500 },
    );
  });

  test("leaves no empty child, and children in order", () => {
    // Design §4.1: empty children vanish. Canonical: one form per value.
    fc.assert(
      fc.property(histories, (all) => {
        for (const { causal } of all) expectTidy(causal.store);
      }),
    );
  });
});

function expectTidy(store: DotStore<string>): void {
  if (store.type !== "map") return;
  const found = store.children.map(([child]) => child);
  expect(found).toEqual([...new Set(found)].sort());
  for (const [, child] of store.children) {
    expect(isEmpty(child)).toBe(false);
    expectTidy(child);
  }
}
