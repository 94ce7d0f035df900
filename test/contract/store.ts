/**
 * The contract of the store seam (node/store.ts), for every disk that a node may stand on: LMDB and the simulator's.
 * What a crash leaves behind is not in here: each implementation is crashed in its own way, by its own tests.
 */
import * as fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { compareBytes, equalBytes } from "../../src/bytes.ts";
import { tables, type Batch, type Store, type StoreEvents, type Table, type Write } from "../../node/store.ts";

export interface StoreHarness {
  /** Another one after `reopen`. */
  readonly store: Store;
  /** Lets time pass, real or virtual, until everything submitted is durable. */
  settle(): Promise<void> | void;
  /** Closes the store in order, and opens another with the same events on the same disk. */
  reopen(): Promise<void> | void;
}

/** A disk that a test can fill, and make room on. */
export interface FillableHarness extends StoreHarness {
  setFull(isFull: boolean): Promise<void> | void;
  /** Lets time pass, real or virtual, until `isMet`. */
  until(isMet: () => boolean): Promise<void>;
}

/** Each test opens an empty disk. Whatever must be freed afterwards, `open` registers with `onTestFinished`. */
export type OpenStore = (events: StoreEvents) => Promise<StoreHarness> | StoreHarness;

export function describeStoreContract(name: string, open: OpenStore): void {
  describe(`${name} keeps the store contract`, () => {
    const disk = new Disk();
    beforeEach(() => disk.start(open));
    describe("reads", () => testReads(disk));
    describe("durability", () => testDurability(disk));
    describe("scans", () => testScans(disk));
    describe("reopening", () => testReopening(disk));
    testAgainstModel(open);
  });
}

/** For disks whose room the test machine lets us decide on. */
export function describeFullDisk(
  name: string,
  open: (events: StoreEvents) => Promise<FillableHarness> | FillableHarness,
): void {
  describe(`${name} keeps the store contract while it is full`, () => {
    const disk = new Disk();
    let harness: FillableHarness;
    /** More than a disk may have put by for itself. */
    const large = "x".repeat(2_000_000);

    beforeEach(async () => {
      await disk.start(async (events) => (harness = await open(events)));
      disk.commit(put("before", "1"));
      await disk.settle();
      disk.durable.length = 0;
    });

    async function fill(): Promise<Batch> {
      await harness.setFull(true);
      const batch = disk.commit(put("a", large));
      await harness.until(() => disk.full.at(-1) === true);
      return batch;
    }

    test("what is submitted waits, is read, and becomes durable in order when there is room", async () => {
      const batches = [
        await fill(),
        disk.commit(put("a", "2"), put("b", "2")),
        disk.commit(),
        disk.commit(remove("b")),
      ];
      await turn();
      expect(disk.durable).toEqual([]);
      expect([disk.get("before"), disk.get("a"), disk.get("b")]).toEqual(["1", "2", undefined]);
      expect(disk.scan("a", "c")).toEqual(["a=2", "before=1"]);
      await harness.setFull(false);
      await harness.until(() => disk.durable.length === 4 && disk.full.at(-1) === false);
      expect(disk.durable).toEqual(batches);
      await disk.reopen();
      expect(disk.scan("a", "c")).toEqual(["a=2", "before=1"]);
    });

    test("it says so once for each change, and goes on as before afterwards", async () => {
      for (let round = 0; round < 3; round++) {
        await fill();
        await harness.setFull(false);
        await harness.until(() => disk.full.at(-1) === false);
        await disk.settle();
      }
      expect(disk.full).toEqual([true, false, true, false, true, false]);
      disk.commit(put("after", "1"));
      await disk.settle();
      await disk.reopen();
      expect(disk.scan("a", "b").length).toBe(2);
    });

    test("closing it does not wait for room, and what was durable is there afterwards", async () => {
      await fill();
      await disk.reopen();
      expect(disk.scan("a", "c")).toEqual(["before=1"]);
      expect(disk.durable).toEqual([]);
    });
  });
}

