/** src/conflict.ts: what last-write-wins leaves out is found where it meets the winner, once, and nothing else is (demand: counted and listed). */
import { describe, expect, test } from "vitest";
import { MalformedBytes } from "../../src/bytes.ts";
import { contextOf, emptyContext } from "../../src/causal-context.ts";
import { decodeConflict, encodeConflict, lossesOf, type Conflict } from "../../src/conflict.ts";
import { fieldPath } from "../../src/crdt/path.ts";
import { makeActor } from "../../src/dot.ts";
import { makeKey } from "../../src/key.ts";
import { emptyObject, sync, write, type Sibling, type StoredObject } from "../../src/object.ts";
import { makeOpId } from "../../src/op-id.ts";

const whole = "w";
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

interface Written {
  readonly ms: number;
  readonly value?: string;
  readonly path?: string;
  /** The same operation under another dot. */
  readonly op?: number;
}

/** One element alone, by an actor of its own. */
function only({ ms, value = `v${ms}`, path = whole, op = ms }: Written): StoredObject {
  const dot = { actor: makeActor(`node${ms}`.padEnd(8, "."), 1), counter: 1 };
  const sibling = { dot, path, value: text(value), timestamp: { ms, counter: 0 }, op: makeOpId("client..", op) };
  return write(emptyObject, emptyContext, [sibling], () => undefined);
}

function deleted(ms: number): StoredObject {
  const object = only({ ms });
  return { ...object, siblings: object.siblings.map((sibling) => ({ ...sibling, value: undefined })) };
}

/** Replaces all that is there. */
function replaced(object: StoredObject, by: StoredObject, spend: (one: Sibling) => Sibling | undefined): StoredObject {
  return write(object, contextOf(object.siblings.map(({ dot }) => dot)), by.siblings, spend);
}

function lostIn(a: StoredObject, b: StoredObject): string[] {
  return lossesOf(sync(a, b), b).map(({ lost, winner }) => {
    const valueOf = ({ value }: Sibling): string => (value === undefined ? "†" : new TextDecoder().decode(value));
    return `${valueOf(lost)} to ${valueOf(winner)}`;
  });
}

describe("what meets in a register", () => {
  test("loses, but for the latest", () => {
    expect(lostIn(only({ ms: 1 }), only({ ms: 2 }))).toEqual(["v1 to v2"]);
    expect(lostIn(only({ ms: 2 }), only({ ms: 1 }))).toEqual(["v1 to v2"]);
    expect(lostIn(sync(only({ ms: 1 }), only({ ms: 2 })), only({ ms: 3 })).sort()).toEqual(["v1 to v3", "v2 to v3"]);
  });

  test("is not lost again where it had lost before, and the winner is when it loses", () => {
    const met = sync(only({ ms: 1 }), only({ ms: 2 }));
    expect(lostIn(only({ ms: 3 }), met)).toEqual(["v2 to v3"]);
    expect(lostIn(met, met)).toEqual([]);
  });

  test("meets the newer one where the winner has been replaced by somebody who had not seen it", () => {
    const newer = replaced(only({ ms: 2 }), only({ ms: 3 }), () => undefined);
    expect(lostIn(only({ ms: 1 }), newer)).toEqual(["v1 to v3"]);
  });

  test("loses nothing where one has seen the other", () => {
    const newer = replaced(only({ ms: 1 }), only({ ms: 2 }), () => undefined);
    expect(lostIn(newer, only({ ms: 1 }))).toEqual([]);
  });

  test("loses nothing where both are equal, and something once a third is different", () => {
    const equal = only({ ms: 2, value: "v1" });
    expect(lostIn(only({ ms: 1 }), equal)).toEqual([]);
    expect(lostIn(only({ ms: 3 }), sync(only({ ms: 1 }), equal)).sort()).toEqual(["v1 to v3", "v1 to v3"]);
  });

  test("may be a delete, and may lose to one", () => {
    expect(lostIn(deleted(2), only({ ms: 1 }))).toEqual(["v1 to †"]);
    expect(lostIn(deleted(1), only({ ms: 2 }))).toEqual(["† to v2"]);
    expect(lostIn(deleted(1), deleted(2))).toEqual([]);
  });

  test("loses within its own field alone", () => {
    const status = (ms: number): StoredObject => only({ ms, path: "m6:statusw" });
    const title = only({ ms: 9, path: "m5:titlew" });
    expect(lostIn(sync(status(1), title), status(2))).toEqual(["v1 to v2"]);
    expect(lostIn(title, status(1))).toEqual([]);
  });
});

