// What two client processes have seen of three real nodes adds up: at r2 w2 nothing is lost and nothing is stale, and what siblings and
// counters hold in the end is all that was acknowledged.
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultSetting } from "../../../bench/compare/setting.ts";
import { endAll, Nodes } from "../../e2e/processes.ts";

const built = fileURLToPath(new URL("../../../dist/bench/compare/clients.js", import.meta.url));
const { Clients } = (await import(built)) as typeof import("../../../bench/compare/clients.ts");
type Clients = Awaited<ReturnType<typeof Clients.start>>;
type Run = Parameters<Clients["measure"]>[0];

const run: Run = {
  system: "coterie",
  setting: defaultSetting,
  bucket: "load",
  workload: "A",
  load: { kind: "closed", inFlight: 32 },
  records: 200,
  valueBytes: 50,
  warmUpMs: 50,
  durationMs: 300,
  seed: 1,
};

describe("client processes", () => {
  let clients: Clients;

  beforeAll(async () => {
    const [nodes, started] = await Promise.all([Nodes.start(3), Clients.start(2)]);
    clients = started;
    await clients.connect({ system: "coterie", nodes: nodes.urls });
  });
  afterAll(async () => {
    await clients.stop();
    await endAll();
  });

  test("a closed load: requests and latencies add up, and nothing is lost or stale", async () => {
    await clients.fill(run);
    let moments = "";
    const { figures, requests, timeline, unsent } = await clients.measure(run, {
      onBegin: () => (moments += "begin "),
      onEnd: () => (moments += "end"),
    });
    expect(moments).toBe("begin end");
    expect(figures).toMatchObject({ failed: 0, unknown: 0, consistency: { stale: 0, lostUpdates: 0 } });
    expect(unsent).toBe(0);
    expect(requests).toBeGreaterThan(0);
    expect(figures.perSecond).toBeCloseTo((requests * 1000) / run.durationMs);
    expect(figures.reads.count).toBe(figures.consistency.reads);
    expect(figures.consistency.siblingsPerRead).toBeGreaterThanOrEqual(1); // every record was found
    expect(timeline.map(({ atMs }) => atMs)).toEqual([0, 250]);
    const [whole, rest] = timeline.map(({ perSecond }) => perSecond);
    expect(whole! * 0.25 + rest! * 0.05).toBeCloseTo(requests);
  });

  test("an open load: what arrives is answered", async () => {
    const { figures } = await clients.measure({ ...run, load: { kind: "open", perSecond: 200 }, durationMs: 500 });
    const { reads, writes, consistency, failed, unknown } = figures;
    expect({ failed, unknown, stale: consistency.stale, lost: consistency.lostUpdates }).toEqual({
      failed: 0,
      unknown: 0,
      stale: 0,
      lost: 0,
    });
    expect(reads.count + writes.count).toBeGreaterThan(0);
    expect(reads.count + writes.count).toBeLessThan(150); // a hundred, give or take ten
  });

  test.each(["D", "F", "put", "get", "siblings"] as const)("workload %s loses nothing", async (workload) => {
    await clients.fill({ ...run, workload });
    const { figures, requests } = await clients.measure({ ...run, workload });
    expect(requests).toBeGreaterThan(0);
    expect(figures).toMatchObject({ failed: 0, unknown: 0, consistency: { stale: 0, lostUpdates: 0 } });
  });

  test("siblings pile up where writers are blind, and last-write-wins keeps one of them", async () => {
    const blind = { ...run, workload: "siblings", records: 8 } as const;
    await clients.fill(blind);
    const kept = await clients.measure(blind);
    expect(kept.figures.consistency).toMatchObject({ stale: 0, lostUpdates: 0 });
    expect(kept.figures.consistency.siblingsMax).toBeGreaterThan(1);
    const lww = { ...blind, bucket: "lww", setting: { ...defaultSetting, resolver: "lww" } } as const;
    await clients.fill(lww);
    const { consistency } = (await clients.measure(lww)).figures;
    expect(consistency).toMatchObject({ siblingsMax: 1 });
    expect(consistency.lostUpdates).toBeGreaterThan(0);
  });

  test("counters count each increment, run after run", async () => {
    const counting = { ...run, workload: "counter", records: 10 } as const;
    await clients.fill(counting);
    for (const seed of [1, 2]) {
      const { figures } = await clients.measure({ ...counting, seed });
      expect(figures.writes.count).toBeGreaterThan(0);
      expect(figures).toMatchObject({ failed: 0, unknown: 0, consistency: { stale: 0, lostUpdates: 0 } });
    }
  });

  test("values without room for their stamp, and systems that nobody has connected to, are refused", async () => {
    await expect(clients.measure({ ...run, valueBytes: 9 })).rejects.toThrow("at least 10 bytes, not 9");
    await expect(clients.fill({ ...run, system: "redis" })).rejects.toThrow("not connected to redis");
    await expect(Clients.start(0)).rejects.toThrow("1 to 255 client processes, not 0");
  });
});
