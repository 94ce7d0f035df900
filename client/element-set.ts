/** The elements of a set as readers hold them: a `Set` that knows an element by its bytes, so that it finds objects too. */
import { toBinary } from "../src/bytes.ts";
import { decodeValue, encodeElement } from "../src/value.ts";

export class ElementSet<T> extends Set<T> {
  readonly #places = new Set<string>();

  /** @param encoded in the order in which they are shown; the same element may come twice */
  constructor(encoded: readonly Uint8Array[]) {
    super();
    for (const bytes of encoded) {
      const place = toBinary(bytes);
      if (this.#places.has(place)) continue;
      this.#places.add(place);
      this.add(decodeValue(bytes) as T);
    }
  }

  /** @throws INVALID_ARGUMENT for what could never be an element */
  override has(element: T): boolean {
    return this.#places.has(toBinary(encodeElement(element, "")));
  }
}
