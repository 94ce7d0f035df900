// A configuration is taken whole or refused in a sentence: which field, which value, what is allowed.
import { describe, expect, test } from "vitest";
import { checkConfig, type NodeOptions } from "../../../node/io/config.ts";
import { defaultTuning } from "../../../node/tuning.ts";

const members = [{ id: "n1", url: "ws://127.0.0.1:7401" }];
const good: NodeOptions = { id: "n1", members, data: "data" };

function sentence(more: object): string {
  try {
    checkConfig({ ...good, ...more });
    return "accepted";
  } catch (error) {
    return `${(error as { code?: string }).code}: ${(error as Error).message}`;
  }
}

describe("defaults", () => {
  test("are those that the README lists", () => {
    expect(checkConfig(good)).toEqual({
      id: "n1",
      members: [{ id: "n1", url: "ws://127.0.0.1:7401", zone: "n1", weight: 1 }],
      data: "data",
      host: "127.0.0.1",
      port: 7401,
      partitions: 256,
      options: { defaults: {}, buckets: {} },
      merges: {},
      mergeModules: {},
      tuning: defaultTuning,
      clientTokens: [],
      clusterSecret: undefined,
      logLevel: "warn",
    });
  });

  test("of requests may be any of their options, for all buckets and for one", () => {
    const defaults = { n: 1, r: "one", w: "all", pr: 1, pw: 1, dw: 0, timeoutMs: 900, fanout: "all" } as const;
    const views = { sloppy: false, readRepair: "blocking", resolver: "lww" } as const;
    const { options } = checkConfig({ ...good, defaults: { ...defaults, ...views }, buckets: { views } });
    expect(options).toEqual({ defaults: { ...defaults, ...views }, buckets: { views } });
  });
});

describe("merges", () => {
  const union = (): null => null;

  test("are functions by bucket, or modules; where a module lies is no option of requests", () => {
    const buckets = { carts: { n: 1, merge: "./cart-merge.js" }, views: { r: 1 } } as const;
    const config = checkConfig({ ...good, buckets, merges: { lists: union } });
    expect(config.merges).toEqual({ lists: union });
    expect(config.mergeModules).toEqual({ carts: "./cart-merge.js" });
    // Clients are sent these: a field that is not theirs would be refused there.
    expect(config.options.buckets).toEqual({ carts: { n: 1 }, views: { r: 1 } });
  });

  test.each<readonly [more: object, sentence: string]>([
    [{ merges: { carts: 5 } }, "merges.carts is 5: it must be a function"],
    [{ merges: { "a b": union } }, "a bucket's name has 1 to 64 letters"],
    [{ buckets: { carts: { merge: 5 } } }, "buckets.carts.merge is 5: it must be a text"],
    [{ buckets: { carts: { merge: "" } } }, 'buckets.carts.merge is "": it must not be empty'],
    [{ buckets: { carts: { merg: "x.js" } } }, "buckets.carts.merg: unknown field; did you mean buckets.carts.merge?"],
    [{ defaults: { merge: "x.js" } }, "defaults.merge: unknown field"],
    [
      { merges: { carts: union }, buckets: { carts: { merge: "x.js" } } },
      "merges.carts is a second merge: buckets.carts.merge is x.js",
    ],
  ])("%j is refused", (more, words) => {
    expect(sentence(more)).toContain(`INVALID_ARGUMENT: ${words}`);
  });
});

