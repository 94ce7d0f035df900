/** src/options.ts: what a request may choose, and how it is settled (design §6.1). */
import { describe, expect, test } from "vitest";
import { limits } from "../../src/limits.ts";
import {
  checkOptions,
  optionNames,
  replicasOf,
  settleOptions,
  type ClusterOptions,
  type EffectiveOptions,
  type OptionName,
  type RequestOptions,
  type Source,
} from "../../src/options.ts";

const nothing: ClusterOptions = { defaults: {}, buckets: {} };

function sentence(run: () => unknown): string {
  try {
    run();
    return "accepted";
  } catch (error) {
    return `${(error as { code?: string }).code}: ${(error as Error).message}`;
  }
}

describe("defaults", () => {
  test("are n 3, quorums, no primaries demanded, everything on disk, 5 s", () => {
    // Design §6.1, the table.
    const settled = settleOptions("put", {}, "carts", nothing);
    expect(settled).toMatchObject({ n: 3, r: 2, w: 2, pr: 0, pw: 0, dw: 2, timeoutMs: 5000, fanout: "quorum" });
    expect(new Set(Object.values(settled.from))).toEqual(new Set(["default"]));
  });

  test.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [5, 3],
  ])("of n %i: a quorum is %i, one is one, all is n", (n, quorum) => {
    // Design §6.1: a number, `one`, `quorum`, `all`.
    const cluster = { defaults: { n }, buckets: {} };
    expect(settleOptions("get", {}, "carts", cluster)).toMatchObject({ n, r: quorum, w: quorum });
    expect(settleOptions("get", { r: "one", w: "all" }, "carts", cluster)).toMatchObject({ r: 1, w: n });
  });

  test("of dw follow w, wherever w comes from", () => {
    // Design §6.1: dw = w.
    expect(settleOptions("put", { w: 3 }, "carts", nothing)).toMatchObject({ w: 3, dw: 3 });
    expect(settleOptions("put", { w: 1 }, "carts", nothing)).toMatchObject({ w: 1, dw: 1 });
  });
});

describe("scenario 14: request before bucket before cluster before default, for every option", () => {
  /** What each place says of an option, and its default: all numbers of nodes fit together with n 5. */
  const values: { readonly [Name in OptionName]: { readonly [Place in Source]: EffectiveOptions[Name] } } = {
    n: { request: 2, bucket: 5, cluster: 4, default: 3 },
    r: { request: 1, bucket: 2, cluster: 4, default: 3 },
    w: { request: 4, bucket: 5, cluster: 3, default: 3 },
    pr: { request: 1, bucket: 2, cluster: 3, default: 0 },
    pw: { request: 1, bucket: 2, cluster: 3, default: 0 },
    dw: { request: 0, bucket: 1, cluster: 2, default: 3 },
    timeoutMs: { request: 100, bucket: 200, cluster: 300, default: 5000 },
    fanout: { request: "quorum", bucket: "all", cluster: "all", default: "quorum" },
    sloppy: { request: true, bucket: false, cluster: false, default: true },
    readRepair: { request: "off", bucket: "blocking", cluster: "async", default: "async" },
    resolver: { request: "siblings", bucket: "lww", cluster: "lww", default: "siblings" },
  };
  const places = ["request", "bucket", "cluster"] as const;
  const subsets = Array.from({ length: 8 }, (_, set) => places.filter((__, at) => (set >> at) % 2 === 1));
  const matrix = optionNames.flatMap((name) => subsets.map((given) => [name, given] as const));

  test.each(matrix)("%s given by %j", (name, given) => {
    // riak_kv#1835: a default that masks a bucket's setting turns errors into not-founds, and those into lost writes.
    const at = (place: (typeof places)[number]): RequestOptions =>
      given.includes(place) ? { [name]: values[name][place] } : {};
    const base = name === "n" ? {} : { n: 5 };
    const cluster = {
      defaults: { ...base, ...at("cluster") },
      buckets: { carts: at("bucket"), others: { [name]: 1 } },
    };
    const settled = settleOptions(["w", "pw", "dw"].includes(name) ? "put" : "get", at("request"), "carts", cluster);
    const winner = given[0] ?? "default";
    expect([settled[name], settled.from[name]]).toEqual([values[name][winner], winner]);
    const others = optionNames.filter((other) => other !== name && other !== "n");
    expect(new Set(others.map((other) => settled.from[other]))).toEqual(new Set(["default"]));
  });

  test("0 and `quorum` of a request are choices, not gaps", () => {
    // The bug of scenario 14 exactly: a default (0) masks what the bucket says, or the bucket masks a request's 0.
    const cluster = { defaults: {}, buckets: { carts: { pr: 2, r: 3 } } };
    expect(settleOptions("get", { pr: 0 }, "carts", cluster)).toMatchObject({
      pr: 0,
      r: 3,
      from: { pr: "request", r: "bucket" },
    });
    expect(settleOptions("get", { r: "quorum" }, "carts", cluster)).toMatchObject({ pr: 2, r: 2 });
  });

  test("of another bucket nothing is taken", () => {
    // A bucket's options are its own.
    const cluster = { defaults: {}, buckets: { carts: { r: 1 } } };
    expect(settleOptions("get", {}, "users", cluster)).toMatchObject({ r: 2, from: { r: "default" } });
  });
});

