/** src/crdt/change.ts: from what a client asks for to elements. What readers see of them is in the models of test/laws. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contextOf, emptyContext } from "../../../src/causal-context.ts";
import { checkChanges, dotsOfChanges, readChange, writeChange, type Change } from "../../../src/crdt/change.ts";
import { counterValue } from "../../../src/crdt/counter.ts";
import { fieldPath, leafTypes, rootPath, type LeafType } from "../../../src/crdt/path.ts";
import { readWhole } from "../../../src/fields.ts";
import { limits } from "../../../src/limits.ts";
import { pack } from "../../../src/msgpack.ts";
import { emptyObject, sync, type StoredObject } from "../../../src/object.ts";
import { PackWriter } from "../../../src/pack-writer.ts";
import { observedAt } from "../../../src/shown.ts";
import { actorOf, applyAt, opOf } from "../../laws/minting.ts";

function apply(object: StoredObject, replica: string, number: number, ...changes: Change[]): StoredObject {
  const timestamp = { ms: number, counter: 0 };
  return applyAt(object, changes, {
    actor: actorOf(replica, 1),
    op: opOf("client", number),
    timestamp,
    isSettled: () => false,
  });
}

function write(path: string, ...value: number[]): Change {
  return { kind: "write", path, value: Uint8Array.from(value), observed: emptyContext };
}

function liveValues({ siblings }: StoredObject): number[][] {
  return siblings.map(({ value }) => [...value!]);
}

test("a counter's increments are not dropped: nobody would know what was counted", () => {
  const counter = rootPath("pnCounter");
  const counted = apply(emptyObject, "a", 1, { kind: "increment", path: counter, amount: 5 });
  const observed = observedAt(counted, counter);
  const assignment = { kind: "write", path: "m1:xw", value: Uint8Array.of(1), observed } as const;
  expect(() => apply(counted, "a", 2, assignment)).toThrow("a counter is reset, not dropped");
  expect(() => apply(counted, "a", 2, { kind: "drop", path: "m", observed })).toThrow(
    "a counter is reset, not dropped",
  );
});

describe("what a write replaces although its writer has not seen it", () => {
  test.each<[LeafType, number[], number[], number[][]]>([
    ["gSet", [7], [7], [[7]]],
    ["gSet", [7], [8], [[7], [8]]],
    ["orSet", [7], [7], [[7]]],
    ["orSet", [7], [8], [[7], [8]]],
    ["lwwRegister", [1], [2], [[2]]],
    ["mvRegister", [1], [2], [[1], [2]]],
    ["ewFlag", [1], [1], [[1]]],
    ["dwFlag", [1], [1], [[1]]],
    ["dwFlag", [1], [0], [[0]]],
    ["dwFlag", [0], [1], [[0], [1]]],
    ["rwSet", [1, 7], [0, 7], [[0, 7]]],
    [
      "rwSet",
      [0, 7],
      [1, 7],
      [
        [0, 7],
        [1, 7],
      ],
    ],
    ["rwSet", [0, 7], [0, 7], [[0, 7]]],
    [
      "rwSet",
      [1, 7],
      [1, 8],
      [
        [1, 7],
        [1, 8],
      ],
    ],
  ])("of a %s that has %j, by %j", (type, before, written, after) => {
    // The types of Almeida et al. 2018, §7: one live element per element, unless that would overrule what wins.
    const path = rootPath(type);
    expect(
      liveValues(apply(apply(emptyObject, "a", 1, write(path, ...before)), "a", 2, write(path, ...written))),
    ).toEqual(after);
  });
});

test("a drop takes exactly what its writer has seen, also where that has not arrived", () => {
  // Design §8: removes name the exact dots that the reader saw, so they work at a lagging replica.
  const path = rootPath("orSet");
  const seen = apply(emptyObject, "a", 1, write(path, 7));
  const meanwhile = apply(emptyObject, "b", 2, write(path, 7));
  const dropped = apply(meanwhile, "b", 3, { kind: "drop", path, observed: observedAt(seen, path) });
  expect(sync(dropped, seen).siblings.map(({ dot }) => dot.actor)).toEqual([actorOf("b", 1)]);
});

test("a retry elsewhere has the same operation ids, although an element is there already", () => {
  // Counted by the position of the change. Counted by what is added, the increment would be operation 3 at a and 2 at b: twice.
  const notes = fieldPath("m", "notes", "gSet");
  const spent = fieldPath("m", "spent", "pnCounter");
  const changes: Change[] = [write(notes, 7), { kind: "increment", path: spent, amount: 5 }];
  const atA = apply(emptyObject, "a", 2, ...changes);
  const atB = apply(apply(emptyObject, "b", 1, write(notes, 7)), "b", 2, ...changes);
  expect(counterValue(sync(atA, atB), spent)).toBe(5);
});

test("adding again to a set that only grows survives the removal of its field by somebody who has not seen that", () => {
  // Almeida et al. 2018: what is concurrent with the removal of a key stays.
  const path = fieldPath("m", "notes", "gSet");
  const first = apply(emptyObject, "a", 1, write(path, 7));
  const again = apply(first, "a", 2, write(path, 7));
  const removed = apply(first, "b", 3, { kind: "drop", path, observed: observedAt(first, path) });
  expect(liveValues(sync(again, removed))).toEqual([[7]]);
});

describe("checkChanges", () => {
  const counter = rootPath("pnCounter");
  test.each<[string, readonly Change[], string]>([
    ["nothing", [], "INVALID_ARGUMENT"],
    ["too much", Array.from({ length: limits.changesMax + 1 }, (_, at) => write("s", at % 256)), "TOO_LARGE"],
    ["no path", [write("x", 1)], "INVALID_ARGUMENT"],
    ["two types of key", [write("s", 1), write("r", 1, 1)], "INVALID_ARGUMENT"],
    ["a value for a counter", [write(counter, 1)], "INVALID_ARGUMENT"],
    ["a value for a map", [write("m", 1)], "INVALID_ARGUMENT"],
    [
      "a value that is too large",
      [{ ...write("s"), value: new Uint8Array(limits.valueBytesMax + 1) } as Change],
      "TOO_LARGE",
    ],
    ["an element without its mark", [write("r", 2)], "INVALID_ARGUMENT"],
    ["an empty element where a mark belongs", [write("d")], "INVALID_ARGUMENT"],
    ["a counter to be dropped", [{ kind: "drop", path: counter, observed: emptyContext }], "INVALID_ARGUMENT"],
    ["a set to be incremented", [{ kind: "increment", path: "s", amount: 1 }], "INVALID_ARGUMENT"],
    ["half of one", [{ kind: "increment", path: counter, amount: 0.5 }], "INVALID_ARGUMENT"],
    ["less of what only grows", [{ kind: "increment", path: "c", amount: -1 }], "INVALID_ARGUMENT"],
    [
      "a counter twice",
      [1, 2].map((amount) => ({ kind: "increment" as const, path: counter, amount })),
      "INVALID_ARGUMENT",
    ],
    ["a set to be reset", [{ kind: "reset", path: "s", marks: [] }], "INVALID_ARGUMENT"],
  ])("refuses %s", (_, changes, code) => {
    // Changes may be foreign: what makes no sense never reaches an object.
    expect(() => checkChanges(changes)).toThrow(expect.objectContaining({ code }));
  });

  test("lets pass what every type is for", () => {
    // One change of each kind.
    for (const type of Object.keys(leafTypes) as LeafType[]) {
      const path = rootPath(type);
      if (type === "gCounter" || type === "pnCounter")
        checkChanges([
          { kind: "increment", path, amount: 1 },
          { kind: "reset", path, marks: [] },
        ]);
      else checkChanges([write(path, 1, 7), { kind: "drop", path, observed: emptyContext }]);
    }
  });
});

const writer = new PackWriter();

test("changes come over the wire as they were", () => {
  // decode(encode) is the identity.
  const dots = fc.record({
    actor: fc.constantFrom(actorOf("a", 1), actorOf("b", 7)),
    counter: fc.integer({ min: 1, max: 9 }),
  });
  const observed = fc.array(dots).map(contextOf);
  const path = fc.constantFrom("s", "m1:ap", "m2:ém1::w");
  const changes: fc.Arbitrary<Change> = fc.oneof(
    fc.record({ kind: fc.constant("write" as const), path, value: fc.uint8Array(), observed }),
    fc.record({ kind: fc.constant("drop" as const), path, observed }),
    fc.record({ kind: fc.constant("increment" as const), path, amount: fc.maxSafeInteger() }),
    fc.record({
      kind: fc.constant("reset" as const),
      path,
      marks: fc.array(fc.record({ dot: dots, sum: fc.maxSafeInteger() })),
    }),
  );
  fc.assert(
    fc.property(changes, (change) => {
      writer.begin(0);
      writeChange(writer, change);
      expect(readWhole(writer.take(), readChange)).toEqual(change);
      expect(dotsOfChanges([change])).toBe(change.kind === "drop" ? 0 : 1);
    }),
  );
});

test.each<[string, unknown]>([
  ["no list", 7],
  ["no kind", [9, "s"]],
  ["no path", [0, 7]],
  ["a write without a value", [0, "s", new Uint8Array([0])]],
  ["a drop of what is no context", [1, "s", new Uint8Array([1])]],
  ["an amount that is no number", [2, "p", "1"]],
  ["marks that are none", [3, "p", new Uint8Array([0])]],
])("%s is refused as a change", (_, value) => {
  // Fields of messages: another shape condemns the frame.
  expect(() => readWhole(pack(value), readChange)).toThrow(expect.objectContaining({ code: "PROTOCOL" }));
});
