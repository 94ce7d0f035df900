/** src/causal-context.ts: canonical bytes of contexts; what they refuse. The laws of contexts are in test/laws. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteReader, ByteWriter, fromBinary, MalformedBytes } from "../../src/bytes.ts";
import {
  contains,
  includes,
  contextOf,
  dotsOf,
  emptyContext,
  eventsOf,
  readContext,
  writeContext,
  type CausalContext,
} from "../../src/causal-context.ts";
import { makeActor } from "../../src/dot.ts";

const dots = fc.record({
  actor: fc
    .tuple(fc.constantFrom("a.......", "b.......", "\u00ff......."), fc.oneof(fc.nat(2), fc.constant(2 ** 48 - 1)))
    .map(([replica, epoch]) => makeActor(replica, epoch)),
  counter: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
});
const dotSets = fc.uniqueArray(dots, { selector: ({ actor, counter }) => `${actor} ${counter}`, maxLength: 20 });

function encode(context: CausalContext): Uint8Array {
  const writer = new ByteWriter();
  writeContext(writer, context);
  return writer.take();
}

function decode(bytes: Uint8Array): CausalContext {
  const reader = new ByteReader(bytes);
  const context = readContext(reader);
  reader.end();
  return context;
}

function refusal(bytes: Uint8Array): string {
  try {
    return JSON.stringify(decode(bytes));
  } catch (error) {
    return error instanceof MalformedBytes ? error.message : `not refused but crashed: ${String(error)}`;
  }
}

const a = [...fromBinary("a.......")];
const b = [...fromBinary("b.......")];

describe("canonical bytes", () => {
  test("come back as the same context, whatever the order of its dots", () => {
    // Design §4.2: encoding is canonical; equal contexts are equal bytes.
    fc.assert(
      fc.property(dotSets, (set) => {
        const context = contextOf(set);
        expect(decode(encode(context))).toEqual(context);
        expect(encode(contextOf(set.toReversed()))).toEqual(encode(context));
      }),
    );
  });

  test("are the only form: whatever decodes encodes to the same bytes", () => {
    // Design §4.2: one form per value. Each byte of a context is changed in turn.
    fc.assert(
      fc.property(dotSets, fc.integer({ min: 1, max: 255 }), (set, change) => {
        const bytes = encode(contextOf(set));
        for (const at of bytes.keys()) {
          const changed = bytes.slice();
          changed[at]! ^= change;
          const outcome = refusal(changed);
          if (outcome.startsWith("[")) expect(encode(decode(changed))).toEqual(changed);
          else expect(outcome).not.toMatch(/^not refused/);
        }
      }),
    );
  });

  test("cut short are refused at every length", () => {
    // Foreign bytes may end anywhere.
    fc.assert(
      fc.property(dotSets, (set) => {
        const bytes = encode(contextOf(set));
        for (let length = 0; length < bytes.length; length++)
          expect(() => decode(bytes.slice(0, length))).toThrow(MalformedBytes);
      }),
    );
  });
});

describe("refused are", () => {
  const wrong: readonly [string, readonly number[], string][] = [
    ["actors out of order", [4, ...b, 1, 1, ...a, 1, 1], "actors out of order"],
    ["an actor twice", [4, ...a, 1, 1, ...a, 1, 1], "actors out of order"],
    ["epochs of one replica out of order", [4, ...a, 2, 1, ...a, 1, 1], "actors out of order"],
    ["an actor without events", [2, ...a, 1, 0], "an actor without events"],
    ["clouds announced and none there", [3, ...a, 1, 1, 0], "clouds announced, none there"],
    ["an announced cloud in a context of nobody", [1], "count larger than the bytes that are left"],
    ["a cloud dot that touches the base", [3, ...a, 1, 5, 1, 1], "cloud not in normal form"],
    ["a cloud dot inside the base", [3, ...a, 1, 5, 1, 0], "cloud not in normal form"],
    ["a cloud dot twice", [3, ...a, 1, 5, 2, 3, 0], "cloud not in normal form"],
    ["a base that is not in its shortest form", [2, ...a, 1, 0x81, 0x00], "number not in its shortest form"],
    ["more actors than there are bytes for", [0xff, 0xff, 0x7f, ...a], "count larger than the bytes that are left"],
    [
      "a cloud larger than the bytes that are left",
      [3, ...a, 1, 1, 0x7f, 2],
      "count larger than the bytes that are left",
    ],
    ["an epoch over 48 bits", [2, ...a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 1], "epoch over 48 bits"],
    [
      "a counter over 53 bits",
      [3, ...a, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2],
      "counter over 53 bits",
    ],
    ["bytes left over", [2, ...a, 1, 1, 0], "bytes left over"],
  ];
  test.each(wrong)("%s", (_, bytes, reason) => {
    // src/causal-context.ts: anything but the normal form in its canonical bytes.
    expect(refusal(Uint8Array.from(bytes))).toBe(reason);
  });

  test("nothing of the normal form: a gap in a cloud, and a second actor behind it, are taken", () => {
    // The counterpart of the list above.
    const context = decode(Uint8Array.of(5, ...a, 1, 0, 2, 2, 2, ...b, 1, 7, 0));
    expect(context).toEqual([
      { actor: makeActor("a.......", 1), base: 0, cloud: [2, 4] },
      { actor: makeActor("b.......", 1), base: 7, cloud: [] },
    ]);
  });
});

describe("queries", () => {
  const actor = makeActor("a.......", 1);
  const context = contextOf([1, 2, 4].map((counter) => ({ actor, counter })));

  test("tell what is in the base, in the cloud and in the gap", () => {
    // Design §4.1: all dots (actor, 1..n), plus single dots beyond a gap.
    expect([1, 2, 3, 4, 5].map((counter) => contains(context, { actor, counter }))).toEqual([
      true,
      true,
      false,
      true,
      false,
    ]);
    expect(contains(context, { actor: makeActor("a.......", 2), counter: 1 })).toBe(false);
    expect(contains(emptyContext, { actor, counter: 1 })).toBe(false);
  });

  test("find an actor's events, and list all dots in order", () => {
    // For minting, and for tests and traces.
    expect(eventsOf(context, actor)).toEqual({ actor, base: 2, cloud: [4] });
    expect(eventsOf(context, makeActor("b.......", 1))).toBeUndefined();
    expect([...dotsOf(context)].map(({ counter }) => counter)).toEqual([1, 2, 4]);
  });

  test("list a dot once that was given twice", () => {
    // src/causal-context.ts: there is one normal form.
    const dot = { actor, counter: 3 };
    expect(contextOf([dot, dot])).toEqual([{ actor, base: 0, cloud: [3] }]);
  });
});

test("long clouds are compared and searched by walking and halving: a client may send them", () => {
  // Design §14: foreign bytes bound nobody's time. 100,000 entries took seconds when each was looked for from the start.
  const cloud = Array.from({ length: 100_000 }, (_, at) => 2 * at + 2);
  const [one, same] = [
    [{ actor: makeActor("a.......", 1), base: 0, cloud }],
    [{ actor: makeActor("a.......", 1), base: 0, cloud: [...cloud] }],
  ];
  expect(includes(one, same)).toBe(true);
  expect(includes(one, [{ ...same[0]!, cloud: [...cloud, 200_002] }])).toBe(false);
  expect([2, 3, 200_000, 200_001].map((counter) => contains(one, { actor: one[0]!.actor, counter }))).toEqual([
    true,
    false,
    true,
    false,
  ]);
});
