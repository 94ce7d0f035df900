// `coterie check-resolver` as a process: it loads a merge, says which laws it breaks, and says what is wrong with a file (design §8).
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, test } from "vitest";
import { makeTempDirectory } from "../../../temp-directory.ts";

const coterie = fileURLToPath(new URL("../../../../dist/node/io/cli/main.js", import.meta.url));
const fixture = fileURLToPath(new URL("../../../fixtures/cart-merge.ts", import.meta.url));

const carts = '[{"items":["tea","milk"]},{"items":["rice"]}]';
const sorted = "(a, b) => ({ items: [...new Set([...a.items, ...b.items])].sort() })";
const unsorted = "(a, b) => ({ items: [...new Set([...a.items, ...b.items])] })";

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(directory: string, ...args: readonly string[]): Run {
  return spawnSync(process.execPath, [coterie, "check-resolver", ...args], { cwd: directory, encoding: "utf8" });
}

/** A directory with these files. */
function directoryOf(files: Readonly<Record<string, string>>): string {
  const directory = makeTempDirectory();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

function check(module: string, args = "merge.js --samples carts.json --seed 7", name = "merge.js"): Run {
  return run(directoryOf({ [name]: module, "carts.json": carts }), ...args.split(" "));
}

describe("a merge", () => {
  it("that keeps all laws is fine", () => {
    expect(check(`export default ${sorted};`)).toMatchObject({
      status: 0,
      stdout:
        "all laws hold: totality, determinism, idempotence, commutativity, associativity (1000 trials each, seed 7)\n",
      stderr: "",
    });
  });

  it("that breaks one is shown with the smallest values", () => {
    const { status, stdout, stderr } = check(`export default ${unsorted};`);
    expect([status, stderr]).toEqual([1, ""]);
    expect(stdout).toMatch(
      /^commutativity does not hold: .*\n\n {2}a {11}= \{ items: \["\w+"\] \}\n {2}b {11}= \{ items: \["\w+"\] \}\n/,
    );
    expect(stdout).toContain("Only the order differs: sort .items before returning it");
    expect(stdout).toContain("1 of 5 laws broken; held: totality, determinism, idempotence, associativity (seed 7)\n");
  });

  it("is told to programs as an object", () => {
    const { status, stdout } = check(`export default ${unsorted};`, "merge.js --samples carts.json --runs 50 --json");
    expect(status).toBe(1);
    const { seed, laws } = JSON.parse(stdout) as { seed: number; laws: { law: string; breach?: object }[] };
    expect(JSON.parse(stdout)).toMatchObject({ file: "merge.js", isLawful: false });
    expect(laws.find(({ law }) => law === "commutativity")!.breach).toMatchObject({
      sentence: "it matters which value comes first",
      sides: [{ expression: "merge(a, b)" }, { expression: "merge(b, a)" }],
    });
    const again = ["--seed", `${seed}`, "--runs", "50", "--json"];
    expect(check(`export default ${unsorted};`, ["merge.js --samples carts.json", ...again].join(" ")).stdout).toBe(
      stdout,
    );
  });

  it.each<[string, string, string]>([
    ["a named export", `export const cart = ${sorted};`, "merge.js --export cart --samples carts.json"],
    ["of CommonJS", `module.exports = ${sorted};`, "merge.cjs --samples carts.json"],
    [
      "a named one of CommonJS",
      `module.exports = { cart: ${sorted} };`,
      "merge.cjs --export cart --samples carts.json",
    ],
    ["beside its samples", `export const samples = ${carts};\nexport default ${sorted};`, "merge.js"],
    [
      "made with merge",
      `export default { kind: "merge", merge: ${sorted}, options: { samples: ${carts} } };`,
      "merge.js",
    ],
    [
      "in TypeScript",
      `interface Cart { readonly items: readonly string[] }
enum Order { Ascending = 1 }
export default function union(a: Cart, b: Cart): Cart {
  return { items: [...new Set([...a.items, ...b.items])].sort((x, y) => (x < y ? -Order.Ascending : Order.Ascending)) };
}`,
      "merge.ts --samples carts.json",
    ],
    ["after a wait", `await Promise.resolve();\nexport default ${sorted};`, "merge.mjs --samples carts.json"],
  ])("may be %s", (_, module, args) => {
    expect(check(module, `${args} --runs 20`, args.split(" ")[0])).toMatchObject({ status: 0, stderr: "" });
  });

  it("may import the SDK, have samples of any kind, and be wrong on them", () => {
    const directory = makeTempDirectory();
    expect(run(directory, fixture, "--export", "union", "--runs", "100")).toMatchObject({ status: 0, stderr: "" });
    const { status, stdout } = run(directory, fixture, "--export", "unsorted");
    expect(status).toBe(1);
    expect(stdout).toContain("changedAt: new Date(");
  });
});

describe("what is wrong is said in a sentence, with exit code 2", () => {
  it.each<[string, string, string, string]>([
    ["a missing file", "", "none.ts --samples carts.json", "there is no file none.ts"],
    ["a directory", "", ". --samples carts.json", ". is no file"],
    [
      "what does not compile",
      "export default (a, b => a;",
      "merge.js --samples carts.json",
      "merge.js cannot be loaded: ParseError: ",
    ],
    [
      "what throws when it is loaded",
      'throw new Error("no database")',
      "merge.js --samples carts.json",
      "merge.js cannot be loaded: no database",
    ],
    [
      "an import that is not there",
      'import "./other.js";',
      "merge.js --samples carts.json",
      "merge.js cannot be loaded: Cannot find module './other.js'",
    ],
    [
      "no default export",
      `export const cart = ${sorted}; export const other = cart; export const version = 1;`,
      "merge.js --samples carts.json",
      "merge.js has no default export; name one with --export: cart, other",
    ],
    [
      "no such export",
      `export const cart = ${sorted};`,
      "merge.js --export card --samples carts.json",
      "merge.js has no export card; name one with --export: cart",
    ],
    ["nothing exported", "", "merge.js --samples carts.json", "merge.js has no default export; and none that is"],
    [
      "no function",
      "export default [1];",
      "merge.js --samples carts.json",
      "the default export of merge.js is an array, not a function",
    ],
    [
      "a function of one",
      "export default (siblings) => siblings[0];",
      "merge.js --samples carts.json",
      "merge.js: a merge takes two values, (a, b) => …, and this function takes 1",
    ],
    [
      "an async function",
      "export default async (a, b) => a ?? b;",
      "merge.js --samples carts.json",
      "merge.js: a merge cannot be async",
    ],
    ["no samples", `export default ${sorted};`, "merge.js", "give --samples FILE.json, an array of values, or export"],
    [
      "samples that are not there",
      `export default ${sorted};`,
      "merge.js --samples none.json",
      "there is no file none.json",
    ],
    ["samples that are no JSON", `export default ${sorted};`, "merge.js --samples merge.js", "merge.js is no JSON: "],
    [
      "exported samples that are none",
      `export const samples = { a: 1 }; export default ${sorted};`,
      "merge.js",
      "the export samples of merge.js is an object, not an array",
    ],
    [
      "exported samples that cannot be stored",
      `export const samples = [new Set()]; export default ${sorted};`,
      "merge.js",
      "merge.js: samples[0]: this value cannot be stored: it is a Set",
    ],
    [
      "no sample among them",
      `export const samples = []; export default ${sorted};`,
      "merge.js",
      "there are no samples in merge.js",
    ],
  ])("%s", (_, module, args, sentence) => {
    const { status, stdout, stderr } = check(module, args);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(`coterie: ${sentence.startsWith("give") ? "nothing to try it on: " : ""}${sentence}`);
    expect(stderr).toMatch(/^[^\n]* \(INVALID_ARGUMENT\)\n$/);
  });

  it("samples that are no array", () => {
    const directory = directoryOf({ "merge.js": `export default ${sorted};`, "one.json": '{"items":[]}' });
    expect(run(directory, "merge.js", "--samples", "one.json")).toMatchObject({
      status: 2,
      stderr: "coterie: one.json holds an object, not an array of values (INVALID_ARGUMENT)\n",
    });
  });

  it("to programs, too", () => {
    const { status, stdout } = check("", "none.ts --json");
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: "INVALID_ARGUMENT", message: "there is no file none.ts" },
    });
  });
});

test.each(["", "merge.js --runs 0", "merge.js --seed x", "merge.js other.js"])("%s is refused", (args) => {
  expect(check(`export default ${sorted};`, args)).toMatchObject({ status: 2, stdout: "" });
});

test("a merge in a project without types or a manifest is loaded where it stands", () => {
  const directory = directoryOf({ "carts.json": carts });
  mkdirSync(join(directory, "src"));
  writeFileSync(
    join(directory, "src/order.ts"),
    "export const order = (a: string, b: string): number => (a < b ? -1 : 1);",
  );
  writeFileSync(
    join(directory, "src/cart.ts"),
    `import { order } from "./order.ts";
type Cart = { items: string[] };
export default (a: Cart, b: Cart): Cart => ({ items: [...new Set([...a.items, ...b.items])].sort(order) });`,
  );
  expect(run(directory, "src/cart.ts", "--samples", "carts.json", "--runs", "20")).toMatchObject({ status: 0 });
});
