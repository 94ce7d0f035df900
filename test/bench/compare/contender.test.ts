// bench/compare/contender.ts: Coterie under every setting, others once for all under which they do the same; data apart.

import { expect, test } from "vitest";
import { bucketName, canRun, contendersOf } from "../../../bench/compare/contender.ts";
import { bucketNames } from "../../../bench/compare/coterie-client.ts";
import { FloorSystem } from "../../../bench/compare/floor-system.ts";
import { RedisSystem } from "../../../bench/compare/redis-system.ts";
import { RemoteSystem } from "../../../bench/compare/remote-system.ts";
import { gridOf, nameOf, parseSetting } from "../../../bench/compare/setting.ts";
import { bucketOf } from "../../../bench/compare/workloads.ts";
import { workloadNames } from "../../../node/io/cli/bench-flags.ts";
import { checkBucket } from "../../../src/key.ts";

test("of settings that another system cannot tell apart it takes the first", () => {
  const settings = ["r1 w1", "r2 w2", "r2 w2 lww", "n5 r2 w2"].map(parseSetting);
  const systems = [new RemoteSystem([], []), new FloorSystem(), new RedisSystem()];
  const named = contendersOf(systems, settings, "t").map(({ system, setting }) => `${system.name} ${nameOf(setting)}`);
  expect(named).toEqual([
    "coterie n3 r1 w1",
    "coterie n3 r2 w2",
    "coterie n3 r2 w2 lww",
    "coterie n5 r2 w2",
    "floor n3 r1 w1",
    "floor n3 r2 w2",
    "redis n3 r1 w1",
  ]);
});

test("every setting has a bucket of its own, with a name that the store takes", () => {
  const settings = [...gridOf(parseSetting("n7 strict all-replicas repair=off lww")), ...gridOf(parseSetting("n7"))];
  const names = settings.map((setting) => bucketName(setting, "m1abc"));
  expect(new Set(names).size).toBe(settings.length);
  for (const name of names) expect(() => checkBucket(name)).not.toThrow();
  const longest = parseSetting("n64 r64 w64 dw63 strict all-replicas repair=blocking lww");
  for (const setting of [longest, parseSetting("dw1 strict all-replicas repair=blocking lww")])
    for (const workload of workloadNames) {
      const bucket = bucketOf(workload, bucketName(setting, Date.now().toString(36)));
      expect(() => checkBucket(bucketNames(bucket, 100_000_000).at(-1)!)).not.toThrow();
    }
});

test("siblings and counters are Coterie's", () => {
  expect(canRun("coterie", "siblings")).toBe(true);
  expect([canRun("floor", "counter"), canRun("etcd", "siblings"), canRun("redis", "A")]).toEqual([false, false, true]);
});
