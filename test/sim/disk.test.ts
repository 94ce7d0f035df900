import { describe, expect, test } from "vitest";
import type { Batch, StoreEvents } from "../../node/store.ts";
import { SimulatedDisk, type DiskConditions } from "../../sim/disk.ts";
import { Platter } from "../../sim/platter.ts";
import { Simulator } from "../../sim/simulator.ts";
import {
  bytesOf,
  describeFullDisk,
  describeStoreContract,
  put,
  textOf,
  type FillableHarness,
} from "../contract/store.ts";

const conditions: DiskConditions = { syncMinMs: 1, syncMeanMs: 5, slowSyncs: 0.1, slowSyncMs: 100, lossAtCrash: 0.5 };

class DiskHarness implements FillableHarness {
  readonly simulator: Simulator;
  readonly #platter = new Platter();
  readonly #events: StoreEvents;
  store: SimulatedDisk;

  constructor(events: StoreEvents, seed = 1) {
    this.simulator = new Simulator(seed);
    this.#events = events;
    this.store = this.#open();
  }

  settle(): Promise<void> {
    return this.simulator.run(this.simulator.nowMs + 60_000, () => this.store.unsynced === 0);
  }

  until(isMet: () => boolean): Promise<void> {
    return this.simulator.run(this.simulator.nowMs + 60_000, isMet);
  }

  setFull(isFull: boolean): void {
    this.#platter.isFull = isFull;
    this.store.lookForRoom();
  }

  reopen(): void {
    this.store.close();
    this.store = this.#open();
  }

  crash(): void {
    this.store.crash();
    this.store = this.#open();
  }

  #open(): SimulatedDisk {
    const world = { simulator: this.simulator, dice: this.simulator.dice("disk"), conditions };
    return new SimulatedDisk(world, this.#platter, this.#events);
  }
}

describeStoreContract("the simulator's disk", (events) => new DiskHarness(events));
describeFullDisk("the simulator's disk", (events) => new DiskHarness(events));

describe("a crash", () => {
  function harness(seed: number): { readonly disk: DiskHarness; readonly durable: Batch[] } {
    const durable: Batch[] = [];
    const onFailure = (error: Error): void => {
      throw error;
    };
    return {
      disk: new DiskHarness({ onDurable: (batches) => durable.push(...batches), onFailure, onFull: () => {} }, seed),
      durable,
    };
  }

  /** How many of ten batches, each of two writes, are there after a crash in the middle of their syncs. */
  async function survivorsOf(
    seed: number,
  ): Promise<{ readonly found: readonly string[]; readonly acknowledged: number }> {
    const { disk, durable } = harness(seed);
    for (let index = 0; index < 10; index++) {
      disk.store.commit({ writes: [put(`a${index}`, "1"), put(`b${index}`, "1")] });
      await disk.simulator.run(disk.simulator.nowMs + 1);
    }
    const acknowledged = durable.length;
    disk.crash();
    const found = ["a", "b"].flatMap((table) =>
      Array.from({ length: 10 }, (_, index) => `${table}${index}`).filter((key) =>
        disk.store.get("objects", bytesOf(key)),
      ),
    );
    await disk.settle();
    expect(durable.length).toBe(acknowledged);
    return { found, acknowledged };
  }

  test("keeps what was given back, and of the rest the oldest batches, each whole", async () => {
    const counts = new Set<number>();
    for (let seed = 1; seed <= 60; seed++) {
      const { found, acknowledged } = await survivorsOf(seed);
      const kept = found.length / 2;
      expect(kept).toBeGreaterThanOrEqual(acknowledged);
      const names = Array.from({ length: kept }, (_, index) => index);
      expect(found).toEqual([...names.map((index) => `a${index}`), ...names.map((index) => `b${index}`)]);
      counts.add(kept - acknowledged);
    }
    expect(counts.size).toBeGreaterThan(3);
  });

  test("a flipped bit and a forgotten record stay as they are on the platter", async () => {
    const { disk } = harness(1);
    disk.store.commit({ writes: [put("a", "value"), put("b", "value")] });
    expect(disk.store.flip(bytesOf("a"))).toBe(false);
    await disk.settle();
    expect(disk.store.flip(bytesOf("a"))).toBe(true);
    disk.store.forget(bytesOf("b"));
    disk.reopen();
    expect(textOf(disk.store.get("objects", bytesOf("a"))!)).not.toBe("value");
    expect(disk.store.get("objects", bytesOf("b"))).toBeUndefined();
  });
});
