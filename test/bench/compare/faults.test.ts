// bench/compare/faults.ts: the fault begins and ends when a third and two thirds of the load are over, and all is whole afterwards.
import { expect, onTestFinished, test, vi } from "vitest";
import type { Clients, Measured } from "../../../bench/compare/clients.ts";
import { playFault, type Fault, type SteadyRun } from "../../../bench/compare/faults.ts";
import { defaultSetting } from "../../../bench/compare/setting.ts";
import type { FaultySystem } from "../../../bench/compare/system.ts";

const run: SteadyRun = {
  system: "coterie",
  setting: defaultSetting,
  bucket: "b",
  workload: "A",
  load: { kind: "open", perSecond: 500 },
  records: 10,
  valueBytes: 50,
  warmUpMs: 0,
  durationMs: 3000,
  seed: 1,
};

test.each<[Fault, readonly string[]]>([
  [{ kind: "kill" }, ["1000: kill 2", "2000: restart 2"]],
  [{ kind: "slow-link", delayMs: 40 }, ["1000: slow 2 40", "2000: slow 2 0"]],
])("%j", async (fault, happened) => {
  const { story, played } = await play(fault, () => Promise.resolve());
  expect(story).toEqual(happened);
  expect(played).toMatchObject({ fault: fault.kind, perSecond: 500, faultFromMs: 1000, faultToMs: 2000 });
  expect([played.whole.perSecond, played.during.perSecond]).toEqual([3, 1]);
  expect(played.whole.cpuSecondsPerMillion).toBeUndefined();
});

test("a node that does not come back is told", async () => {
  await expect(play({ kind: "kill" }, () => Promise.reject(new Error("it did not start")))).rejects.toThrow("start");
});

test("when the load fails, nothing happens to the system any more", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const happened = vi.fn(() => Promise.resolve());
  const system = { nodes: 3, kill: happened, restart: happened } as unknown as FaultySystem;
  const measure: Clients["measure"] = (_, moments) => {
    moments?.onBegin?.();
    return new Promise((__, reject) => setTimeout(() => reject(new Error("a client process ended")), 1500));
  };
  const failed = expect(playFault({ kind: "kill" }, system, { measure }, run)).rejects.toThrow("ended");
  await vi.advanceTimersByTimeAsync(run.durationMs);
  await failed;
  expect(happened).toHaveBeenCalledTimes(1); // killed, and never started again
});

/** In virtual time. */
async function play(fault: Fault, restart: () => Promise<void>): Promise<{ story: string[]; played: Played }> {
  vi.useFakeTimers();
  try {
    const story: string[] = [];
    const from = Date.now();
    const tell = (what: string): Promise<void> => Promise.resolve(void story.push(`${Date.now() - from}: ${what}`));
    const system = {
      nodes: 3,
      kill: (at: number) => tell(`kill ${at}`),
      restart: (at: number) => tell(`restart ${at}`).then(restart),
      slowDown: (at: number, ms: number) => tell(`slow ${at} ${ms}`),
    } as FaultySystem;
    const clients: Pick<Clients, "measure"> = {
      measure: (asked, moments) => {
        moments?.onBegin?.();
        const measured = { figures: { perSecond: 3 }, ofStretch: { perSecond: 1 }, timeline: [] };
        expect(asked.stretch).toEqual({ fromMs: 1000, toMs: 2000 });
        return new Promise((resolve) => setTimeout(() => resolve(measured as unknown as Measured), asked.durationMs));
      },
    };
    const playing = playFault(fault, system, clients, run);
    playing.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(run.durationMs);
    return { story, played: await playing };
  } finally {
    vi.useRealTimers();
  }
}

type Played = Awaited<ReturnType<typeof playFault>>;
