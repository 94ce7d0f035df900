// What two client processes have seen of three real nodes adds up: at r2 w2 nothing is lost and nothing is stale, and what siblings and
// counters hold in the end is all that was acknowledged.
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Measured, Run } from "../../../bench/compare/clients.ts";
import { defaultSetting } from "../../../bench/compare/setting.ts";
import { endAll, Nodes } from "../../e2e/processes.ts";

const built = fileURLToPath(new URL("../../../dist/bench/compare/clients.js", import.meta.url));
const { Clients } = (await import(built)) as typeof import("../../../bench/compare/clients.ts");
type Clients = Awaited<ReturnType<typeof Clients.start>>;

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

  /** For as long as it takes until enough has happened: a machine may have much else to do. */
  async function measureUntil(isEnough: (measured: Measured) => boolean, one: Run): Promise<Measured & Run> {
    for (let { durationMs } = one; ; durationMs *= 2) {
      const measured = await clients.measure({ ...one, durationMs });
      if (isEnough(measured)) return { ...one, ...measured, durationMs };
    }
  }

  const hasReadsAndWrites = ({ figures }: Measured): boolean => figures.reads.count > 0 && figures.writes.count > 0;

  test("a closed load: requests and latencies add up, and nothing is lost or stale", async () => {
    await clients.fill(run);
    let moments = "";
    const { figures, requests, timeline, unsent, durationMs } = await measureUntil(hasReadsAndWrites, run);
    expect(figures).toMatchObject({ failed: 0, unknown: 0, consistency: { stale: 0, lostUpdates: 0 } });
    expect(unsent).toBe(0);
    expect(figures.reads.count).toBe(figures.consistency.reads);
    expect(figures.consistency.siblingsPerRead).toBeGreaterThanOrEqual(1); // every record was found
    const inPieces = timeline.map(({ atMs, perSecond }) => (perSecond * Math.min(250, durationMs - atMs)) / 1000);
    expect(inPieces.reduce((sum, one) => sum + one, 0)).toBeCloseTo(requests);
    await clients.measure(run, { onBegin: () => (moments += "begin "), onEnd: () => (moments += "end") });
    expect(moments).toBe("begin end");
  });

  test("an open load: what arrives is answered", async () => {
    const open = { ...run, load: { kind: "open", perSecond: 200 }, durationMs: 500 } as const;
    const { figures, unsent } = await clients.measure(open);
    const { reads, writes } = figures;
    expect(figures).toMatchObject({ failed: 0, unknown: 0, consistency: { stale: 0, lostUpdates: 0 } });
    expect(unsent).toBe(0);
    expect(reads.count + writes.count).toBeGreaterThan(0);
    expect(reads.count + writes.count).toBeLessThan(150); // a hundred, give or take ten
  });

  test.each(["D", "F", "put", "get", "siblings"] as const)("workload %s loses nothing", async (workload) => {
    await clients.fill({ ...run, workload });
    const { figures } = await measureUntil(({ requests }) => requests > 0, { ...run, workload });
    expect(figures).toMatchObject({ failed: 0, unknown: 0, consistency: { stale: 0, lostUpdates: 0 } });
  });

  test("siblings pile up where writers are blind, and last-write-wins keeps one of them", async () => {
    const blind = { ...run, workload: "siblings", records: 8 } as const;
    await clients.fill(blind);
    const kept = await measureUntil(({ figures }) => figures.consistency.siblingsMax > 1, blind);
    expect(kept.figures.consistency).toMatchObject({ stale: 0, lostUpdates: 0 });
    const lww = { ...blind, bucket: "lww", setting: { ...defaultSetting, resolver: "lww" } } as const;
    await clients.fill(lww);
    const one = await measureUntil(({ figures }) => figures.consistency.lostUpdates > 0, lww);
    expect(one.figures.consistency).toMatchObject({ siblingsMax: 1, stale: 0 });
  });

  test("counters count each increment, run after run", async () => {
    const counting = { ...run, workload: "counter", records: 10 } as const;
    await clients.fill(counting);
    for (const seed of [1, 2]) {
      const { figures } = await measureUntil(hasReadsAndWrites, { ...counting, seed });
      expect(figures).toMatchObject({ failed: 0, unknown: 0, consistency: { stale: 0, lostUpdates: 0 } });
    }
  });

  test("an end of a client process ends what is asked of it", async () => {
    const others = await Clients.start(1);
    await others.stop();
    await expect(others.fill(run)).rejects.toThrow("a client process ended with");
  });

  test("values without room for their stamp, and systems that nobody has connected to, are refused", async () => {
    await expect(clients.measure({ ...run, valueBytes: 9 })).rejects.toThrow("at least 10 bytes, not 9");
    await expect(clients.fill({ ...run, system: "redis" })).rejects.toThrow("not connected to redis");
    await expect(Clients.start(0)).rejects.toThrow("1 to 255 client processes, not 0");
  });
});
