/** src/hash.ts: xxHash against its published values, so that every machine places keys alike for ever. */
import { expect, test } from "vitest";
import { checksum32, hash64 } from "../../src/hash.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each([
  ["", 0xef46_db37_51d8_e999n, 0x02cc_5d05],
  ["a", 0xd24e_c4f1_a98c_6e5bn, 0x550d_7456],
  ["abc", 0x44bc_2cf5_ad77_0999n, 0x32d1_53ff],
])("the hashes of %j are those of the xxHash specification", (text, long, short) => {
  // https://github.com/Cyan4973/xxHash: XXH64 and XXH32 with seed 0. Changing them would move every key of every cluster.
  expect(hash64(bytesOf(text))).toBe(long);
  expect(checksum32(bytesOf(text))).toBe(short);
});

test("the seed makes another hash of the same bytes", () => {
  // Digests are seeded by their key's hash (scenario 22).
  const hashes = [0n, 1n, 2n ** 63n].map((seed) => hash64(bytesOf("abc"), seed));
  expect(new Set(hashes).size).toBe(3);
});
