/**
 * Where in a replicated data type an element belongs, as text: the letter of the root's type, and from a map on the name of a field
 * and the letter of its type, again and again. `s` is a key that holds a set; `m5:notesg` is the field `notes`, a grow-only set, of a
 * key that holds a map; `m4:homem4:cityw` lies a map deeper.
 *
 * The type is part of the place: two writers who disagree on what `notes` is have two fields of that name, and lose nothing.
 */
import { invalidArgument } from "../errors.ts";
import { limits } from "../limits.ts";

/** One letter per type, for ever. */
export const leafTypes = {
  pnCounter: "p",
  gCounter: "c",
  gSet: "g",
  orSet: "s",
  rwSet: "r",
  lwwRegister: "w",
  mvRegister: "v",
  ewFlag: "e",
  dwFlag: "d",
} as const;

export type LeafType = keyof typeof leafTypes;
export type DataType = LeafType | "map";

const mapLetter = "m";
const typesByLetter: ReadonlyMap<string, DataType> = new Map<string, DataType>([
  ...Object.entries(leafTypes).map(([type, letter]) => [letter, type as LeafType] as const),
  [mapLetter, "map"],
]);

/** Of a value that was put, not changed by operations. */
export const plainPath = "";
/** Of a value that was put under `lww`: a register that is the whole of its key. */
export const registerPath: string = leafTypes.lwwRegister;

export function rootPath(type: DataType): string {
  return type === "map" ? mapLetter : leafTypes[type];
}

/** Of a field of the map at `map`. @throws INVALID_ARGUMENT, TOO_LARGE */
export function fieldPath(map: string, name: string, type: DataType): string {
  return `${map}${name.length}:${name}${rootPath(type)}`;
}

/** The type of what is at a path that `checkPath` lets pass. */
export function typeAt(path: string): DataType {
  return typesByLetter.get(path.at(-1)!)!;
}

/** Of whatever kind. No plain value is one. */
export function isCounter(path: string): boolean {
  return path.endsWith(leafTypes.pnCounter) || path.endsWith(leafTypes.gCounter);
}

/** What a key as a whole is: the type of its root; `undefined`: a plain value. */
export function rootTypeOf(path: string): DataType | undefined {
  return typesByLetter.get(path.charAt(0));
}

/**
 * Whether `path` is `at`, or lies within it. The letter of a map ends its path, so no name can be mistaken for another. A value that was
 * put plainly lies in the register that is the whole of its key, whose readers are shown it.
 */
export function isWithin(path: string, at: string): boolean {
  return path.startsWith(at) || (path === plainPath && at === registerPath);
}

/** The field of the map at `map` through which a path within it goes; `undefined` for the map itself. */
export function fieldWithin(path: string, map: string): { name: string; path: string } | undefined {
  const step = stepFrom(path, map.length);
  return step && { name: step.name, path: path.slice(0, step.end) };
}

/** The names of the fields that lead to what is at a path; of a whole key, or of a plain value, there are none. */
export function fieldNames(path: string): readonly string[] {
  const names: string[] = [];
  let field = fieldWithin(path, path.charAt(0));
  for (; field !== undefined; field = fieldWithin(path, field.path)) names.push(field.name);
  return names;
}

/** @throws INVALID_ARGUMENT on what is no path; what it holds may be foreign */
export function checkPath(path: string): void {
  if (path.length > limits.pathLengthMax)
    throw invalidArgument(`a path of ${path.length} characters, the limit is ${limits.pathLengthMax}`);
  if (/\p{Surrogate}/u.test(path)) throw invalidArgument("a path has half a surrogate pair: it is no text");
  if (!isPath(path))
    throw invalidArgument(
      `${JSON.stringify(path)} is no path within a data type, or goes deeper than ${limits.mapDepthMax} maps`,
    );
}

/** Whether a text leads from a key to something within a data type. */
export function isPath(path: string): boolean {
  let end = 1;
  for (let depth = 0; path[end - 1] === mapLetter && end < path.length; depth++) {
    const step = depth < limits.mapDepthMax ? stepFrom(path, end) : undefined;
    if (step === undefined) return false;
    end = step.end;
  }
  return end === path.length && typesByLetter.has(path[end - 1]!);
}

/** One step of a map's path: the length of a name, the name, the letter of its type. */
function stepFrom(path: string, from: number): { readonly name: string; readonly end: number } | undefined {
  const colon = path.indexOf(":", from);
  const digits = path.slice(from, colon);
  if (colon < 0 || !/^(0|[1-9]\d{0,3})$/.test(digits)) return undefined;
  const nameEnd = colon + 1 + Number(digits);
  return nameEnd < path.length ? { name: path.slice(colon + 1, nameEnd), end: nameEnd + 1 } : undefined;
}
