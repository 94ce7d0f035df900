/** node/settled-operations.ts: which operations are never tried again, as far as their clients have said so. */
import { describe, expect, test } from "vitest";
import { SettledOperations } from "../../node/settled-operations.ts";
import { opOf } from "../laws/minting.ts";

function settledOf(operations: SettledOperations, client: string, upTo: number): number[] {
  return Array.from({ length: upTo }, (_, at) => at + 1).filter((number) => operations.isSettled(opOf(client, number)));
}

describe("a client's word", () => {
  test("settles what is below it, but for what it names", () => {
    // Distances from the operation that carries the word: all before 10 - 2, without 10 - 5 and 10 - 7.
    const operations = new SettledOperations();
    operations.note(opOf("client", 10), [2, 5, 7]);
    expect(settledOf(operations, "client", 12)).toEqual([1, 2, 4, 6, 7]);
  });

  test("never settles the operation that carries it", () => {
    // It is being tried at this moment.
    const operations = new SettledOperations();
    operations.note(opOf("client", 10), [0]);
    expect(settledOf(operations, "client", 12)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("says nothing of other clients", () => {
    // Sequence numbers are each client's own.
    const operations = new SettledOperations();
    operations.note(opOf("client", 10), [0]);
    expect(settledOf(operations, "another", 12)).toEqual([]);
  });

  test("with more exceptions than any client of ours lists is not kept", () => {
    // Bytes from outside: the memory for one client is bounded, and to forget a word is safe.
    const operations = new SettledOperations();
    operations.note(opOf("client", 1000), [0, ...Array.from({ length: 257 }, (_, at) => at + 1)]);
    expect(settledOf(operations, "client", 3)).toEqual([]);
    operations.note(opOf("client", 1000), [0, ...Array.from({ length: 128 }, (_, at) => at + 1)]);
    expect(settledOf(operations, "client", 3)).toEqual([1, 2, 3]);
  });

  test("that is empty says nothing at all", () => {
    // A client may not know.
    const operations = new SettledOperations();
    operations.note(opOf("client", 10), []);
    expect(settledOf(operations, "client", 12)).toEqual([]);
  });

  test("that comes late, after one that says more, changes nothing", () => {
    // Messages may overtake each other. At the time of the later word 5 was doubtful; of the earlier one it was open.
    const operations = new SettledOperations();
    operations.note(opOf("client", 12), [1, 7]);
    operations.note(opOf("client", 8), [3]);
    expect(settledOf(operations, "client", 12)).toEqual([1, 2, 3, 4, 6, 7, 8, 9, 10]);
  });
});

test("a client that is heard of is remembered, however many others there are; one that is not is forgotten", () => {
  // Forgetting is safe: what it began is then kept until all members agree. Two generations of 10,000.
  const operations = new SettledOperations();
  operations.note(opOf("quiet", 10), [0]);
  for (let number = 0; number < 30_000; number++) {
    operations.note(opOf(`c${number}`, 2), [0]);
    if (number % 5_000 === 0) operations.note(opOf("busy", 10 + number), [0]);
  }
  expect(operations.isSettled(opOf("busy", 9))).toBe(true);
  expect(operations.isSettled(opOf("c29999", 1))).toBe(true);
  expect([operations.isSettled(opOf("quiet", 9)), operations.isSettled(opOf("c0", 1))]).toEqual([false, false]);
});
