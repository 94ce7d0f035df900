// The call's choice before the handle's before the cluster's, settled before anything is sent.
import { describe, expect, it } from "vitest";
import { Settings } from "../../client/settings.ts";
import { pack } from "../../src/msgpack.ts";
import { encodeEffective } from "../../src/option-codec.ts";
import { settleOptions, type ClusterOptions } from "../../src/options.ts";

const cluster: ClusterOptions = { defaults: { timeoutMs: 700 }, buckets: { carts: { n: 5 } } };

describe("settle", () => {
  it("sends nothing where neither call nor handle chooses", () => {
    const settled = new Settings("carts", {}).settle("get", undefined, cluster);
    expect(settled).toEqual({ request: undefined, n: 5, timeoutMs: 700 });
  });

  it("sends what the handle chooses, and the call's choice in its place", () => {
    const settings = new Settings("carts", { n: 3, timeoutMs: 50, w: 1 });
    expect(settings.settle("put", undefined, cluster)).toMatchObject({ request: { n: 3, timeoutMs: 50, w: 1 }, n: 3 });
    expect(settings.settle("put", { w: 2, n: undefined }, cluster).request).toEqual({ n: 3, timeoutMs: 50, w: 2 });
  });

  it("settles a plain call once, and again when the cluster says something else", () => {
    const settings = new Settings("carts", {});
    const first = settings.settle("get", undefined, cluster);
    expect(settings.settle("get", undefined, cluster)).toBe(first);
    expect(settings.settle("get", undefined, { defaults: {}, buckets: {} })).toMatchObject({ n: 3, timeoutMs: 5000 });
  });

  it("refuses what does not fit together", () => {
    expect(() => new Settings("carts", { r: -1 })).toThrow("r is a number of nodes");
    expect(() => new Settings("carts", { n: 6 }).settle("get", undefined, cluster)).toThrow("n is 6, but bucket carts");
    expect(() => new Settings("carts", { n: 3 }).settle("get", { r: 4 }, cluster)).toThrow("r is 4, more than n");
  });
});

describe("effective", () => {
  it("says of each option whether call, handle, cluster or nobody chose it", () => {
    const settings = new Settings("carts", { n: 3, w: 1 });
    const wire = encodeEffective(settleOptions("put", { n: 3, w: 2 }, "carts", cluster));
    const { from } = settings.effective(wire, { w: 2 });
    expect(from).toMatchObject({ n: "bucket", w: "request", timeoutMs: "cluster", pw: "default" });
  });

  it("is taken from the last reply only if that said the same", () => {
    const settings = new Settings("carts", {});
    const one = encodeEffective(settleOptions("get", {}, "carts", cluster));
    const other = encodeEffective(settleOptions("get", {}, "carts", { defaults: {}, buckets: {} }));
    expect(settings.effective(one, undefined)).toMatchObject({ n: 5 });
    expect(settings.effective(one.slice(), undefined)).toBe(settings.effective(one, undefined));
    expect(settings.effective(other, undefined)).toMatchObject({ n: 3 });
  });

  it("is refused where it is none", () => {
    // Design §13: what came over the wire is checked where it is used.
    const wrong = [pack(["r"]), pack(7), Uint8Array.of(0xc1)];
    for (const wire of wrong)
      expect(() => new Settings("carts", {}).effective(wire, undefined)).toThrow(
        expect.objectContaining({ code: "PROTOCOL" }),
      );
  });
});
