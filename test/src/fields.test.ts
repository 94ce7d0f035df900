/** src/fields.ts: every field that is not what it should be condemns the frame, and is told by its name. */
import { describe, expect, test } from "vitest";
import { readWhole, type FieldReader } from "../../src/fields.ts";
import { limits } from "../../src/limits.ts";
import { pack } from "../../src/msgpack.ts";

type Read = (reader: FieldReader) => unknown;
const roles = ["client", "node"] as const;

describe("what is well-formed comes through", () => {
  test.each<[string, unknown, Read, unknown]>([
    ["a whole number", 7, (reader) => reader.natural("count"), 7],
    ["any number", -0.5, (reader) => reader.number("amount"), -0.5],
    ["a text", "a", (reader) => reader.text("name"), "a"],
    ["texts", ["a", "b"], (reader) => reader.texts("names"), ["a", "b"]],
    ["numbers", [1, 2], (reader) => reader.naturals("counts"), [1, 2]],
    ["bytes", new Uint8Array(3), (reader) => reader.bytes("key", 3), new Uint8Array(3)],
    ["one of several words", "node", (reader) => reader.word(roles, "role"), "node"],
    ["the place of one", 1, (reader) => reader.place(roles, "role"), "node"],
    ["a timeout, up to the limit", 1e9, (reader) => reader.timeout(), limits.timeoutMsMax],
    ["nothing, where that is allowed", null, (reader) => reader.optionalNatural("need"), undefined],
    ["something, where nothing is allowed", 7, (reader) => reader.optionalNatural("need"), 7],
    ["an error code", "TIMEOUT", (reader) => reader.errorCode(), "TIMEOUT"],
    ["an error code of the future", "TOO_HOT", (reader) => reader.errorCode(), "UNAVAILABLE"],
    ["true", true, (reader) => reader.boolean(), true],
    ["anything else as false", ["true"], (reader) => reader.boolean(), false],
    ["whatever there is", { a: [1] }, (reader) => reader.value(), { a: [1] }],
  ])("%s", (_, packed, read, expected) => {
    expect(readWhole(pack(packed), read)).toEqual(expected);
  });
});

describe("what is not is refused by its name", () => {
  test.each<[string, unknown, Read, string]>([
    ["a negative number", -1, (reader) => reader.natural("count"), "count is no whole number"],
    ["half a number", 0.5, (reader) => reader.natural("count"), "count is no whole number"],
    ["a number as a text", "1", (reader) => reader.natural("count"), "count is no whole number"],
    ["a number of 64 bits", 2n ** 63n, (reader) => reader.number("amount"), "amount is no number"],
    ["bytes as a text", new Uint8Array(1), (reader) => reader.text("name"), "name is no text"],
    ["a map as an array", {}, (reader) => reader.texts("names"), "names is no array"],
    ["a number among texts", ["a", 1], (reader) => reader.texts("names"), "names is no text"],
    ["too many bytes", new Uint8Array(4), (reader) => reader.bytes("key", 3), "key has 4 bytes, the limit is 3"],
    ["too few bytes", new Uint8Array(4), (reader) => reader.exactly(8, "digest"), "digest has 4 bytes instead of 8"],
    ["a word that is not known", "king", (reader) => reader.word(roles, "role"), "role is none of client, node"],
    ["a place beyond the end", 2, (reader) => reader.place(roles, "role"), "role is none of those known"],
    ["more than was asked for", 7, () => undefined, "bytes left over behind the value"],
  ])("%s", (_, packed, read, sentence) => {
    expect(() => readWhole(pack(packed), read)).toThrow(sentence);
    expect(() => readWhole(pack(packed), read)).toThrow(expect.objectContaining({ code: "PROTOCOL" }));
  });
});

describe("fields that are told by their place", () => {
  const read: Read = (reader) => {
    const inner = reader.tuple("fields", () => [reader.natural("first"), reader.optionalText("second"), reader.nil()]);
    return [inner, reader.nil()];
  };

  test("that are missing at the end are nothing", () => {
    expect(readWhole(pack([1]), read)).toEqual([[1, undefined, true], true]);
    expect(readWhole(pack([1, null, null]), read)).toEqual([[1, undefined, true], true]);
    expect(() => readWhole(pack([]), read)).toThrow("first is no whole number");
  });

  test("that come behind the known ones are passed over, whatever they are", () => {
    expect(readWhole(pack([1, "a", null, { a: [[1]] }, "b", 2.5, -7]), read)).toEqual([[1, "a", true], true]);
  });
});