describe("no loss is", () => {
  test("a value that stands beside another one as a sibling, nor anything of other types", () => {
    for (const path of ["", "v", "s", "m5:notesg"])
      expect(lostIn(only({ ms: 1, path }), only({ ms: 2, path })), path).toEqual([]);
  });

  test("a second try of one operation, whichever is later", () => {
    const again = only({ ms: 5, op: 1, value: "v1" });
    expect(lostIn(only({ ms: 1 }), again)).toEqual([]);
    expect(lostIn(sync(only({ ms: 1 }), again), only({ ms: 9 }))).toEqual(["v1 to v9"]);
  });

  test("a retry of what was read and replaced: it neither wins, nor is it lost", () => {
    // Else a retry that came late would take the place of what was written by somebody who had read it.
    const spent = replaced(only({ ms: 1 }), only({ ms: 2 }), (sibling) => ({ ...sibling, value: undefined }));
    const late = only({ ms: 3, op: 1, value: "v1" });
    expect(lostIn(late, spent)).toEqual([]);
  });
});

describe("an entry", () => {
  const conflict: Conflict = {
    atMs: 1_700_000_000_000,
    key: makeKey("tasks", "größe"),
    path: "m5:größew",
    dot: { actor: makeActor("replica1", 7), counter: 300 },
    timestamp: { ms: 1_699_999_999_999, counter: 3 },
    winner: {
      dot: { actor: makeActor("replica2", 2 ** 48 - 1), counter: 1 },
      timestamp: { ms: 1_700_000_000_001, counter: 0 },
    },
    value: text("tea"),
  };

  test("comes back as it went in, a delete and an empty value too", () => {
    for (const value of [text("tea"), new Uint8Array(0), undefined])
      expect(decodeConflict(encodeConflict({ ...conflict, value }))).toEqual({ ...conflict, value });
  });

  test("that has rotted is refused, whichever bit it was", () => {
    const bytes = encodeConflict(conflict);
    for (let at = 0; at < bytes.length; at++) {
      const rotten = bytes.slice();
      rotten[at]! ^= 4;
      expect(() => decodeConflict(rotten), `${at}`).toThrow(MalformedBytes);
    }
    expect(() => decodeConflict(bytes.subarray(0, 3))).toThrow(MalformedBytes);
  });
});

describe("a map that both sides of a partition have written to", () => {
  test("is looked through once, not once for each field", () => {
    // A walk per field held a node up for twenty seconds when two thousand fields met.
    let reads = 0;
    const counted = ({ path, ...rest }: Sibling): Sibling => ({
      ...rest,
      get path() {
        reads++;
        return path;
      },
    });
    const fields = 300;
    const written = (side: number): Sibling[] =>
      Array.from({ length: fields }, (_, at) => {
        const [sibling] = only({
          ms: side * fields + at,
          value: `${side}`,
          path: fieldPath("m", `${at}`, "lwwRegister"),
        }).siblings;
        return counted(sibling!);
      });
    const [left, right] = [written(1), written(2)];
    const context = contextOf([...left, ...right].map(({ dot }) => dot));
    const before = { siblings: left, spent: [], context };
    expect(lossesOf({ ...before, siblings: [...left, ...right] }, before)).toHaveLength(fields);
    expect(reads).toBeLessThan(fields * 50);
  });
});
