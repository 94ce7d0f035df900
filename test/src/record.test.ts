/** src/record.ts: the bytes of an object (design §4.2): canonical, guarded by a checksum, named by a digest. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteWriter } from "../../src/bytes.ts";
import { addDot, contextOf, writeContext, type CausalContext } from "../../src/causal-context.ts";
import { makeActor } from "../../src/dot.ts";
import { checksum32 } from "../../src/hash.ts";
import { emptyObject, type Sibling, type StoredObject } from "../../src/object.ts";
import { plainPath } from "../../src/crdt/path.ts";
import { makeOpId } from "../../src/op-id.ts";
import { writeTimestamp } from "../../src/timestamp.ts";
import { decodeRecord, digestOf, encodeRecord, isSameState, openRecord, recordProblem } from "../../src/record.ts";
import { histories, siblingOf } from "../laws/history.ts";
import { plainWrite } from "../plain-write.ts";

const objects = histories.chain(({ all }) => fc.nat().map((pick) => all[pick % all.length]!.object));
const keyHash = 0x1234_5678_9abc_def0n;
const bodyAt = 13;

function refusal(record: Uint8Array): string {
  try {
    openRecord(keyHash, record);
    return "accepted";
  } catch (error) {
    return (error as { code?: string }).code === "PROTOCOL"
      ? (error as Error).message.replace("not a record: ", "")
      : String(error);
  }
}

const plain = 1;
const sole = 3;

/** A record with any body, under the right checksum. */
function sealed(write: (writer: ByteWriter) => void, layout: typeof plain | typeof sole = plain): Uint8Array {
  const writer = new ByteWriter();
  for (let at = 0; at < bodyAt; at++) writer.byte(0);
  write(writer);
  const record = writer.take();
  record[0] = layout;
  const mask = layout === plain ? 0 : 0x0f0f_0f0f;
  new DataView(record.buffer, record.byteOffset).setUint32(1, (checksum32(record.subarray(5)) ^ mask) >>> 0);
  return record;
}

