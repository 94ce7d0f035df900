/**
 * S5 and S7 for all layouts, but for what would be sole in the plain one, which is taken, too: of each state there is one record, and all other bytes are refused with a reason, also if their
 * checksum and digest are right. Records of reachable states are changed in a few bytes and sealed anew.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ByteWriter } from "../../src/bytes.ts";
import { CoterieError } from "../../src/errors.ts";
import { checksum32, hash64 } from "../../src/hash.ts";
import { emptyObject } from "../../src/object.ts";
import { decodeRecord, encodeRecord, isSameState, openRecord } from "../../src/record.ts";
import { isDeleted, rootTypes, visibleSiblings } from "../../src/shown.ts";
import { History, places, scripts } from "./data-type-history.ts";
import { histories } from "./history.ts";
import { actorOf, applyAt, opOf } from "./minting.ts";

const keyHash = 1n;
const bodyAt = 13;
const everything = { retries: true, farReads: true, vouching: true, deltas: true };

/** With the checksum of its bytes, and the digest of its body up to the values. */
function seal(record: Uint8Array, valueBytes: number): Uint8Array {
  const sealed = record.slice();
  const view = new DataView(sealed.buffer);
  const body = sealed.subarray(bodyAt, sealed.length - valueBytes);
  view.setBigUint64(5, hash64(sealed[0] === 3 ? plainBodyOf(body) : body, keyHash));
  view.setUint32(1, (checksum32(sealed.subarray(5)) ^ [0, 0, 0xffff_ffff, 0x0f0f_0f0f][sealed[0]!]!) >>> 0);
  return sealed;
}

/** That of a sole record, with the counts, the place of the actor and the counter. */
function plainBodyOf(sole: Uint8Array): Uint8Array {
  const numberAt = (at: number): Uint8Array =>
    sole.subarray(at, at + 1 + sole.subarray(at).findIndex((byte) => byte < 0x80));
  const baseAt = 8 + numberAt(8).length;
  const base = numberAt(baseAt);
  const headAt = baseAt + base.length;
  return Uint8Array.of(2, ...sole.subarray(0, headAt), 1, 0, ...base, ...sole.subarray(headAt));
}

function valueBytesOf(record: Uint8Array): number {
  try {
    const { siblings, spent } = decodeRecord(record);
    return [...siblings, ...spent].reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
  } catch {
    return 0;
  }
}

/** The outcome of opening it: the record of what it says, or why it is none. What it says can be shown. */
function opened(record: Uint8Array): Uint8Array | string {
  try {
    const object = openRecord(keyHash, record);
    isDeleted(object);
    rootTypes(object);
    visibleSiblings(object);
    return encodeRecord(keyHash, object);
  } catch (error) {
    return error instanceof CoterieError ? error.code : String(error);
  }
}

test("bytes that were changed are another state's record, or none", () => {
  // src/record.ts: canonical, each state has one form; and whatever is taken from a peer can be shown.
  const changes = fc.array(fc.record({ at: fc.nat(), by: fc.integer({ min: 1, max: 255 }) }), {
    minLength: 1,
    maxLength: 3,
  });
  const withPaths = fc.tuple(places, scripts).map(([paths, script]) => new History(paths, script, everything).all);
  const states = fc.oneof(
    withPaths,
    histories.map(({ all }) => all),
  );
  /** By layout. */
  const outcomes = { taken: [0, 0, 0, 0], refused: [0, 0, 0, 0] };
  fc.assert(
    fc.property(states, fc.nat(), changes, (all, pick, edits) => {
      const record = encodeRecord(keyHash, all[pick % all.length]!.object).slice();
      for (const { at, by } of edits) record[bodyAt + (at % (record.length - bodyAt))]! += by;
      const sealed = seal(record, valueBytesOf(record));
      const outcome = opened(sealed);
      const isNowSole = typeof outcome !== "string" && sealed[0] === 1 && outcome[0] === 3;
      if (isNowSole) expect(isSameState(outcome, sealed)).toBe(true);
      else expect(outcome).toEqual(typeof outcome === "string" ? "PROTOCOL" : sealed);
      outcomes[typeof outcome === "string" ? "refused" : "taken"][sealed[0]!]!++;
    }),
    { numRuns: 5000 },
  );
  // Both sides of the claim were looked at, in every layout.
  expect(Math.min(...outcomes.taken.slice(1), ...outcomes.refused.slice(1))).toBeGreaterThan(20);
});

test("a path has no mark of the byte order before it", () => {
  // A decoder of text leaves that out unless it is told not to: two records of one state.
  const minting = {
    actor: actorOf("a", 1),
    op: opOf("client", 1),
    timestamp: { ms: 1, counter: 0 },
    isSettled: () => false,
  };
  const object = applyAt(emptyObject, [{ kind: "write", path: "s", value: Uint8Array.of(7), observed: [] }], minting);
  const record = encodeRecord(keyHash, object);
  const at = record.indexOf("s".charCodeAt(0), bodyAt);
  expect(record[at - 1]).toBe(1);
  const writer = new ByteWriter();
  writer.raw(record.subarray(0, at - 1));
  for (const byte of [4, 0xef, 0xbb, 0xbf]) writer.byte(byte);
  writer.raw(record.subarray(at));
  expect(opened(seal(writer.take(), 1))).toBe("PROTOCOL");
});