function testReads(disk: Disk): void {
  test("a write is read at once, before it is durable", () => {
    disk.commit(put("a", "1"));
    expect(disk.get("a")).toBe("1");
    expect(disk.durable).toEqual([]);
  });

  test("a write is read in every stage on its way to the disk", async () => {
    disk.commit(put("a", "1"));
    await turn();
    expect(disk.get("a")).toBe("1");
    await disk.settle();
    expect(disk.get("a")).toBe("1");
  });

  test("an unknown key is undefined, an empty value is not", async () => {
    disk.commit(put("empty", ""));
    expect([disk.get("empty"), disk.get("none")]).toEqual(["", undefined]);
    await disk.settle();
    expect([disk.get("empty"), disk.get("none")]).toEqual(["", undefined]);
  });

  test("the last write to a key counts, within a batch and across batches", async () => {
    disk.commit(put("a", "1"), put("a", "2"), put("b", "1"), remove("b"), remove("c"), put("c", "1"));
    expect([disk.get("a"), disk.get("b"), disk.get("c")]).toEqual(["2", undefined, "1"]);
    disk.commit(put("a", "3"), remove("c"));
    expect([disk.get("a"), disk.get("c")]).toEqual(["3", undefined]);
    await disk.settle();
    expect([disk.get("a"), disk.get("b"), disk.get("c")]).toEqual(["3", undefined, undefined]);
  });

  test("a removal hides a durable value at once, and a later write brings the key back", async () => {
    disk.commit(put("a", "1"));
    await disk.settle();
    disk.commit(remove("a"));
    expect(disk.get("a")).toBeUndefined();
    await disk.settle();
    expect(disk.get("a")).toBeUndefined();
    disk.commit(put("a", "2"));
    expect(disk.get("a")).toBe("2");
  });

  test("one key in two tables is two entries, written by one batch", async () => {
    disk.commit(put("a", "object"), put("a", "meta", "meta"));
    expect([disk.get("a"), disk.get("a", "meta")]).toEqual(["object", "meta"]);
    await disk.settle();
    disk.commit(remove("a"));
    expect([disk.get("a"), disk.get("a", "meta")]).toEqual([undefined, "meta"]);
  });

  test("bytes that were handed out stay as they are", async () => {
    for (let index = 0; index < 100; index++) disk.commit(put(`key ${index}`, `value ${index}`));
    await disk.settle();
    const values = Array.from({ length: 100 }, (_, index) => disk.store.get("objects", bytesOf(`key ${index}`)));
    for (let index = 0; index < 100; index++)
      disk.commit(put(`key ${index}`, "something else, and longer than before"));
    await disk.settle();
    for (let index = 0; index < 100; index++) disk.get(`key ${index}`);
    expect(values.map((value) => value && textOf(value))).toEqual(values.map((_, index) => `value ${index}`));
  });

  test("keys of 1100 bytes and values of 2 MiB", async () => {
    const key = new Uint8Array(1100).fill(0xff);
    const value = Uint8Array.from({ length: 2 ** 21 }, (_, index) => index * 31);
    disk.store.commit({ writes: [{ table: "objects", key, value }] });
    expect(isSame(disk.store.get("objects", key), value)).toBe(true);
    await disk.settle();
    expect(isSame(disk.store.get("objects", key), value)).toBe(true);
    const entries = [...disk.store.scan("objects", key, Uint8Array.of(...key, 0))];
    expect(entries.map((entry) => isSame(entry[0], key) && isSame(entry[1], value))).toEqual([true]);
  });
}

