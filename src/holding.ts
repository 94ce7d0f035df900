/** What a key holds in words, with the handle that reads it: for those who came with another one. */
import type { DataType } from "./crdt/path.ts";

type Holding = DataType | "value";

/** What it is called, and what comes after the bucket's name in the call that makes its handle. */
const words: Readonly<Record<Holding, readonly [what: string, method: string, rest: string]>> = {
  value: ["a value", "bucket", ""],
  pnCounter: ["a counter", "counter", ""],
  gCounter: ["a counter that only grows", "growCounter", ""],
  gSet: ["a set that only grows", "growSet", ""],
  orSet: ["a set", "set", ""],
  rwSet: ["a set in which removing wins", "set", ', { wins: "remove" }'],
  lwwRegister: ["a register", "register", ""],
  mvRegister: ["a register of several values", "multiRegister", ""],
  ewFlag: ["a flag", "flag", ""],
  dwFlag: ["a flag in which disabling wins", "flag", ', { wins: "disable" }'],
  map: ["a map", "map", ", { … }"],
};

/** As in `a counter, for which there is counter("likes")`. */
export function holdingsOf(types: Iterable<Holding>, bucket: string): string {
  const parts = [...types].map((type) => {
    const [what, method, rest] = words[type];
    return `${what}, for which there is ${method}("${bucket}"${rest})`;
  });
  return parts.join(", and ");
}
