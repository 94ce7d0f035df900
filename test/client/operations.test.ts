/** client/operations.ts: which operations a client vouches for. What it must never vouch for is searched in test/laws/exactly-once.test.ts. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Operations, type Operation } from "../../client/operations.ts";
import { SettledOperations } from "../../node/settled-operations.ts";
import { opOf } from "../laws/minting.ts";

const client = "client..";

/** What a node makes of the client's next word: the operations that it takes for settled. */
function vouchedFor(operations: Operations, nowMs: number): number[] {
  const { sequence } = operations.nextOp();
  const node = new SettledOperations();
  node.note(opOf(client, sequence), operations.settledBefore(sequence, nowMs));
  return Array.from({ length: sequence }, (_, at) => at + 1).filter((number) => node.isSettled(opOf(client, number)));
}

/** Over after so many tries, the last of which has succeeded, or of which nobody knows. */
function run(operations: Operations, unknownTries: number, hasSucceeded: boolean, count = 1): Operation {
  const operation = operations.begin(0, count);
  operation.unknownTries = unknownTries;
  operations.end(operation, hasSucceeded, 0);
  return operation;
}

describe("a client vouches", () => {
  test("for what has succeeded at the first try, or may have happened once", () => {
    // One try makes one dot: nobody has to recognise another.
    const operations = new Operations(client);
    run(operations, 0, true);
    run(operations, 1, false);
    run(operations, 0, false);
    expect(vouchedFor(operations, 0)).toEqual([1, 2, 3]);
  });

  test("never for what may have happened twice, with all elements that it added", () => {
    // That may stand under two dots.
    const operations = new Operations(client);
    run(operations, 1, true, 3);
    run(operations, 2, false);
    run(operations, 0, true);
    expect(vouchedFor(operations, 0)).toEqual([5]);
  });

  test("for nothing from its oldest open operation on", () => {
    // What is open may be tried again.
    const operations = new Operations(client);
    run(operations, 0, true);
    const open = operations.begin(0, 2);
    run(operations, 0, true);
    expect([operations.isAnyOpen, vouchedFor(operations, 0)]).toEqual([true, [1]]);
    operations.end(open, true, 0);
    expect([operations.isAnyOpen, vouchedFor(operations, 0)]).toEqual([false, [1, 2, 3, 4]]);
  });

  test("for nothing from the first doubtful operation on for which the list has no room", () => {
    // 128 find room: the word is small, and goes as far as it can.
    const operations = new Operations(client);
    for (let number = 1; number <= 130; number++) {
      run(operations, 0, true);
      run(operations, 1, true);
    }
    expect(vouchedFor(operations, 0)).toEqual(Array.from({ length: 129 }, (_, at) => 2 * at + 1));
  });
});

test("the oldest that is open is known, in whatever order they end, also if one is ended twice", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(), { freq: 2, nil: undefined }), { maxLength: 60, size: "max" }), (steps) => {
      const operations = new Operations(client);
      const begun: Operation[] = [];
      const open = new Set<Operation>();
      for (const step of steps) {
        if (step === undefined || begun.length === 0) {
          begun.push(operations.begin(0));
          open.add(begun.at(-1)!);
        } else {
          const one = begun[step % begun.length]!;
          operations.end(one, true, 0);
          open.delete(one);
          // It may be kept for long, and would keep alive all that began after it.
          expect([one.older, one.newer]).toEqual([undefined, undefined]);
        }
        const { sequence } = operations.nextOp();
        const [oldest] = open;
        expect(operations.isAnyOpen).toBe(open.size > 0);
        expect(operations.settledBefore(sequence, 0)).toEqual([sequence - (oldest?.sequence ?? sequence)]);
      }
    }),
  );
});

test("an operation takes a sequence number for each element that it may add", () => {
  // Element i has the operation id of the first plus i.
  const operations = new Operations(client);
  expect([operations.begin(0, 3), operations.begin(0)].map(({ sequence }) => sequence)).toEqual([1, 4]);
  expect([operations.begun, operations.nextOp().sequence]).toEqual([4, 5]);
});