function testDurability(disk: Disk): void {
  test("batches of one turn are given back once each, in order", async () => {
    const batches = Array.from({ length: 1000 }, (_, index) => disk.commit(put(`key ${index % 7}`, `${index}`)));
    await disk.settle();
    expect(disk.durable).toEqual(batches);
    await disk.settle();
    expect(disk.durable.length).toBe(1000);
  });

  test("batches of many turns are given back once each, in order", async () => {
    const batches: Batch[] = [];
    for (let index = 0; index < 200; index++) {
      batches.push(disk.commit(put(`key ${index}`, `${index}`)));
      if (index % 3 === 0) await turn();
    }
    await disk.settle();
    expect(disk.durable).toEqual(batches);
  });

  test("an empty batch is given back in its place, also when it is alone", async () => {
    const alone = disk.commit();
    expect(disk.durable).toEqual([]);
    await disk.settle();
    expect(disk.durable).toEqual([alone]);
    const batches = [alone, disk.commit(put("a", "1")), disk.commit(), disk.commit(put("b", "1"))];
    await disk.settle();
    expect(disk.durable).toEqual(batches);
  });

  test("a batch submitted twice is given back twice", async () => {
    const batch = disk.commit(put("a", "1"));
    disk.store.commit(batch);
    await disk.settle();
    expect(disk.durable).toEqual([batch, batch]);
  });

  test("batches submitted from within onDurable follow", async () => {
    disk.onBatch = (batch) => {
      const round = Number(textOf(batch.writes[0]!.value!));
      expect(disk.get("round")).toBe(`${round}`);
      if (round < 20) disk.commit(put("round", `${round + 1}`));
    };
    disk.commit(put("round", "1"));
    while (disk.durable.length < 20) await disk.settle();
    expect(disk.durable.map((batch) => textOf(batch.writes[0]!.value!))).toEqual(
      Array.from({ length: 20 }, (_, index) => `${index + 1}`),
    );
  });

  test("nothing is given back inside commit", async () => {
    let isCommitting = false;
    disk.onBatch = () => expect(isCommitting).toBe(false);
    for (let index = 0; index < 50; index++) {
      isCommitting = true;
      disk.commit(...(index % 2 === 0 ? [put("a", "1")] : []));
      isCommitting = false;
      if (index % 5 === 0) await turn();
    }
    await disk.settle();
    expect(disk.durable.length).toBe(50);
  });
}

