/**
 * Calls a function on another day: what it asks the machine for is answered otherwise than the first time. So a merge that lets time or
 * chance into its result shows it at once, and not only where two readers are milliseconds apart.
 */

type Machine = Record<string, unknown>;

const machine = globalThis as unknown as Machine;
const laterMs = 400 * 24 * 3600 * 1000;

/** Synchronous: nobody else runs meanwhile. @returns what came of it, and what was asked */
export function onAnotherDay<T>(call: () => T): { readonly value: T; readonly asked: readonly string[] } {
  const asked = new Set<string>();
  const restore = answers(asked).map(([object, name, answer]) => replace(object, name, answer));
  try {
    return { value: call(), asked: [...asked] };
  } finally {
    for (const undo of restore.toReversed()) undo();
  }
}

type Answer = readonly [object: Machine, name: string, answer: (original: Function) => Function];

function answers(asked: Set<string>): readonly Answer[] {
  const { Math: math, Date: date, performance: stopwatch, crypto: dice } = machine as Record<string, Machine>;
  const noting = (name: string, change: (given: unknown) => unknown) => (original: Function) =>
    function noted(this: unknown, ...args: unknown[]): unknown {
      asked.add(name);
      return change(Reflect.apply(original, this, args));
    };
  const presentMs = (date as unknown as { now(): number }).now() + laterMs;
  const later = (given: unknown): unknown => (given as number) + laterMs;
  return [
    [math!, "random", noting("Math.random()", (given) => ((given as number) + 0.5) % 1)],
    [date!, "now", noting("Date.now()", later)],
    [stopwatch!, "now", noting("performance.now()", later)],
    [dice!, "randomUUID", noting("crypto.randomUUID()", (given) => given)],
    [dice!, "getRandomValues", noting("crypto.getRandomValues()", (given) => given)],
    [machine, "Date", (original) => dateOf(original, asked, presentMs)],
  ];
}

/** A date of a given moment is a value like any other; the present one is not. */
function dateOf(original: Function, asked: Set<string>, presentMs: number): Function {
  return new Proxy(original, {
    construct(target, args: unknown[], newTarget) {
      if (args.length === 0) asked.add("new Date()");
      return Reflect.construct(target, args.length === 0 ? [presentMs] : args, newTarget) as object;
    },
    apply(target) {
      asked.add("Date()");
      return String(Reflect.construct(target, [presentMs]));
    },
  });
}

function replace(object: Machine | undefined, name: string, answer: (original: Function) => Function): () => void {
  const original = object?.[name];
  if (object === undefined || typeof original !== "function") return () => undefined;
  const own = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { value: answer(original), configurable: true, writable: true });
  return () => {
    if (own === undefined) delete object[name];
    else Object.defineProperty(object, name, own);
  };
}
