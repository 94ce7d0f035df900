/**
 * Work on replicated data types that is drawn for a seed: counters, sets, flags, registers, and maps of them, a few keys of each type.
 * What a client has seen when it changes something is fresh, old, somebody else's, or nothing; some operations are tried again long
 * after they were over, at another node, and some clients vanish.
 */
import { fieldPath, rootPath, type DataType } from "../src/crdt/path.ts";
import type { RequestOptions } from "../src/options.ts";
import type { Random } from "../src/random.ts";
import type { Again, Call, Seen, Workload } from "./call.ts";
import type { Wish } from "./wish.ts";

/** Of all calls of a run, and of all its clients. */
export interface TypedMix {
  readonly bucket: { readonly name: string; readonly n: number };
  /** The least `dw` of all writes. */
  readonly dwMin: number;
  /** Its share of the calls. */
  readonly share: number;
  /** Keys of each type that are in use at one time. */
  readonly keys: number;
  readonly types: readonly (DataType | "lww" | typeof mergedKeys)[];
  /** Of the calls: reads; and of the changes: that remove, that clear a whole field or key, of several things at once. */
  readonly reads: number;
  readonly removes: number;
  readonly clears: number;
  readonly batches: number;
  /** Of the changes: on top of a fresh read, of something old, of nothing. */
  readonly fresh: number;
  readonly stale: number;
  readonly blind: number;
  /** Of the changes: tried again, within so many milliseconds. */
  readonly again: number;
  readonly againMsMax: number;
  /** How often a client vanishes after a call without a word. */
  readonly vanishes: number;
}

/** Of keys that clients only ever read, merge and write, by strict quorums: see `checkers/sibling-bound.ts`. */
export const mergedKeys = "merged";

export const dataTypes: readonly DataType[] = [
  "pnCounter",
  "gCounter",
  "gSet",
  "orSet",
  "rwSet",
  "lwwRegister",
  "mvRegister",
  "ewFlag",
  "dwFlag",
  "map",
];

export function drawTypedMix(
  random: Random,
  { bucket, dwMin }: Pick<TypedMix, "bucket" | "dwMin">,
  timeoutMs: number,
  windowMs: number,
): TypedMix {
  const few = random.chance(0.5);
  const all = [...dataTypes, "lww", mergedKeys] as const;
  return {
    bucket,
    dwMin,
    share: random.pick([0.3, 0.6, 0.9]),
    keys: random.pick([1, 1, 2, 5]),
    types: few ? [random.pick(all), random.pick(all), random.pick(all)] : all,
    reads: 0.1 + random.fraction() * 0.3,
    removes: random.fraction() * 0.5,
    clears: random.pick([0, 0.02, 0.1]),
    batches: random.pick([0, 0.2, 0.5]),
    fresh: random.fraction() * 0.5,
    stale: random.fraction() * 0.3,
    blind: random.fraction() * 0.15,
    again: random.pick([0, 0.05, 0.2]),
    againMsMax: random.pick([timeoutMs, windowMs, 2 * windowMs]),
    vanishes: random.pick([0, 0, 0.02, 0.1]),
  };
}

/** Few, so that they are added and removed again and again. */
const elements = ["tea", "milk", "rye", "oats"];

/** What a map of these runs has. */
const fields: readonly (readonly [string, DataType])[] = [
  ["visits", "pnCounter"],
  ["tags", "orSet"],
  ["title", "lwwRegister"],
  ["notes", "gSet"],
  ["done", "ewFlag"],
];

export class DrawnTypedWork {
  readonly #random: Random;
  readonly #mix: TypedMix;
  readonly #name: string;
  readonly #options: (what: "get" | "put", n: number, random: Random) => RequestOptions;
  #values = 0;

  /** @param options draws what a request asks for */
  constructor(
    random: Random,
    mix: TypedMix,
    name: string,
    options: (what: "get" | "put", n: number, random: Random) => RequestOptions,
  ) {
    this.#random = random;
    this.#mix = mix;
    this.#name = name;
    this.#options = options;
  }

  /** Whether the next call is one of these. */
  isNext(): boolean {
    return this.#random.chance(this.#mix.share);
  }