function testScans(disk: Disk): void {
  test("entries come in byte order, the longer key after its prefix", async () => {
    const keys = [[0], [0, 0], [0, 255], [1], [127], [127, 128], [128], [200, 1, 1], [255], [255, 0]];
    const writes = keys.map((key): Write => ({ table: "objects", key: Uint8Array.from(key), value: Uint8Array.of(1) }));
    disk.store.commit({ writes: writes.toReversed() });
    const scanned = (): number[][] =>
      Array.from(disk.store.scan("objects", Uint8Array.of(0), Uint8Array.of(255, 255)), ([key]) => [...key]);
    expect(scanned()).toEqual(keys);
    await disk.settle();
    expect(scanned()).toEqual(keys);
  });

  test("the lower bound is in, the upper is not", async () => {
    disk.commit(put("a", "1"), put("b", "2"), put("c", "3"), put("d", "4"));
    for (const stage of [turn, () => disk.settle()]) {
      expect(disk.scan("b", "d")).toEqual(["b=2", "c=3"]);
      expect(disk.scan("aa", "cc")).toEqual(["b=2", "c=3"]);
      expect(disk.scan("", "b")).toEqual(["a=1"]);
      expect([disk.scan("b", "b"), disk.scan("c", "b"), disk.scan("x", "z"), disk.scan("", "")]).toEqual([
        [],
        [],
        [],
        [],
      ]);
      await stage();
    }
  });

  test("writes under way are merged into what is on disk", async () => {
    disk.commit(put("b", "old"), put("d", "old"), put("f", "old"), put("h", "old"));
    await disk.settle();
    disk.commit(put("a", "new"), put("d", "new"), remove("f"), put("g", "new"), put("i", "new"), remove("j"));
    await turn();
    disk.commit(put("g", "newer"), put("h", "newer"), remove("i"));
    const entries = ["a=new", "b=old", "d=new", "g=newer", "h=newer"];
    expect(disk.scan("a", "z")).toEqual(entries);
    await disk.settle();
    expect(disk.scan("a", "z")).toEqual(entries);
    expect(disk.scan("a", "z", "meta")).toEqual([]);
  });

  test("a walk does not see what is submitted while it goes on", async () => {
    disk.commit(put("a", "1"), put("c", "1"), put("e", "1"));
    await disk.settle();
    disk.commit(put("b", "1"), put("f", "1"));
    const walk = disk.store.scan("objects", bytesOf("a"), bytesOf("z"))[Symbol.iterator]();
    const seen = [entryText(walk.next().value)];
    for (const [index, value] of ["b", "c", "d", "e"].entries()) {
      disk.commit(put(value, "2"), remove("f"), put("g", "2"));
      if (index % 2 === 0) await disk.settle();
      else await turn();
      seen.push(entryText(walk.next().value));
    }
    expect(seen).toEqual(["a=1", "b=1", "c=1", "e=1", "f=1"]);
    expect(walk.next().done).toBe(true);
    expect(disk.scan("a", "z")).toEqual(["a=1", "b=2", "c=2", "d=2", "e=2", "g=2"]);
  });

  test("a walk may be given up, and two may go side by side", async () => {
    disk.commit(put("a", "1"), put("b", "2"), put("c", "3"));
    await disk.settle();
    for (const [key] of disk.store.scan("objects", bytesOf("a"), bytesOf("z"))) if (textOf(key) === "b") break;
    const pairs: string[] = [];
    for (const outer of disk.store.scan("objects", bytesOf("a"), bytesOf("z"))) {
      for (const inner of disk.store.scan("objects", outer[0], bytesOf("c"))) {
        pairs.push(`${entryText(outer)} ${entryText(inner)}`);
      }
    }
    expect(pairs).toEqual(["a=1 a=1", "a=1 b=2", "b=2 b=2"]);
  });
}

function testReopening(disk: Disk): void {
  test("what is durable is found again, in both tables", async () => {
    for (let index = 0; index < 300; index++)
      disk.commit(put(`key ${index}`, `${index}`), put("last", `${index}`, "meta"));
    disk.commit(remove("key 7"));
    await disk.settle();
    await disk.reopen();
    expect([disk.get("key 0"), disk.get("key 299"), disk.get("key 7")]).toEqual(["0", "299", undefined]);
    expect(disk.get("last", "meta")).toBe("299");
    expect(disk.scan("key ", "key~").length).toBe(299);
  });

  test("nothing that was given back is given back again", async () => {
    disk.commit(put("a", "1"));
    await disk.settle();
    await disk.reopen();
    const after = disk.commit(put("b", "1"));
    await disk.settle();
    expect(disk.durable.length).toBe(2);
    expect(disk.durable[1]).toBe(after);
  });
}

type Step =
  | { readonly kind: "commit"; readonly writes: readonly Write[] }
  | { readonly kind: "turn" | "settle" | "reopen" };

function testAgainstModel(open: OpenStore): void {
  test("any sequence of batches, turns and reopenings reads like a map", async () => {
    const steps = fc.array(arbitraryStep(), { maxLength: 60, size: "max" });
    await fc.assert(
      fc.asyncProperty(steps, async (steps) => {
        const disk = new Disk();
        await disk.start(open);
        const model = new Model();
        for (const step of steps) {
          await disk.play(step);
          if (step.kind === "commit") model.apply(step.writes);
          for (const table of tables) expect(disk.scan("", "~", table)).toEqual(model.entries(table));
          for (const table of tables) for (const key of keys) expect(disk.get(key, table)).toBe(model.get(table, key));
        }
      }),
      { numRuns: 40 },
    );
  });
}

const keys = ["a", "aa", "ab", "b", "c"];

