/**
 * The contract of what can be compared (bench/compare/system.ts and session.ts), for Coterie, its floor and its peers. How stale a
 * read may be is not in here: that is what a comparison finds out.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultSetting } from "../../bench/compare/setting.ts";
import type { Outcome, Session } from "../../bench/compare/session.ts";
import type { Address, System, SystemClient, Usage } from "../../bench/compare/system.ts";

export interface SystemHarness {
  readonly system: System;
  readonly hasCounters: boolean;
  connect(address: Address): Promise<SystemClient>;
}

/** Answers of all replicas: then a read sees what was written before, whatever the system. */
const setting = { ...defaultSetting, r: 3, w: 3, dw: 3 };
const value = Uint8Array.from({ length: 256 }, (_, at) => at);

export function describeSystemContract(name: string, make: () => SystemHarness): void {
  describe(`${name} keeps the contract of a system`, () => {
    const harness = make();
    const { system } = harness;
    let address: Address;
    const clients: SystemClient[] = [];
    const sessionOf = (bucket: string, client = 0): Session => clients[client]!.session(setting, bucket, 10);

    beforeAll(async () => {
      address = await system.start();
      for (let at = 0; at < 2; at++) clients.push(await harness.connect(address));
    });
    afterAll(async () => {
      await Promise.all(clients.map((client) => client.close()));
      await system.stop();
    });

    test("its address can be told to another process", () => {
      expect(JSON.parse(JSON.stringify(address))).toEqual(address);
      expect(address.system).toBe(system.name);
    });

    test("what it guarantees is a sentence", () => {
      expect(system.guaranteeOf(setting)).toMatch(/^[A-Z].*\.$/);
    });

    test("a value that was put is got as it was, by everybody", async () => {
      expect(await put(sessionOf("values"), "key-1", value)).toBe("ok");
      for (const client of [0, 1]) {
        expect(await get(sessionOf("values", client), "key-1")).toEqual(["ok", [value]]);
        expect(await getAll(sessionOf("values", client), "key-1")).toEqual(["ok", [value]]);
      }
    });

    test("a put replaces what its client has seen", async () => {
      const session = sessionOf("replaced");
      await put(session, "key-1", value);
      await get(session, "key-1");
      await put(session, "key-1", Uint8Array.of(1));
      expect(await getAll(session, "key-1")).toEqual(["ok", [Uint8Array.of(1)]]);
    });

    test("a key that nobody has put has no values, and that is an answer", async () => {
      expect(await get(sessionOf("values"), "key-2")).toEqual(["ok", []]);
      expect(await getAll(sessionOf("values"), "key-2")).toEqual(["ok", []]);
    });

    test("buckets do not see each other's keys", async () => {
      await put(sessionOf("one"), "key-1", value);
      expect(await get(sessionOf("another"), "key-1")).toEqual(["ok", []]);
    });

    test("many requests are under way at once, and each gets its own answer", async () => {
      const session = sessionOf("many");
      const keys = Array.from({ length: 300 }, (_, at) => [`key-${1000 + at}`, Uint8Array.of(at >> 8, at)] as const);
      const written = await Promise.all(keys.map(([key, bytes]) => put(session, key, bytes)));
      expect(new Set(written)).toEqual(new Set(["ok"]));
      const read = await Promise.all(keys.map(([key]) => get(session, key)));
      expect(read).toEqual(keys.map(([, bytes]) => ["ok", [bytes]]));
    });

    test("an answer comes after the request has returned", async () => {
      const session = sessionOf("values");
      let hasReturned = false;
      const answers = Promise.all([
        new Promise((resolve) => session.put("key-3", value, () => resolve(hasReturned))),
        new Promise((resolve) => session.get("key-3", () => resolve(hasReturned))),
        new Promise((resolve) => session.getAll("key-3", () => resolve(hasReturned))),
      ]);
      hasReturned = true;
      expect(await answers).toEqual([true, true, true]);
    });

    if (harness.hasCounters)
      test("a counter has the sum of everybody's increments", async () => {
        const sessions = [sessionOf("counters", 0), sessionOf("counters", 1)];
        expect(await count(sessions[0]!, "key-1")).toEqual(["ok", 0]);
        const increments = sessions.flatMap((session) => [1, 2, 3, 4].map((by) => increment(session, "key-1", by)));
        expect(new Set(await Promise.all(increments))).toEqual(new Set(["ok"]));
        expect(await count(sessions[1]!, "key-1")).toEqual(["ok", 20]);
      });

    test("what it has used only grows", async () => {
      const before = await system.usage();
      await put(sessionOf("usage"), "key-1", value);
      await get(sessionOf("usage"), "key-1");
      const after = await system.usage();
      expect(grown(before, after)).toEqual([]);
    });

    test("when it has been stopped, nothing is ok, and stopping it again does no harm", async () => {
      const session = sessionOf("values");
      await system.stop();
      expect(await put(session, "key-1", value)).not.toBe("ok");
      expect((await get(session, "key-1"))[0]).not.toBe("ok");
      await system.stop();
    });
  });
}

function put(session: Session, key: string, bytes: Uint8Array): Promise<Outcome> {
  return new Promise((resolve) => session.put(key, bytes, resolve));
}

type Read = readonly [outcome: Outcome, values: readonly Uint8Array[]];

function get(session: Session, key: string): Promise<Read> {
  return new Promise((resolve) => session.get(key, (outcome, values) => resolve([outcome, values.map(plain)])));
}

function getAll(session: Session, key: string): Promise<Read> {
  return new Promise((resolve) => session.getAll(key, (outcome, values) => resolve([outcome, values.map(plain)])));
}

function increment(session: Session, key: string, by: number): Promise<Outcome> {
  return new Promise((resolve) => session.increment(key, by, resolve));
}

function count(session: Session, key: string): Promise<readonly [Outcome, number]> {
  return new Promise((resolve) => session.count(key, (outcome, value) => resolve([outcome, value])));
}

/** A Buffer does not equal the Uint8Array of the same bytes. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** The names of those that do not. */
function grown(before: Usage | undefined, after: Usage | undefined): string[] {
  const names = ["cpuSeconds", "bytesSent", "messagesSent"] as const;
  return names.filter((name) => (after?.[name] ?? 0) < (before?.[name] ?? 0));
}
