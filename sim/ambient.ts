/**
 * While a run is played, nothing in it may ask the machine for time or chance: the same seed would give another run. Whatever could
 * be asked throws, if the question comes from the run; the rest of the process, a test runner for one, goes on undisturbed.
 *
 * Who asks is told by the stack: the store's own files, and whatever they call, dependencies and a user's merge alike.
 */

/** What the machine offers, by the object that it is a property of. */
const offers: readonly (readonly [object: string | undefined, name: string])[] = [
  ["Math", "random"],
  ["Date", "now"],
  ["performance", "now"],
  ["crypto", "getRandomValues"],
  ["crypto", "randomUUID"],
  [undefined, "Date"],
  [undefined, "setTimeout"],
  [undefined, "setInterval"],
  [undefined, "setImmediate"],
];

/** Frames of a stack that are looked at. */
const framesMax = 100;

type Machine = Record<string, unknown>;

const machine = globalThis as unknown as Machine;
const stacks = Error as unknown as { stackTraceLimit: number };
const isOurs = ownFiles();

let runs = 0;
let restore: readonly (() => void)[] = [];

/** @returns what ends it; runs may overlap */
export function forbidAmbient(): () => void {
  if (runs++ === 0) restore = offers.map(([object, name]) => forbid(object, name));
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    if (--runs === 0) for (const undo of restore.toReversed()) undo();
  };
}

function forbid(objectName: string | undefined, name: string): () => void {
  const object = (objectName === undefined ? machine : machine[objectName]) as Machine | undefined;
  const original = object?.[name];
  if (object === undefined || typeof original !== "function") return () => {};
  return replace(object, name, guarded(original, objectName === undefined ? name : `${objectName}.${name}`));
}

/** A date of a given moment is a value like any other; the present one is not. */
function guarded(original: Function, what: string): Function {
  return new Proxy(original, {
    construct(target, args: unknown[], newTarget) {
      if (args.length === 0) check(`new ${what}()`);
      return Reflect.construct(target, args, newTarget) as object;
    },
    apply(target, self, args: unknown[]) {
      check(`${what}()`);
      return Reflect.apply(target, self, args) as unknown;
    },
  });
}

function replace(object: Machine, name: string, value: unknown): () => void {
  const own = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, {
    value,
    configurable: true,
    writable: true,
    enumerable: own?.enumerable ?? true,
  });
  return () => {
    if (own === undefined) delete object[name];
    else Object.defineProperty(object, name, own);
  };
}

/** @throws Error if the run itself asks */
function check(what: string): void {
  const { stackTraceLimit } = stacks;
  stacks.stackTraceLimit = framesMax;
  const stack = new Error().stack ?? "";
  stacks.stackTraceLimit = stackTraceLimit;
  if (isOurs(stack))
    throw new Error(
      `${what} was asked in a simulated run: time and chance come from the simulator, or no seed could be replayed`,
    );
}

/** Whether a stack has a frame in a file of the store, but for this one. */
function ownFiles(): (stack: string) => boolean {
  const here = /(?:\(|at )((?:file:\/\/)?\/?[^\s()]*)sim\/ambient\.[jt]s/.exec(new Error().stack ?? "")?.[1] ?? "";
  const root = here.replace(/^file:\/\//, "");
  const folders = ["src", "node", "client", "sim"].map((folder) => `${root}${folder}/`);
  return (stack) =>
    stack
      .split("\n")
      .some((line) => !line.includes("/sim/ambient.") && folders.some((folder) => line.includes(folder)));
}