describe("tuning", () => {
  test("may name any field, and the others have their defaults", () => {
    expect(checkConfig({ ...good, tuning: defaultTuning }).tuning).toEqual(defaultTuning);
    const tuning = { hintBytesMax: 4096, readRepairShare: 0, hedgeShare: undefined };
    expect(checkConfig({ ...good, tuning }).tuning).toEqual({
      ...defaultTuning,
      hintBytesMax: 4096,
      readRepairShare: 0,
    });
  });

  test.each<readonly [tuning: object, sentence: string]>([
    [{ probeIntervalMs: 0 }, "tuning.probeIntervalMs is 0: it must be above 0"],
    [{ hintBytesMax: -1 }, "tuning.hintBytesMax is -1: it must be above 0"],
    [{ lagMsMax: "500" }, 'tuning.lagMsMax is "500": it must be a number'],
    [{ hedgeShare: 5 }, "tuning.hedgeShare is 5: it must be at most 1"],
    [{ hintAgeMax: 5 }, "tuning.hintAgeMax: unknown field; did you mean tuning.hintAgeMsMax?"],
    [{ colour: 5 }, "tuning.colour: unknown field"],
    [
      { probeTimeoutMs: 500 },
      "tuning.probeTimeoutMs is 500: it must be below half of tuning.probeIntervalMs, by default 1000, so that others can be asked to try in the rest of it",
    ],
    [
      { probeIntervalMs: 600 },
      "tuning.probeTimeoutMs is 300: it must be below half of tuning.probeIntervalMs, which is 600, so that others can be asked to try in the rest of it",
    ],
    [
      { hintAgeMsMax: 10, tombstoneAgeMs: 10 },
      "tuning.tombstoneAgeMs is 10: it must be above tuning.hintAgeMsMax, which is 10, or a hint could bring back what was deleted",
    ],
    [
      { retryWindowMs: 20_000_000 },
      "tuning.tombstoneAgeMs is 14400000: it must be at least tuning.retryWindowMs, which is 20000000, or a retry could bring back what was deleted",
    ],
    [
      { messageLifetimeMs: 1000 },
      "tuning.messageLifetimeMs is 1000: it must be at least 600000, the longest timeout of a request",
    ],
  ])("%j is refused", (tuning, words) => {
    expect(sentence({ tuning })).toBe(`INVALID_ARGUMENT: ${words}`);
  });
});

describe("problems", () => {
  test.each<readonly [what: string, more: object, words: string]>([
    ["one field missing", { data: undefined }, "data is missing"],
    ["two", { id: undefined, members: undefined }, "id and members are missing"],
    [
      "a misspelt one explains the one that is missing",
      { data: undefined, Dta: "d" },
      "Dta: unknown field; did you mean data?",
    ],
    ["a stranger explains nothing", { data: undefined, colour: "red" }, "data is missing; colour: unknown field"],
    [
      "several at once",
      { port: "x", logLevel: 1 },
      'port is "x": it must be a number; logLevel is 1: it must be one of debug, info, warn, error, silent',
    ],
    ["out of bounds", { port: -1 }, "port is -1: it must be at least 0"],
    ["half a port", { port: 1.5 }, "port is 1.5: it must be a whole number"],
    ["empty", { data: "", members: [] }, 'members is []: it must not be empty; data is "": it must not be empty'],
    [
      "inside a member",
      { members: [{ ...members[0], wieght: 2 }] },
      "members.0.wieght: unknown field; did you mean members.0.weight?",
    ],
    [
      "inside a bucket",
      { buckets: { views: { redRepair: "off" } } },
      "buckets.views.redRepair: unknown field; did you mean buckets.views.readRepair?",
    ],
    [
      "a word that is no count",
      { defaults: { w: "most" } },
      'defaults.w is "most": it must be a number of nodes, one, quorum or all',
    ],
    [
      "a secret, whose value is not shown",
      { clientTokens: ["hush"] },
      "clientTokens.0: it must have at least 8 characters",
    ],
    ["a secret of another kind", { clusterSecret: 12345 }, "clusterSecret: it must be a text"],
  ])("%s", (_, more, words) => {
    expect(sentence(more)).toBe(`INVALID_ARGUMENT: ${words}`);
  });

  test("a configuration that is no object", () => {
    for (const given of [undefined, 5, "data"])
      expect(() => checkConfig(given as never)).toThrow("the configuration: it must be an object");
  });
});
