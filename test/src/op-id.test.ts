/** src/op-id.ts: names of mutations across retries (design §6.5). */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { makeOpId, sequenceOf } from "../../src/op-id.ts";

test("an operation id is its client and its sequence", () => {
  // Design §6.5: 64-bit client id and sequence; 14 bytes on the wire.
  const sequences = fc.oneof(fc.nat(3), fc.nat({ max: 2 ** 48 - 1 }), fc.constant(2 ** 48 - 1));
  fc.assert(
    fc.property(sequences, sequences, (one, other) => {
      const op = makeOpId("\u0000client\u00ff", one);
      expect([op.slice(0, 8), sequenceOf(op), op.length]).toEqual(["\u0000client\u00ff", one, 14]);
      expect(op === makeOpId("\u0000client\u00ff", other)).toBe(one === other);
    }),
  );
});
