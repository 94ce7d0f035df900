/**
 * Options on the wire: what a request chooses, and the echo of what it was settled to. Both are packed by themselves, so that a combination
 * is packed once, and not with every message.
 */
import { equalBytes } from "./bytes.ts";
import { checked, malformed, readWhole, type FieldReader } from "./fields.ts";
import { pack, unpack } from "./msgpack.ts";
import {
  optionNames,
  readRepairs,
  resolvers,
  sources,
  type EffectiveOptions,
  type OptionName,
  type RequestOptions,
  type Source,
} from "./options.ts";
import type { PackWriter } from "./pack-writer.ts";

const encodings = new WeakMap<RequestOptions, Uint8Array>();
/** Under a hash of their bytes: of two with the same hash the later takes the other's place. */
const combinations = new Map<number, { readonly bytes: Uint8Array; readonly options: RequestOptions }>();
const combinationsMax = 1000;
/** Longer than any that makes sense: those are not kept. */
const combinationBytesMax = 128;

export function writeOptions(writer: PackWriter, options: RequestOptions | undefined): void {
  writer.bytes(options === undefined ? undefined : encodeOptions(options));
}

export function readOptions(reader: FieldReader): RequestOptions | undefined {
  const bytes = reader.optionalBytes("options");
  return bytes === undefined ? undefined : decodeOptions(bytes);
}

/** Told by their place. */
export function encodeOptions(options: RequestOptions): Uint8Array {
  const known = encodings.get(options);
  if (known !== undefined) return known;
  const fields = pack(optionNames.map((name) => options[name]));
  encodings.set(options, fields);
  return fields;
}

/**
 * Whether they make sense is for `settleOptions`: a wrong option fails its request, not the link. Requests choose from few
 * combinations, so each of them is one object, under which what follows from it can be kept.
 * @throws PROTOCOL on bytes that are no array
 */
export function decodeOptions(bytes: Uint8Array): RequestOptions {
  if (bytes.length > combinationBytesMax) return namedOptions(bytes);
  const hash = hashOf(bytes);
  const known = combinations.get(hash);
  if (known !== undefined && equalBytes(known.bytes, bytes)) return known.options;
  const copy = new Uint8Array(bytes); // what is kept must not keep the whole frame
  const options = namedOptions(copy);
  if (combinations.size >= combinationsMax) combinations.clear();
  combinations.set(hash, { bytes: copy, options });
  return options;
}

/** FNV-1a, 32 bits: of a dozen bytes sooner made than a text to look up. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c_9dc5;
  for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ bytes[at]!, 0x0100_0193);
  return hash;
}

function namedOptions(bytes: Uint8Array): RequestOptions {
  const fields = checked(() => unpack(bytes));
  if (!Array.isArray(fields)) throw malformed("options are no array");
  const options: Record<string, unknown> = {};
  for (const [at, name] of optionNames.entries())
    if ((fields[at] ?? undefined) !== undefined) options[name] = fields[at];
  return options;
}

/** The echo of a reply: the values and, digit by digit, their sources. */
export function encodeEffective(options: EffectiveOptions): Uint8Array {
  const digits = optionNames.reduce((sum, name) => sum * 4 + sources.indexOf(options.from[name]), 0);
  const { n, r, w, pr, pw, dw, timeoutMs, fanout, sloppy, readRepair, resolver } = options;
  const words = [
    fanout === "all" ? 1 : 0,
    sloppy ? 1 : 0,
    readRepairs.indexOf(readRepair),
    resolvers.indexOf(resolver),
  ];
  return pack([n, r, w, pr, pw, dw, timeoutMs, ...words, digits]);
}

/** @throws PROTOCOL */
export function decodeEffective(echo: Uint8Array): EffectiveOptions {
  const wire = readWhole(echo, readNumbers);
  const [n = 0, r = 0, w = 0, pr = 0, pw = 0, dw = 0, timeoutMs = 0, ...words] = wire;
  const [all = 0, sloppy = 0, repair = 0, resolve = 0, digits = 0] = words;
  const from = {} as Record<OptionName, Source>;
  let rest = digits;
  for (const name of optionNames.toReversed()) {
    from[name] = sources[rest % 4] ?? "default";
    rest = Math.floor(rest / 4);
  }
  const fanout = all === 1 ? "all" : "quorum";
  const readRepair = readRepairs[repair] ?? "async";
  const resolver = resolvers[resolve] ?? "siblings";
  return { n, r, w, pr, pw, dw, timeoutMs, fanout, sloppy: sloppy === 1, readRepair, resolver, from };
}

function readNumbers(reader: FieldReader): readonly number[] {
  return reader.naturals("effective options");
}
