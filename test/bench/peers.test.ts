/**
 * The peers of a comparison: Redis and etcd do what a comparison asks of every system where they are on this machine,
 * and say what to install where they are not.
 */
import { describe, expect, test, vi } from "vitest";
import { connectEtcd } from "../../dist/bench/compare/etcd-client.js";
import { EtcdSystem } from "../../dist/bench/compare/etcd-system.js";
import { connectRedis } from "../../dist/bench/compare/redis-client.js";
import { RedisSystem } from "../../dist/bench/compare/redis-system.js";
import { describeSystemContract } from "../contract/system.ts";

const peers = [
  {
    make: () => new RedisSystem(),
    connect: connectRedis,
    sentence: "redis-server is not on this machine: apt-get install redis-server; left out",
  },
  {
    make: () => new EtcdSystem(),
    connect: connectEtcd,
    sentence: "etcd is not on this machine: apt-get install etcd-server; left out",
  },
];

for (const { make, connect, sentence } of peers) {
  const { name } = make();
  const missing = make().missing();

  describe(name, () => {
    test("says what to install where its program is missing", async () => {
      vi.stubEnv("PATH", "/nowhere");
      try {
        expect(make().missing()).toBe(sentence);
        await expect(make().start()).rejects.toThrow(sentence);
      } finally {
        vi.unstubAllEnvs();
      }
    });

    test("can be stopped without having been started", async () => {
      await expect(make().stop()).resolves.toBeUndefined();
    });

    test(`is ${missing === undefined ? "on this machine" : "not on this machine, and says so"}`, () => {
      expect([undefined, sentence]).toContain(missing);
    });
  });

  if (missing === undefined) describeSystemContract(name, () => ({ system: make(), hasCounters: true, connect }));
}