describe("a record", () => {
  test("gives back its object, and equal objects are equal bytes", () => {
    // Design §4.2: encoding is canonical.
    fc.assert(
      fc.property(objects, (object) => {
        const record = encodeRecord(keyHash, object);
        expect(recordProblem(record)).toBeUndefined();
        expect(decodeRecord(record)).toEqual(object);
        expect(openRecord(keyHash, record)).toEqual(object);
        expect(encodeRecord(keyHash, decodeRecord(record))).toEqual(record);
      }),
    );
  });

  test("with any single byte changed is refused", () => {
    // Design §4.2: a 32-bit checksum of the rest.
    fc.assert(
      fc.property(objects, fc.integer({ min: 1, max: 255 }), (object, change) => {
        const record = encodeRecord(keyHash, object);
        for (const at of record.keys()) {
          const broken = record.slice();
          broken[at]! ^= change;
          expect(recordProblem(broken), `byte ${at}`).toBeDefined();
        }
      }),
      { numRuns: 50 },
    );
  });

  test("cut short, or with bytes behind it, is refused", () => {
    // Design §4.2: a torn write must not pass as a record.
    fc.assert(
      fc.property(objects, (object) => {
        const record = encodeRecord(keyHash, object);
        for (let length = 0; length < record.length; length++)
          expect(recordProblem(record.slice(0, length))).toBeDefined();
        expect(recordProblem(Uint8Array.of(...record, 0))).toBe("wrong checksum");
      }),
      { numRuns: 50 },
    );
  });

  test("of another layout says so", () => {
    // Design §4.2: the header has a format version.
    const record = encodeRecord(keyHash, emptyObject);
    record[0] = 4;
    expect(recordProblem(record)).toBe("layout 4, this program knows 1 to 3");
    record[0] = 0;
    expect(recordProblem(record)).toBe("layout 0, this program knows 1 to 3");
  });

  test("of random bytes is never taken, and never crashes", () => {
    // Design §14: foreign bytes never crash a node.
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(refusal(bytes)).not.toBe("accepted");
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(plain, sole), (body, layout) => {
        const record = sealed((writer) => writer.raw(body), layout);
        const outcome = refusal(record);
        if (outcome === "accepted")
          expect(decodeRecord(encodeRecord(keyHash, decodeRecord(record)))).toEqual(decodeRecord(record));
        else expect(outcome).not.toMatch(/^(TypeError|RangeError|Error)/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a body with the right checksum is refused for", () => {
  const actor = makeActor("a.......", 1);
  const context = contextOf([
    { actor, counter: 1 },
    { actor, counter: 2 },
  ]);

  interface Head {
    readonly place?: number;
    readonly counter?: number;
    readonly size?: number;
    readonly timestampCounter?: number;
    readonly sequence?: number;
  }

  function withHeads(seen: CausalContext, heads: readonly Head[], tail: readonly number[] = []): Uint8Array {
    return sealed((writer) => {
      writeContext(writer, seen);
      writer.number(heads.length);
      for (const { place = 0, counter = 1, size = 0, timestampCounter = 0, sequence = 1 } of heads) {
        writer.number(place);
        writer.number(counter);
        writer.fixed(1_700_000_000_000, 6);
        writer.number(timestampCounter);
        writer.text("client..", 0, 8);
        writer.number(sequence);
        writer.number(size);
      }
      writer.raw(Uint8Array.from(tail));
    });
  }

  interface Sole {
    readonly base?: number;
    readonly epoch?: number;
    readonly sequence?: number;
    readonly size?: number;
  }

  function soleBody({ base = 1, epoch = 1, sequence = 1, size = 2 }: Sole, tail = [42]): Uint8Array {
    return sealed((writer) => {
      writer.text("a.......", 0, 8);
      writer.number(epoch);
      writer.number(base);
      writer.fixed(1_700_000_000_000, 6);
      writer.number(0);
      writer.text("client..", 0, 8);
      writer.number(sequence);
      writer.number(size);
      writer.raw(Uint8Array.from(tail));
    }, sole);
  }

  const wrong: readonly [string, Uint8Array, string][] = [
    [
      "a sibling of an actor that the context lacks",
      withHeads(context, [{ place: 1 }]),
      "a sibling of an actor that the context lacks",
    ],
    [
      "a sibling that the context has not seen",
      withHeads(context, [{ counter: 3 }]),
      "a sibling that the context has not seen",
    ],
    ["siblings out of order", withHeads(context, [{ counter: 2 }, { counter: 1 }]), "siblings out of order"],
    ["a sibling twice", withHeads(context, [{ counter: 1 }, { counter: 1 }]), "siblings out of order"],
    ["a tombstone with a value", withHeads(context, [{ size: 3 }], [1]), "a tombstone with a value"],
    ["a value longer than the record", withHeads(context, [{ size: 200 }], [1]), "bytes end too early"],
    ["bytes left over behind the values", withHeads(context, [{ size: 2 }], [1, 2]), "bytes left over"],
    [
      "a timestamp's counter over 16 bits",
      withHeads(context, [{ timestampCounter: 65_536 }]),
      "timestamp out of range",
    ],
    ["a sibling with the dot 0", withHeads(context, [{ counter: 0 }]), "a sibling without a dot: counters are from 1"],
    [
      "an operation id that would be cut",
      withHeads(context, [{ sequence: 2 ** 48 + 5 }]),
      "an operation id over 48 bits",
    ],
    [
      "more siblings than there are bytes for",
      sealed((writer) => [0, 0xff, 0x7f].forEach((byte) => writer.byte(byte))),
      "count larger than the bytes that are left",
    ],
    ["a sole sibling with the dot 0", soleBody({ base: 0 }), "an actor without events"],
    ["a sole sibling of an epoch that would be cut", soleBody({ epoch: 2 ** 48 }), "epoch over 48 bits"],
    [
      "a sole sibling of an operation that would be cut",
      soleBody({ sequence: 2 ** 48 }),
      "an operation id over 48 bits",
    ],
    ["a sole tombstone with a value", soleBody({ size: 3 }), "a tombstone with a value"],
    ["a sole value longer than the record", soleBody({ size: 4 }), "bytes end too early"],
    ["bytes left over behind a sole value", soleBody({}, [42, 43]), "bytes left over"],
  ];
  test.each(wrong)("%s", (_, record, reason) => {
    // src/record.ts: anything but canonical bytes.
    expect(refusal(record)).toBe(reason);
  });

  test("nothing but its digest, if it is canonical", () => {
    // The counterpart of the list above: the digest, which these bodies are sealed without, is looked at last.
    expect(
      refusal(
        withHeads(
          context,
          [
            { counter: 1, size: 2 },
            { counter: 2, size: 1 },
          ],
          [42],
        ),
      ),
    ).toBe("its digest is of another key or state");
    expect(refusal(soleBody({}))).toBe("its digest is of another key or state");
  });
});

describe("a sole record", () => {
  // Design §4.2 and the aim for small objects: what nearly all records have in common is not written.
  const many = 2_000_000;
  const actor = makeActor("a.......", 3);
  const value = new Uint8Array(100).fill(7);
  const sibling: Sibling = {
    dot: { actor, counter: many },
    path: plainPath,
    value,
    timestamp: { ms: 1_700_000_000_000, counter: 0 },
    op: makeOpId("client..", many),
  };
  const object: StoredObject = { siblings: [sibling], spent: [], context: [{ actor, base: many, cloud: [] }] };
  const record = encodeRecord(keyHash, object);

  test("takes 45 bytes besides its value, even after two million writes of one client", () => {
    expect(record).toHaveLength(45 + value.length);
    expect(openRecord(keyHash, record)).toEqual(object);
  });

  test("has the digest that it had in the plain layout, in which it is read, too", () => {
    const earlier = sealed((writer) => {
      writeContext(writer, object.context);
      for (const number of [1, 0, many]) writer.number(number);
      writeTimestamp(writer, sibling.timestamp);
      writer.text(sibling.op, 0, 8);
      for (const number of [many, 2 * value.length]) writer.number(number);
      writer.raw(value);
    });
    earlier.set(digestOf(record), 5);
    new DataView(earlier.buffer, earlier.byteOffset).setUint32(1, checksum32(earlier.subarray(5)));
    expect(openRecord(keyHash, earlier)).toEqual(object);
    expect(isSameState(earlier, record)).toBe(true);
  });

  const other = makeActor("b.......", 1);
  const others: Record<string, StoredObject> = {
    "no sibling": { ...object, siblings: [] },
    "two siblings": { ...object, siblings: [{ ...sibling, dot: { actor, counter: 1 } }, sibling] },
    "two actors": { ...object, context: [...object.context, { actor: other, base: 1, cloud: [] }] },
    "an event after its sibling": { ...object, context: [{ actor, base: many + 1, cloud: [] }] },
    "a gap before its sibling": { ...object, context: [{ actor, base: many - 2, cloud: [many] }] },
    "a gap behind its sibling": { ...object, context: [{ actor, base: many, cloud: [many + 2] }] },
    "something spent": { ...object, spent: [{ ...sibling, dot: { actor, counter: 1 }, value: undefined }] },
  };
  test.each(Object.entries(others))("does not stand for a state with %s", (_, state) => {
    const bytes = encodeRecord(keyHash, state);
    expect(bytes[0]).not.toBe(sole);
    expect(openRecord(keyHash, bytes)).toEqual(state);
  });
});

describe("the digest", () => {
  const dot = { actor: makeActor("a.......", 1), counter: 1 };
  const object: StoredObject = plainWrite(emptyObject, [], siblingOf(dot, true));

  test("is the same eight bytes for the same state of the same key", () => {
    // Design §4.2: the 64-bit digest of (key, context, live dots).
    const same = plainWrite(emptyObject, [], siblingOf(dot, true));
    expect(digestOf(encodeRecord(keyHash, same))).toEqual(digestOf(encodeRecord(keyHash, object)));
    expect(digestOf(encodeRecord(keyHash, object))).toHaveLength(8);
  });

  test("is another one under another key, for another context, and for other live dots", () => {
    // Scenarios 22 and 23; Design §7: one joint hash over key, context and live dots.
    const knowsMore = { ...object, context: addDot(object.context, { ...dot, counter: 2 }) };
    const overwritten = { ...object, siblings: [] };
    const tombstone = plainWrite(emptyObject, [], siblingOf(dot, false));
    const digests = [
      encodeRecord(keyHash, object),
      encodeRecord(keyHash + 1n, object),
      ...[knowsMore, overwritten, tombstone].map((other) => encodeRecord(keyHash, other)),
    ].map((record) => digestOf(record).join());
    expect(new Set(digests).size).toBe(5);
  });
});

test("a record that strayed to another key is refused", () => {
  // Scenario 47: a flipped bit in the key of a message must not store a record under a key that it is not of.
  fc.assert(
    fc.property(objects, (object) => {
      const record = encodeRecord(keyHash, object);
      expect(() => openRecord(keyHash + 1n, record)).toThrow(expect.objectContaining({ code: "PROTOCOL" }));
    }),
  );
});
