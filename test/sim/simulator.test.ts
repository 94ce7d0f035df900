import { describe, expect, test } from "vitest";
import { Simulator, Storm } from "../../sim/simulator.ts";

async function orderOf(seed: number): Promise<string> {
  const simulator = new Simulator(seed);
  const order: string[] = [];
  for (const name of ["a", "b", "c", "d"]) simulator.schedule(10, "timer", () => order.push(name));
  simulator.schedule(5, "timer", () => order.push("first"));
  await simulator.run(100);
  expect(order[0]).toBe("first");
  return order.slice(1).join("");
}

describe("virtual time", () => {
  test("things of one moment happen in an order that the seed draws", async () => {
    const orders = new Set<string>();
    for (let seed = 1; seed <= 100; seed++) orders.add(await orderOf(seed));
    expect(orders.size).toBeGreaterThan(15);
    expect(await orderOf(7)).toBe(await orderOf(7));
  });

  test("the clock jumps from event to event and stops where it was told to", async () => {
    const simulator = new Simulator(1);
    const seen: number[] = [];
    simulator.schedule(10, "timer", () => {
      seen.push(simulator.nowMs);
      simulator.schedule(20, "timer", () => seen.push(simulator.nowMs));
    });
    const cancelled = simulator.schedule(15, "timer", () => seen.push(-1));
    cancelled.isCancelled = true;
    await simulator.run(20);
    expect([seen, simulator.nowMs]).toEqual([[10], 20]);
    await simulator.run(50);
    expect(seen).toEqual([10, 30]);
  });

  test("a client's promises are done before the next event", async () => {
    const simulator = new Simulator(1);
    const order: string[] = [];
    async function talk(): Promise<void> {
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
      order.push("promises");
    }
    simulator.schedule(1, "timer", () => {
      simulator.touchClients();
      void talk();
    });
    simulator.schedule(50, "timer", () => order.push("next event"));
    await simulator.run(100);
    expect(order).toEqual(["promises", "next event"]);
  });

  test("what feeds on itself is called a storm", async () => {
    const simulator = new Simulator(1);
    const again = (): void => {
      simulator.schedule(0, "timer", again);
    };
    again();
    await expect(simulator.run(10)).rejects.toThrow(Storm);
  });
});