function arbitraryStep(): fc.Arbitrary<Step> {
  const write = fc
    .record({
      key: fc.constantFrom(...keys),
      value: fc.option(fc.string({ maxLength: 4 })),
      table: fc.constantFrom(...tables),
    })
    .map(({ key, value, table }) => (value === null ? remove(key, table) : put(key, value, table)));
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant("commit" as const), writes: fc.array(write, { maxLength: 5 }) }),
    },
    { weight: 4, arbitrary: fc.constant<Step>({ kind: "turn" }) },
    { weight: 2, arbitrary: fc.constant<Step>({ kind: "settle" }) },
    { weight: 1, arbitrary: fc.constant<Step>({ kind: "reopen" }) },
  );
}

class Model {
  readonly #values = {
    objects: new Map<string, string>(),
    hints: new Map<string, string>(),
    conflicts: new Map<string, string>(),
    meta: new Map<string, string>(),
  };

  apply(writes: readonly Write[]): void {
    for (const { table, key, value } of writes) {
      if (value === undefined) this.#values[table].delete(textOf(key));
      else this.#values[table].set(textOf(key), textOf(value));
    }
  }

  get(table: Table, key: string): string | undefined {
    return this.#values[table].get(key);
  }

  entries(table: Table): string[] {
    const ordered = [...this.#values[table]].sort(([a], [b]) => compareBytes(bytesOf(a), bytesOf(b)));
    return ordered.map(([key, value]) => `${key}=${value}`);
  }
}

/** The store under test, spoken to in text, and what it gave back. */
class Disk {
  readonly durable: Batch[] = [];
  readonly full: boolean[] = [];
  onBatch: (batch: Batch) => void = () => {};
  #harness: StoreHarness | undefined;

  async start(open: OpenStore): Promise<void> {
    this.durable.length = 0;
    this.full.length = 0;
    this.onBatch = () => {};
    this.#harness = await open({
      onDurable: (batches) => {
        for (const batch of batches) {
          this.durable.push(batch);
          this.onBatch(batch);
        }
      },
      onFailure: (error) => this.onFailure(error),
      onFull: (isFull) => this.onFull(isFull),
    });
  }

  get store(): Store {
    if (this.#harness === undefined) throw new Error("the disk was not started");
    return this.#harness.store;
  }

  onFailure(error: Error): void {
    throw error;
  }

  onFull(isFull: boolean): void {
    this.full.push(isFull);
  }

  async settle(): Promise<void> {
    await this.#harness?.settle();
  }

  async reopen(): Promise<void> {
    await this.#harness?.reopen();
  }

  async play(step: Step): Promise<void> {
    switch (step.kind) {
      case "commit":
        return this.store.commit({ writes: step.writes });
      case "turn":
        return turn();
      case "settle":
        return this.settle();
      case "reopen":
        return this.reopen();
    }
  }

  commit(...writes: readonly Write[]): Batch {
    const batch = { writes };
    this.store.commit(batch);
    return batch;
  }

  get(key: string, table: Table = "objects"): string | undefined {
    const value = this.store.get(table, bytesOf(key));
    return value && textOf(value);
  }

  scan(from: string, to: string, table: Table = "objects"): string[] {
    return Array.from(this.store.scan(table, bytesOf(from), bytesOf(to)), entryText);
  }
}

export function put(key: string, value: string, table: Table = "objects"): Write {
  return { table, key: bytesOf(key), value: bytesOf(value) };
}

export function remove(key: string, table: Table = "objects"): Write {
  return { table, key: bytesOf(key), value: undefined };
}

/** One turn of the event loop, in which a real disk may get further. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** `toEqual` takes seconds for a value of this size. */
function isSame(actual: Uint8Array | undefined, expected: Uint8Array): boolean {
  return actual !== undefined && equalBytes(actual, expected);
}

function entryText([key, value]: readonly [key: Uint8Array, value: Uint8Array]): string {
  return `${textOf(key)}=${textOf(value)}`;
}
