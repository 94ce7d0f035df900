/** src/timestamp.ts: hybrid logical timestamps, 48 bits of ms and 16 bits of counter (design §4.4). */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ByteReader, ByteWriter, MalformedBytes } from "../../src/bytes.ts";
import {
  compareTimestamps,
  earliest,
  laterOf,
  readTimestamp,
  successor,
  writeTimestamp,
  type Timestamp,
} from "../../src/timestamp.ts";

const timestamps = fc.record({
  ms: fc.oneof(fc.nat(3), fc.nat({ max: 2 ** 48 - 1 })),
  counter: fc.oneof(fc.nat(3), fc.nat(65_535)),
});

function encode(t: Timestamp): Uint8Array {
  const writer = new ByteWriter();
  writeTimestamp(writer, t);
  return writer.take();
}

test("come back as they were", () => {
  // Design §4.4: 48-bit ms and 16-bit counter.
  fc.assert(
    fc.property(timestamps, (t) => {
      expect(readTimestamp(new ByteReader(encode(t)))).toEqual(t);
    }),
  );
});

test("are in a total order, first by time, then by counter", () => {
  // I11: the same winner on all replicas.
  fc.assert(
    fc.property(timestamps, timestamps, (a, b) => {
      const order = Math.sign(compareTimestamps(a, b));
      expect(order).toBe(Math.sign(a.ms * 65_536 - b.ms * 65_536 || a.counter - b.counter));
      expect(order).toBe(-Math.sign(compareTimestamps(b, a)) + 0);
      expect(laterOf(a, b)).toEqual(order >= 0 ? a : b);
      expect(compareTimestamps(a, earliest)).toBeGreaterThanOrEqual(0);
    }),
  );
});

test("have a successor with nothing between", () => {
  // Design §4.4: at least 1 above every timestamp it replaces; a full counter carries into the ms.
  expect(successor({ ms: 5, counter: 65_535 })).toEqual({ ms: 6, counter: 0 });
  fc.assert(
    fc.property(timestamps, timestamps, (t, other) => {
      expect(compareTimestamps(successor(t), t)).toBeGreaterThan(0);
      if (compareTimestamps(other, t) > 0) expect(compareTimestamps(other, successor(t))).toBeGreaterThanOrEqual(0);
    }),
  );
});

test("with a counter over 16 bits are refused", () => {
  // One form per value: 65,536 is the next millisecond.
  expect(() => readTimestamp(new ByteReader(encode({ ms: 1, counter: 65_536 })))).toThrow(MalformedBytes);
});
