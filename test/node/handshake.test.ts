/** node/handshake.ts: the first words on a link (design §13, §17). */
import { describe, expect, test } from "vitest";
import { fromBinary } from "../../src/bytes.ts";
import { CoterieError } from "../../src/errors.ts";
import { protocolVersion, type Hello } from "../../src/messages.ts";
import { greet, hello, welcome, type Guest } from "../../node/handshake.ts";
import { defaultTuning } from "../../node/tuning.ts";
import { Cluster } from "./cluster.ts";

const { ring } = new Cluster();
const config = { id: "n1", ring, options: { defaults: { w: 2 }, buckets: { carts: { n: 2 } } }, tuning: defaultTuning };
const client = hello("client", fromBinary("8 bytes."), "secret");
const node = hello("node", fromBinary("n2"), "secret");

function greeted(message: Parameters<typeof greet>[1]): Guest {
  return greet(config, message, (role, credential) => credential === "secret" && role !== undefined);
}

function refusal(message: Parameters<typeof greet>[1]): unknown {
  try {
    return greeted(message);
  } catch (error) {
    return error instanceof CoterieError ? error.code : error;
  }
}

test("a client is known by its id, a node by its name", () => {
  // Design §13: Hello carries node or client identity.
  expect(greeted(client)).toEqual({ role: "client", client: "8 bytes." });
  expect(greeted(node)).toEqual({ role: "node", node: "n2" });
});

test("the answer is who this node is, its ring and its options", () => {
  // Design §13: the client learns the ring.
  expect(welcome(config)).toEqual({
    kind: "Welcome",
    version: protocolVersion,
    features: [],
    node: "n1",
    ring: ring.table,
    options: config.options,
  });
});

describe("refused are", () => {
  const wrong: readonly [string, Hello | { readonly kind: "Status"; readonly id: number }, string][] = [
    ["anything but a Hello", { kind: "Status", id: 1 }, "PROTOCOL"],
    ["another version", { ...client, version: protocolVersion + 1 }, "PROTOCOL"],
    ["wrong credentials", { ...client, credential: "guess" }, "UNAUTHENTICATED"],
    ["missing credentials of a node", { ...node, credential: undefined }, "UNAUTHENTICATED"],
    ["a client id that is not 8 bytes", { ...client, identity: fromBinary("7 bytes") }, "PROTOCOL"],
    ["a node that is not in the ring", { ...node, identity: fromBinary("n9") }, "INVALID_ARGUMENT"],
    ["a node that says it is this one", { ...node, identity: fromBinary("n1") }, "INVALID_ARGUMENT"],
  ];
  test.each(wrong)("%s", (_, message, code) => {
    // Design §17 and scenario R15: the cluster rejects a duplicate identity.
    expect(refusal(message)).toBe(code);
  });

  test("strangers, before it is said whether their name is known", () => {
    // Design §17: without credentials nothing is learned about the ring.
    expect(refusal({ ...node, identity: fromBinary("n9"), credential: "guess" })).toBe("UNAUTHENTICATED");
  });
});
