/** client/conflicts.ts: every node is asked, page by page; what several have noted is listed once, and who did not tell is named. */
import { beforeEach, expect, test } from "vitest";
import { encodeConflict, type Conflict } from "../../src/conflict.ts";
import { makeActor } from "../../src/dot.ts";
import { makeKey } from "../../src/key.ts";
import type { Conflicts as Question } from "../../src/messages.ts";
import { listConflicts, type Conflicts, type ConflictsOptions } from "../../client/conflicts.ts";
import { encodeValue } from "../../src/value.ts";
import { FakePool } from "./fake-pool.ts";
import { ringOf } from "./fake-runtime.ts";

let fake: FakePool;

beforeEach(() => {
  fake = new FakePool(ringOf(2));
  fake.openAll();
});

function conflict(atMs: number, fields: Partial<Conflict> = {}): Conflict {
  const replica = makeActor("replica1", 1);
  return {
    atMs,
    key: makeKey("tasks", "t1"),
    path: "m6:statusw",
    dot: { actor: replica, counter: atMs },
    timestamp: { ms: atMs - 2, counter: 0 },
    winner: { dot: { actor: replica, counter: 1 }, timestamp: { ms: atMs - 1, counter: 0 } },
    value: encodeValue(`value ${atMs}`),
    ...fields,
  };
}

/** A node that has these pages. */
function tells(node: string, ...pages: readonly (readonly Conflict[])[]): Question[] {
  const asked: Question[] = [];
  const socket = fake.socketOf(node)!;
  socket.onFrame = (messages) => {
    for (const message of messages) {
      if (message.kind !== "Conflicts") throw new Error(`not asked for: ${message.kind}`);
      asked.push(message);
      const at = message.from?.[0] ?? 0;
      const end = at + 1 < pages.length ? Uint8Array.of(at + 1) : undefined;
      socket.say({ kind: "ConflictsReply", id: message.id, entries: (pages[at] ?? []).map(encodeConflict), end });
    }
  };
  return asked;
}

function list(options: ConflictsOptions = {}): Promise<Conflicts> {
  return fake.runtime.run(listConflicts(fake.pool, "tasks", options));
}

const valuesIn = ({ conflicts }: Conflicts): unknown[] => conflicts.map(({ value }) => value);

test("what one has noted is listed in words", async () => {
  const inMap = conflict(1000, { path: "m4:homem4:cityw" });
  tells("n1", [inMap, conflict(1001, { path: "w", value: undefined })]);
  tells("n2");
  const winner = { writtenAtMs: 999, dot: "7265706c.1:1" };
  expect(await list()).toEqual({
    conflicts: [
      {
        key: "t1",
        field: ["home", "city"],
        value: "value 1000",
        notedAtMs: 1000,
        writtenAtMs: 998,
        dot: "7265706c.1:1000",
        winner,
      },
      {
        key: "t1",
        field: [],
        value: undefined,
        notedAtMs: 1001,
        writtenAtMs: 999,
        dot: "7265706c.1:1001",
        winner: { ...winner, writtenAtMs: 1000 },
      },
    ],
    more: false,
    silent: [],
  });
});

test("what both have noted is listed once, as of its first note, in the order of time", async () => {
  const { dot } = conflict(10);
  tells("n1", [conflict(10), conflict(30)]);
  tells("n2", [conflict(20), conflict(40, { dot })]);
  expect(valuesIn(await list())).toEqual(["value 10", "value 20", "value 30"]);
});

test("the same dot of another key is another write", async () => {
  const { dot } = conflict(10);
  tells("n1", [conflict(10), conflict(20, { dot, key: makeKey("tasks", "t2") })]);
  tells("n2");
  expect(valuesIn(await list())).toEqual(["value 10", "value 20"]);
});

test("pages are asked for to the last, an empty one between them too", async () => {
  const asked = tells("n1", [conflict(1), conflict(2)], [], [conflict(3)]);
  tells("n2");
  expect(valuesIn(await list({ key: "t1" }))).toEqual(["value 1", "value 2", "value 3"]);
  expect(asked.map(({ from }) => from?.[0])).toEqual([undefined, 1, 2]);
  for (const { key } of asked) expect(new Uint8Array(key!)).toEqual(makeKey("tasks", "t1"));
});

test("of many the latest are kept, and that there are more is said", async () => {
  tells("n1", [conflict(1), conflict(2)], [conflict(3), conflict(4)]);
  tells("n2", [conflict(5)]);
  expect(await list({ limit: 2 })).toMatchObject({
    conflicts: [{ value: "value 4" }, { value: "value 5" }],
    more: true,
  });
  expect(await list({ limit: 5 })).toMatchObject({ conflicts: { length: 5 }, more: false });
});

test("a node that does not answer is named, and the others are heard", async () => {
  tells("n1", [conflict(1)]);
  const { conflicts, silent } = await list({ timeoutMs: 50 });
  expect(conflicts).toHaveLength(1);
  expect(silent).toMatchObject([{ node: "n2", problem: expect.stringContaining("does not answer") as string }]);
});

test("an entry that cannot be read is passed over, and what no SDK wrote is shown as bytes", async () => {
  const socket = fake.socketOf("n1")!;
  const foreign = encodeConflict(conflict(2, { value: Uint8Array.of(0xc1) }));
  socket.onFrame = ([message]) =>
    socket.say({
      kind: "ConflictsReply",
      id: (message as { id: number }).id,
      entries: [new Uint8Array(9), foreign],
      end: undefined,
    });
  tells("n2");
  expect(valuesIn(await list())).toEqual([Uint8Array.of(0xc1)]);
});

test.each<[object, string]>([
  [{ limit: 0 }, "limit is a whole number from 1 to 10000, not 0"],
  [{ limit: 1.5 }, "limit is a whole number from 1 to 10000, not 1.5"],
  [{ timeoutMs: Number.NaN }, "timeoutMs is a number of milliseconds above 0, not NaN"],
  [{ bucket: "x" }, "bucket is no option of conflicts"],
  [{ key: "" }, "a key is a text of at least one character"],
])("%j is refused before anybody is asked", async (options, sentence) => {
  await expect(listConflicts(fake.pool, "tasks", options)).rejects.toThrow(sentence);
});
