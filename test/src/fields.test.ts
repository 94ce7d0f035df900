/** src/fields.ts: every field that is not what it should be condemns the frame, and is told by its name. */
import { describe, expect, test } from "vitest";
import {
  array,
  bytes,
  errorCode,
  exactly,
  natural,
  numbers,
  oneOf,
  optional,
  text,
  texts,
  timeout,
} from "../../src/fields.ts";
import { limits } from "../../src/limits.ts";

describe("what is well-formed comes through", () => {
  test.each([
    ["a whole number", natural(7, "count"), 7],
    ["a text", text("a", "name"), "a"],
    ["texts", texts(["a", "b"], "names"), ["a", "b"]],
    ["numbers", numbers([1, 2], "counts"), [1, 2]],
    ["bytes", bytes(new Uint8Array(3), 3, "key"), new Uint8Array(3)],
    ["one of several words", oneOf("node", ["client", "node"], "role"), "node"],
    ["a timeout, up to the limit", timeout(1e9), limits.timeoutMsMax],
    ["nothing, where that is allowed", optional(null, () => 1), undefined],
    ["an error code", errorCode("TIMEOUT"), "TIMEOUT"],
    ["an error code of the future", errorCode("TOO_HOT"), "UNAVAILABLE"],
  ])("%s", (_, found, expected) => {
    expect(found).toEqual(expected);
  });
});

describe("what is not is refused by its name", () => {
  test.each<[string, () => unknown, string]>([
    ["a negative number", () => natural(-1, "count"), "count is no whole number"],
    ["half a number", () => natural(0.5, "count"), "count is no whole number"],
    ["a number as a text", () => natural("1", "count"), "count is no whole number"],
    ["bytes as a text", () => text(new Uint8Array(1), "name"), "name is no text"],
    ["a map as an array", () => array({}, "names"), "names is no array"],
    ["too many bytes", () => bytes(new Uint8Array(4), 3, "key"), "key has 4 bytes, the limit is 3"],
    ["too few bytes", () => exactly(new Uint8Array(4), 8, "digest"), "digest has 4 bytes instead of 8"],
    ["a word that is not known", () => oneOf("king", ["client", "node"], "role"), "role is none of client, node"],
  ])("%s", (_, parse, sentence) => {
    expect(parse).toThrow(sentence);
    expect(parse).toThrow(expect.objectContaining({ code: "PROTOCOL" }));
  });
});
