/** Records as objects, each decoded once: the same bytes are looked at again and again. */
import { MalformedBytes } from "../src/bytes.ts";
import type { StoredObject } from "../src/object.ts";
import { decodeRecord, recordProblem } from "../src/record.ts";

export class Decoded {
  readonly #known = new WeakMap<Uint8Array, StoredObject | "bad record">();

  /** `undefined`: it is not sound. */
  object(record: Uint8Array): StoredObject | undefined {
    let decoded = this.#known.get(record);
    if (decoded === undefined) this.#known.set(record, (decoded = decodedOrBad(record)));
    return decoded === "bad record" ? undefined : decoded;
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