  /** @param generation of keys: the work moves on to other ones */
  *operate(generation: number): Workload {
    const random = this.#random;
    const mix = this.#mix;
    const type = random.pick(mix.types);
    const key = `${type}${generation * mix.keys + random.between(1, mix.keys)}`;
    if (type === mergedKeys) return yield* this.#merge(key);
    if (random.chance(mix.reads)) return void (yield this.#look(key));
    const seen = this.#drawSeen();
    if (seen === "last read") yield this.#look(key);
    yield type === "lww" ? this.#assign(key, seen) : this.#change(key, type, seen);
    if (random.chance(mix.vanishes)) yield { kind: "leave", isSilent: true };
  }

  /** What the application's own merge makes of siblings: here, a value that is new. */
  *#merge(key: string): Workload {
    const { bucket, dwMin } = this.#mix;
    const quorum = Math.floor(bucket.n / 2) + 1;
    const disks = Math.max(quorum, dwMin);
    const { timeoutMs } = this.#options("get", bucket.n, this.#random);
    const where = { bucket: bucket.name, key };
    yield { kind: "get", ...where, options: { n: bucket.n, r: quorum, sloppy: false, timeoutMs } };
    const options: RequestOptions = { n: bucket.n, w: disks, dw: disks, sloppy: false, timeoutMs };
    yield { kind: "put", ...where, value: this.#newValue(), seen: "last read", options };
  }

  #look(key: string): Call {
    const { name, n } = this.#mix.bucket;
    return { kind: "look", bucket: name, key, options: this.#options("get", n, this.#random) };
  }

  #assign(key: string, seen: Seen): Call {
    const { bucket, removes } = this.#mix;
    const value = this.#random.chance(removes / 2) ? undefined : this.#newValue();
    const options: RequestOptions = { ...this.#options("put", bucket.n, this.#random), resolver: "lww" };
    return { kind: "assign", bucket: bucket.name, key, value, seen, options };
  }

  #change(key: string, type: DataType, seen: Seen): Call {
    const { bucket, batches } = this.#mix;
    const count = this.#random.chance(batches) ? this.#random.between(2, 4) : 1;
    const wishes = new Map<string, Wish>();
    for (let at = 0; at < count; at++) {
      const wish = this.#drawWish(type);
      wishes.set(placeOf(wish), wish);
    }
    const options = this.#options("put", bucket.n, this.#random);
    return {
      kind: "change",
      bucket: bucket.name,
      key,
      wishes: [...wishes.values()],
      seen,
      again: this.#drawAgain(),
      options,
    };
  }

  #drawWish(root: DataType): Wish {
    const random = this.#random;
    const { clears, removes } = this.#mix;
    const [path, type] = root === "map" ? this.#drawField() : [rootPath(root), root];
    if (random.chance(clears)) return { do: "clear", path: random.chance(0.5) ? rootPath(root) : path };
    if (type === "pnCounter") return { do: "increment", path, amount: random.between(-100, 100) };
    if (type === "gCounter") return { do: "increment", path, amount: random.between(0, 100) };
    const isRegister = type === "lwwRegister" || type === "mvRegister";
    const isFlag = type === "ewFlag" || type === "dwFlag";
    const value = isRegister ? this.#newValue() : isFlag ? "on" : random.pick(elements);
    const mayRemove = !isRegister && type !== "gSet";
    return { do: mayRemove && random.chance(removes) ? "remove" : "add", path, value };
  }

  /** Of the map itself, or of a map in it. */
  #drawField(): readonly [path: string, type: DataType] {
    const random = this.#random;
    const map = random.chance(0.2) ? fieldPath(rootPath("map"), "more", "map") : rootPath("map");
    const [name, type] = random.pick(fields);
    return [fieldPath(map, name, type), type];
  }

  #drawSeen(): Seen {
    const { fresh, stale, blind } = this.#mix;
    const drawn = this.#random.fraction();
    if (drawn < fresh) return "last read";
    if (drawn < fresh + blind) return "nothing";
    return drawn < fresh + blind + stale ? this.#random.between(0, 99) : "remembered";
  }

  #drawAgain(): Again | undefined {
    const { again, againMsMax } = this.#mix;
    if (!this.#random.chance(again)) return undefined;
    return { afterMs: this.#random.between(1, againMsMax), node: this.#random.between(0, 99) };
  }

  #newValue(): string {
    return `${this.#name}!${++this.#values}`;
  }
}

/** An operation does one thing to a counter, a register, a flag, or an element of a set; and what it clears is cleared as a whole. */
function placeOf(wish: Wish): string {
  if (wish.do === "increment" || wish.do === "clear") return wish.path;
  const isElement = wish.path.endsWith("s") || wish.path.endsWith("g") || wish.path.endsWith("r");
  return isElement ? `${wish.path} ${wish.value}` : wish.path;
}
