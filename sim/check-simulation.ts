/** The mistakes that users make with `simulate`, each refused in a sentence before anything is played, or at the step that makes it. */
import { invalidArgument } from "../src/errors.ts";
import { formatLiteral } from "../src/literal.ts";
import type { Step, Workload } from "./call.ts";
import type { SimulateOptions, Simulation } from "./simulate.ts";

const parts = ["buckets", "workload", "invariant"];
const steps = ["get", "put", "delete", "update", "leave", "think"];
const optionNames = ["seed", "seeds", "nodes", "clients", "workMs", "faults", "shrinkRunsMax", "onSeed"];
/** The least of each number. */
const least = { seed: 0, seeds: 1, nodes: 1, clients: 1, workMs: 1, shrinkRunsMax: 0 } as const;

/** @throws INVALID_ARGUMENT */
export function checkSimulation(simulation: Simulation): void {
  for (const name of Object.keys(simulation))
    if (!parts.includes(name))
      throw invalidArgument(`${name} is no part of a simulation; there are ${parts.join(", ")}`);
  if (typeof simulation.workload !== "function")
    throw invalidArgument("a simulation needs a workload, a generator: *workload() { … }");
}

/** @throws INVALID_ARGUMENT */
export function checkSimulateOptions(options: SimulateOptions): void {
  for (const name of Object.keys(options))
    if (!optionNames.includes(name))
      throw invalidArgument(`${name} is no option of simulate; there are ${optionNames.join(", ")}`);
  for (const [name, from] of Object.entries(least)) {
    const value = options[name as keyof typeof least];
    if (value !== undefined && !(Number.isInteger(value) && value >= from))
      throw invalidArgument(`${name} is a whole number from ${from}, not ${formatLiteral(value)}`);
  }
}

/** The workload, each step of which is looked at. */
export function* checked(workload: Workload, buckets: Simulation["buckets"] = {}): Workload {
  if (typeof (workload as Partial<Workload> | undefined)?.[Symbol.iterator] !== "function")
    throw invalidArgument("a workload is a generator, *workload() { … }: neither async nor a plain function");
  for (let next = workload.next(); next.done !== true;) {
    checkStep(next.value, buckets);
    next = workload.next(yield next.value);
  }
}

function checkStep(given: Step | undefined, buckets: NonNullable<Simulation["buckets"]>): void {
  if (!steps.includes(given?.kind ?? ""))
    throw invalidArgument(`a workload yields ${steps.join(", ")}, not ${formatLiteral(given)}`);
  const step = given!;
  if (step.kind === "think" && !(step.lastsMs >= 0))
    throw invalidArgument(`think needs lastsMs, from 0, not ${formatLiteral(step.lastsMs)}`);
  if ("bucket" in step && !Object.hasOwn(buckets, step.bucket))
    throw invalidArgument(
      `${formatLiteral(step.bucket)} is none of the simulation's buckets: ${Object.keys(buckets).join(", ") || "there are none"}`,
    );
}

/** What an invariant may return. @throws INVALID_ARGUMENT */
export function sentenceIn(returned: unknown): string | undefined {
  if (returned === undefined || (typeof returned === "string" && returned !== "")) return returned;
  const hint = returned instanceof Promise ? ": it cannot be async" : "";
  throw invalidArgument(`an invariant says what is wrong as a text, or returns nothing${hint}`);
}
