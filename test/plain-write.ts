import type { CausalContext } from "../src/causal-context.ts";
import { write, type Sibling, type StoredObject } from "../src/object.ts";

/** A value is put, of which nobody will ever retry anything: what it replaces is gone. */
export function plainWrite(object: StoredObject, seen: CausalContext, sibling: Omit<Sibling, "path">): StoredObject {
  return write(object, seen, [{ ...sibling, path: "" }], () => undefined);
}
