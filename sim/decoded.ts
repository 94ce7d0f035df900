/** Records as objects, and their hashes, each worked out once: the same bytes are looked at again and again. */
import { MalformedBytes } from "../src/bytes.ts";
import { hash64 } from "../src/hash.ts";
import type { StoredObject } from "../src/object.ts";
import { decodeRecord, recordProblem } from "../src/record.ts";

export class Decoded {
  readonly #known = new WeakMap<Uint8Array, StoredObject | "bad record">();
  readonly #hashes = new WeakMap<Uint8Array, bigint>();

  /** `undefined`: it is not sound. */
  object(record: Uint8Array): StoredObject | undefined {
    let decoded = this.#known.get(record);
    if (decoded === undefined) this.#known.set(record, (decoded = decodedOrBad(record)));
    return decoded === "bad record" ? undefined : decoded;
  }

  /** Equal for equal bytes. */
  hash(record: Uint8Array): bigint {
    let hash = this.#hashes.get(record);
    if (hash === undefined) this.#hashes.set(record, (hash = hash64(record)));
    return hash;
  }
}

/** A sound checksum is no proof: a broken node may have sealed what is no object. */
function decodedOrBad(record: Uint8Array): StoredObject | "bad record" {
  try {
    return recordProblem(record) === undefined ? decodeRecord(record) : "bad record";
  } catch (error) {
    if (error instanceof MalformedBytes) return "bad record";
    throw error;
  }
}
