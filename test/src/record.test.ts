/** src/record.ts: the bytes of an object (design §4.2): canonical, guarded by a checksum, named by a digest. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteWriter } from "../../src/bytes.ts";
import { addDot, contextOf, writeContext, type CausalContext } from "../../src/causal-context.ts";
import { makeActor } from "../../src/dot.ts";
import { checksum32 } from "../../src/hash.ts";
import { emptyObject, type StoredObject } from "../../src/object.ts";
import { decodeRecord, digestOf, encodeRecord, openRecord, recordProblem } from "../../src/record.ts";
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

/** A record with any body, under the right checksum. */
function sealed(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  for (let at = 0; at < bodyAt; at++) writer.byte(0);
  write(writer);
  const record = writer.take();
  record[0] = 1;
  new DataView(record.buffer).setUint32(1, checksum32(record.subarray(5)));
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
    record[0] = 3;
    expect(recordProblem(record)).toBe("layout 3, this program knows 1 and 2");
  });

  test("of random bytes is never taken, and never crashes", () => {
    // Design §14: foreign bytes never crash a node.
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(refusal(bytes)).not.toBe("accepted");
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (body) => {
        const record = sealed((writer) => writer.raw(body));
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
