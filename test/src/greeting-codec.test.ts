/** src/greeting-codec.ts: who is there, and what the cluster is, as foreign bytes (design §13). */
import { expect, test } from "vitest";
import { pack } from "../../src/msgpack.ts";
import { outcome } from "./outcome.ts";
import { frameOf } from "./sealed.ts";

const identity = new Uint8Array(8);
const ring = [1, 1, 3, [["n1", "u", "z", 1]], [0]];

test.each<[string, unknown[], string]>([
  ["a role that is none", [1, 0, 1, [], "king", identity], "role is none of client, node"],
  ["an identity of 65 bytes", [1, 0, 1, [], "node", new Uint8Array(65)], "identity has 65 bytes, the limit is 64"],
  ["a feature that is no text", [1, 0, 1, [7], "node", identity], "features is no text"],
  [
    "a ring that is none",
    [2, 0, 1, [], "n1", [1, 3, 3, [], []], [null, []]],
    "The ring table's partitions must be a power of two in 1..4096, not 3.",
  ],
  ["no ring", [2, 0, 1, [], "n1"], "The ring table must be an array, not undefined."],
  ["no cluster options", [2, 0, 1, [], "n1", ring], "cluster options is no array"],
  ["a bucket without a name", [2, 0, 1, [], "n1", ring, [pack([]), [[]]]], "bucket is no text"],
  [
    "cluster options that are wrong",
    [2, 0, 1, [], "n1", ring, [pack([0]), []]],
    "n is a number of nodes from 1, not 0",
  ],
])("%s condemns its frame", (_, fields, reason) => {
  // Design §13: a frame that does not decode closes that link only, with a reason.
  expect(outcome(frameOf([fields]))).toBe(reason);
});