describe("wrong combinations are refused with a sentence", () => {
  const carts = { defaults: {}, buckets: { carts: { n: 2 } } };
  test.each<["get" | "put", RequestOptions, ClusterOptions, string]>([
    ["put", { w: 4 }, nothing, "w is 4, more than n, which is 3"],
    ["get", { r: 4 }, nothing, "r is 4, more than n, which is 3"],
    ["get", { n: 4 }, nothing, "n is 4, but bucket carts has n 3"],
    ["get", { n: 3 }, carts, "n is 3, but bucket carts has n 2"],
    ["put", { w: 3 }, carts, "w is 3, more than n, which is 2"],
    ["get", { r: 0 }, nothing, "r is 0: nobody would have to answer"],
    ["put", { w: 0, dw: 0 }, nothing, "w is 0: nobody would have to answer"],
    ["get", { pr: 3 }, nothing, "pr is 3, more than r, which is 2"],
    ["put", { pw: "all" }, nothing, "pw is 3, more than w, which is 2"],
    ["put", { dw: 3 }, nothing, "dw is 3, more than w, which is 2"],
    ["put", { n: 1, w: 2 }, nothing, "w is 2, more than n, which is 1"],
  ])("%s %j", (kind, request, cluster, expected) => {
    // Design §6.1: invalid combinations are refused before anything is sent; style §1.13: with the name and the value.
    expect(sentence(() => settleOptions(kind, request, "carts", cluster))).toBe(`INVALID_ARGUMENT: ${expected}`);
  });

  test.each<[unknown, string]>([
    [{ n: 0 }, "n is a number of nodes from 1, not 0"],
    [{ n: 1.5 }, "n is a number of nodes from 1, not 1.5"],
    [{ n: "3" }, 'n is a number of nodes from 1, not "3"'],
    [{ n: null }, "n is a number of nodes from 1, not null"],
    [{ r: -1 }, "r is a number of nodes, one, quorum or all, not -1"],
    [{ w: "two" }, 'w is a number of nodes, one, quorum or all, not "two"'],
    [{ pr: Number.NaN }, "pr is a number of nodes, one, quorum or all, not NaN"],
    [{ pw: [2] }, "pw is a number of nodes, one, quorum or all, not [2]"],
    [{ dw: true }, "dw is a number of nodes, one, quorum or all, not true"],
    [{ timeoutMs: 0 }, `timeoutMs is 1 to ${limits.timeoutMsMax}, not 0`],
    [
      { timeoutMs: limits.timeoutMsMax + 1 },
      `timeoutMs is 1 to ${limits.timeoutMsMax}, not ${limits.timeoutMsMax + 1}`,
    ],
    [{ timeoutMs: 1.5 }, `timeoutMs is 1 to ${limits.timeoutMsMax}, not 1.5`],
    [{ fanout: "some" }, 'fanout is quorum or all, not "some"'],
  ])("by itself: %j", (options, expected) => {
    // The node checks what a client sent, where types are not kept.
    expect(sentence(() => checkOptions(options as RequestOptions))).toBe(`INVALID_ARGUMENT: ${expected}`);
    expect(sentence(() => settleOptions("get", options as RequestOptions, "carts", nothing))).toBe(
      `INVALID_ARGUMENT: ${expected}`,
    );
  });

  test("every pair of counts up to 5 is settled or refused, as the rules say", () => {
    // Design §6.1: w > n, pr > r, n > bucket n. All of them, against the rules written down once more.
    for (const kind of ["get", "put"] as const)
      for (let n = 1; n <= 5; n++)
        for (let needed = 0; needed <= 5; needed++)
          for (let primaries = 0; primaries <= 5; primaries++)
            for (let dw = 0; dw <= (kind === "put" ? 5 : 0); dw++) {
              const request = kind === "get" ? { n, r: needed, pr: primaries } : { n, w: needed, pw: primaries, dw };
              const isRight = n <= 4 && needed >= 1 && needed <= n && primaries <= needed && dw <= needed;
              const outcome = sentence(() =>
                settleOptions(kind, request, "carts", { defaults: { n: 4 }, buckets: {} }),
              );
              expect(outcome === "accepted", `${kind} ${JSON.stringify(request)}: ${outcome}`).toBe(isRight);
            }
  });

  test("what a get does not use may not stand in its way, nor the other way round", () => {
    // src/options.ts: which half of the counts must fit together.
    expect(sentence(() => settleOptions("get", { w: 9, pw: 9, dw: 9 }, "carts", nothing))).toBe("accepted");
    expect(sentence(() => settleOptions("put", { r: 9, pr: 9 }, "carts", nothing))).toBe("accepted");
  });
});

test("the replicas of a bucket's keys are its n, the cluster's or 3", () => {
  // Design §6.1: n is at most the bucket's n.
  const cluster = { defaults: { n: 5 }, buckets: { carts: { n: 2 }, users: { r: 1 } } };
  expect([replicasOf("carts", cluster), replicasOf("users", cluster), replicasOf("carts", nothing)]).toEqual([2, 5, 3]);
});
