/** src/dot.ts: names of writes (design §4.3). */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compareDots, epochOf, formatActor, formatDot, makeActor, replicaOf } from "../../src/dot.ts";

const epochMax = 2 ** 48 - 1;
const epochs = fc.oneof(fc.nat(3), fc.nat({ max: epochMax }), fc.constant(epochMax));

test("an actor is its replica and its epoch", () => {
  // Design §4.3: actor = replicaId + epoch; 8 bytes and 6 bytes.
  fc.assert(
    fc.property(epochs, (epoch) => {
      const actor = makeActor("\u0000replica", epoch);
      expect([replicaOf(actor), epochOf(actor), actor.length]).toEqual(["\u0000replica", epoch, 14]);
    }),
  );
});

test("dots are in the order of replica, epoch and counter", () => {
  // src/dot.ts: the order of strings is the canonical order.
  const dots = fc.record({
    replica: fc.constantFrom("a.......", "b......."),
    epoch: epochs,
    counter: fc.integer({ min: 1, max: 5 }),
  });
  fc.assert(
    fc.property(dots, dots, (a, b) => {
      const expected = Math.sign(
        a.replica < b.replica ? -1 : a.replica > b.replica ? 1 : a.epoch - b.epoch || a.counter - b.counter,
      );
      const [one, other] = [a, b].map(({ replica, epoch, counter }) => ({ actor: makeActor(replica, epoch), counter }));
      expect(Math.sign(compareDots(one!, other!))).toBe(expected);
    }),
  );
});

test("people read half of the replica id, the epoch and the counter", () => {
  // src/dot.ts, formatDot.
  const actor = makeActor("\u009f\u0003\u00a1\u00c2....", 5);
  expect([formatActor(actor), formatDot({ actor, counter: 17 })]).toEqual(["9f03a1c2.5", "9f03a1c2.5:17"]);
});
