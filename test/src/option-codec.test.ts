/** src/option-codec.ts: what a request chooses, and what it was settled to, as they travel (design §6.1). */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../../src/limits.ts";
import { pack } from "../../src/msgpack.ts";
import { decodeEffective, decodeOptions, encodeEffective, encodeOptions } from "../../src/option-codec.ts";
import type { RequestOptions, Source } from "../../src/options.ts";

test("the echo of a reply brings back all options and their sources", () => {
  // Design §6.1: every reply echoes the effective options and where each came from.
  const count = fc.integer({ min: 0, max: 5 });
  const source = fc.constantFrom<Source>("default", "cluster", "bucket", "request");
  const effective = fc.record({
    n: count,
    r: count,
    w: count,
    pr: count,
    pw: count,
    dw: count,
    timeoutMs: fc.nat(limits.timeoutMsMax),
    fanout: fc.constantFrom("quorum" as const, "all" as const),
    sloppy: fc.boolean(),
    readRepair: fc.constantFrom("async" as const, "blocking" as const, "off" as const),
    resolver: fc.constantFrom("siblings" as const, "lww" as const),
    from: fc.record({
      n: source,
      r: source,
      w: source,
      pr: source,
      pw: source,
      dw: source,
      timeoutMs: source,
      fanout: source,
      sloppy: source,
      readRepair: source,
      resolver: source,
    }),
  });
  fc.assert(
    fc.property(effective, (options) => {
      expect(decodeEffective(encodeEffective(options))).toEqual(options);
    }),
  );
});

test("of one combination there is one object, and it is packed once", () => {
  // node/option-settler.ts finds what was settled by that object.
  const options: RequestOptions = { r: 1, w: "all", sloppy: false };
  expect(encodeOptions(options)).toBe(encodeOptions(options));
  const decoded = decodeOptions(encodeOptions(options));
  expect(decoded).toEqual(options);
  expect(decodeOptions(encodeOptions({ ...options }))).toBe(decoded);
  expect(decodeOptions(encodeOptions({ ...options, r: 2 }))).toEqual({ ...options, r: 2 });
});

test("of combinations that are forged no more are kept than make sense", () => {
  // Each would else stay in a node's memory for as long as it runs.
  const first = decodeOptions(pack([1]));
  for (let n = 2; n < 1500; n++) decodeOptions(pack([n]));
  expect(decodeOptions(pack([1]))).not.toBe(first);
  const frame = new Uint8Array(1_000_000);
  const forged = pack([new Uint8Array(3)]);
  frame.set(forged);
  const { n } = decodeOptions(frame.subarray(0, forged.length)) as { n?: unknown };
  expect(n).toEqual(new Uint8Array(3));
  expect((n as Uint8Array).buffer.byteLength).toBeLessThan(1000);
  const long = pack([1, "x".repeat(200)]);
  expect(decodeOptions(long)).not.toBe(decodeOptions(long));
});

test("of two combinations with the same hash none is mistaken for the other", () => {
  // Whoever chooses the bytes can make such: these are two of 32 bits of FNV-1a.
  const [one, other] = [
    { n: 46_672, r: 34_586 },
    { n: 63_140, r: 36_344 },
  ] as const;
  const bytesOf = ({ n, r }: typeof one | typeof other): Uint8Array => pack([n, r]);
  const hashOf = (bytes: Uint8Array): number =>
    bytes.reduce((sum, byte) => Math.imul(sum ^ byte, 0x0100_0193), 0x811c_9dc5);
  expect(hashOf(bytesOf(one))).toBe(hashOf(bytesOf(other)));
  for (const options of [one, other, one, other]) expect(decodeOptions(bytesOf(options))).toEqual(options);
});
