// Coterie through its SDK keeps the contract of a system; blind puts stand side by side; and of keys beyond what the SDK remembers, a
// put still replaces what this client has seen.
import { describe, expect, onTestFinished, test } from "vitest";
import { bucketNames, connectCoterie } from "../../../bench/compare/coterie-client.ts";
import type { Outcome } from "../../../bench/compare/session.ts";
import { defaultSetting } from "../../../bench/compare/setting.ts";
import { CoterieSystem } from "../../../dist/bench/compare/coterie-system.js";
import { describeSystemContract } from "../../contract/system.ts";

describeSystemContract("coterie", () => ({
  system: new CoterieSystem({ nodes: 3 }),
  hasCounters: true,
  connect: connectCoterie,
}));

describe("a session", () => {
  test.each([
    [10, "blind", 3],
    [10, "put", 1],
    [60_000, "put", 1],
  ] as const)("of %i keys, after three writes, %s: values", async (keys, how, values) => {
    const system = new CoterieSystem({ nodes: 1, buckets: { b: { n: 1 }, "b-1": { n: 1 }, "b-2": { n: 1 } } });
    onTestFinished(() => system.stop());
    const client = await connectCoterie(await system.start());
    onTestFinished(() => client.close());
    const session = client.session({ ...defaultSetting, n: 1, r: 1, w: 1, dw: 1 }, "b", keys);
    for (const byte of [1, 2, 3]) {
      const outcome = await new Promise<Outcome>((resolve) =>
        how === "blind"
          ? session.putBlind!("user0000000007", Uint8Array.of(byte), resolve)
          : session.put("user0000000007", Uint8Array.of(byte), resolve),
      );
      expect(outcome).toBe("ok");
    }
    const found = await new Promise((resolve) => session.getAll("user0000000007", (_, all) => resolve(all.length)));
    expect(found).toBe(values);
  });

  test("spreads many keys over buckets, so that the SDK remembers each", () => {
    expect(bucketNames("b", 10_000)).toEqual(["b"]);
    expect(bucketNames("b", 60_000)).toEqual(["b", "b-1", "b-2"]);
  });
});
