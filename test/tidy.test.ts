// House rules that a compiler cannot check. What is listed here as an exception may only become less.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, extname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const linesMax = 400;
/** Files past that, each with its reason. */
const longFiles: Readonly<Record<string, string>> = {
  "sim/witness.ts": "one witness: what it sees, remembers and reports hang together",
  "test/client/connection.test.ts": "the table of every state with every event is one table",
  "test/tidy.test.ts": "the house rules are one list",
  "test/contract/store.ts": "a suite that two stores keep is one list",
  "test/node/identity.test.ts": "one life of an identity, told through all its starts and stops",
  "test/node/cluster.ts": "a cluster of machines in one thread: its parts know each other's insides",
};

/** What a folder may import: folders of ours, packages, and whether Node's own modules. The first name that fits a path holds. */
const imports: readonly {
  readonly folder: string;
  readonly ours: readonly string[];
  readonly packages: readonly string[] | "any";
  readonly builtins: boolean;
}[] = [
  {
    folder: "src",
    ours: ["src"],
    packages: ["@scure/base", "consistent-hash", "msgpackr", "xxhash-wasm"],
    builtins: false,
  },
  {
    folder: "node/io/cli",
    ours: ["src", "node", "node/io", "node/io/cli", "client", "sim", "bench"],
    packages: "any",
    builtins: true,
  },
  {
    folder: "node/io",
    ours: ["src", "node", "node/io"],
    packages: ["fs-native-extensions", "lmdb", "pino", "ws", "zod"],
    builtins: true,
  },
  { folder: "node", ours: ["src", "node"], packages: [], builtins: false },
  { folder: "client", ours: ["src", "client"], packages: ["fast-check", "ws", "yjs"], builtins: false },
  { folder: "sim", ours: ["src", "node", "client", "sim"], packages: [], builtins: false },
  {
    folder: "bench",
    ours: ["src", "node", "node/io", "client", "sim", "bench"],
    packages: "any",
    builtins: true,
  },
  {
    folder: "test",
    ours: ["src", "node", "node/io", "node/io/cli", "client", "sim", "bench", "test"],
    packages: "any",
    builtins: true,
  },
];

const bannedGlobals =
  "Date performance crypto process Buffer console fetch require globalThis setTimeout setInterval setImmediate queueMicrotask WebSocket".split(
    " ",
  );
/** Folders whose code must not know the time, chance or the machine it runs on. */
const pureFolders = new Set(["src", "node", "sim", "client"]);
/** Where the world comes in: the client's two doors and its clock, and the simulator's wait for promises that are under way. */
const impureFiles: Readonly<Record<string, readonly string[]>> = {
  "client/another-day.ts": ["globalThis"],
  "client/clock.ts": ["performance", "crypto", "setTimeout", "setImmediate"],
  "client/development.ts": ["process", "console"],
  "client/index.ts": ["WebSocket"],
  "client/browser.ts": ["WebSocket"],
  "sim/ambient.ts": ["globalThis"],
  "sim/simulator.ts": ["process", "setImmediate"],
};

/** Folders whose README leads a reader through all of their files. */
const describedFolders = new Set(["src", "src/crdt", "node", "node/io", "node/io/cli", "client", "bench/compare"]);

const starExports = ["client/index.ts", "client/browser.ts"];

/** Files that run without being imported. Test files and what package.json names are known anyway. */
const programs = [
  "bench/micro.ts",
  "bench/anti-entropy.ts",
  "bench/outage.ts",
  "bench/data-types.ts",
  "bench/scale.ts",
  "test/sim/mutation-table.ts",
  "bench/simulator.ts",
  "test/chaos/long.chaos.ts",
  "vitest.chaos.config.ts",
  "vitest.config.ts",
];

/** Files without a test file of their own name, and where they are tested instead. */
const testedElsewhere: Readonly<Record<string, string>> = {
  "client/clock.ts": "test/client/browser.test.ts runs it in a browser, the end-to-end tests in Node",
  "client/index.ts": "the end-to-end tests come in through it",
  "client/options.ts": "test/client/bucket.test.ts goes through the names",
  "client/public.ts": "a list of exports; test/pack.test.ts compiles against it",
  "client/runtime.ts": "types alone",
  "node/effects.ts": "types alone",
  "node/exchange.ts": "one round of test/node/anti-entropy.test.ts, which plays it through the door of a node",
  "node/key-repair.ts": "the last step of a round: test/node/anti-entropy.test.ts",
  "node/tree-comparison.ts": "the middle of a round: test/node/anti-entropy.test.ts",
  "node/store.ts": "types alone; test/contract/store.ts is the suite of the seam",
  "node/self.ts": "what the parts of a node share: every test in test/node uses it",
  "node/io/address.ts": "one expression; the configuration and the end-to-end tests go through it",
  "node/io/commit-group.ts": "the inside of the store: test/contract/store.ts goes through it",
  "node/io/config-problems.ts": "the sentences of the configuration: test/node/io/config.test.ts goes through them",
  "node/io/credentials.ts": "not yet tested by itself; test/node/handshake.test.ts tests what is made of its answer",
  "node/io/index.ts": "a list of exports",
  "node/io/link.ts": "test/e2e/cluster.test.ts and test/e2e/raw-link.ts come in through real sockets",
  "node/io/listener.ts": "test/e2e/cluster.test.ts and test/e2e/raw-link.ts come in through real sockets",
  "node/io/lmdb-tables.ts": "the inside of the store: test/contract/store.ts goes through it",
  "node/io/log-frame.ts": "the bytes of the log: test/node/io/write-ahead-log.test.ts writes, breaks and reads them",
  "node/io/log-segment.ts": "one half of the log: test/node/io/write-ahead-log.test.ts",
  "node/io/overlay.ts": "the scans of the store: test/contract/store.ts goes through it",
  "node/io/watchdog.ts": "what a disk that hangs meets: test/node/io/disk-failures.test.ts",
  "node/io/server.ts": "test/e2e/durability.test.ts watches what it does in which order",
  "node/io/sync-directory.ts": "a few lines; test/node/io/data-directory.test.ts goes through them",
  "node/io/tuning-options.ts": "a part of the configuration: test/node/io/config.test.ts goes through it",
  "node/io/value-slab.ts": "the inside of the store: test/contract/store.ts goes through it",
  "src/index.ts": "a list of exports",
  "src/ring-layout.ts": "the inside of the planner: test/src/ring-planner.test.ts states what comes out",
  "src/message-head.ts": "one part of the wire: test/src/codec-bytes.test.ts knows the numbers",
  "src/messages.ts": "types alone; test/src/codec.test.ts goes through the kinds",
  "src/limits.ts": "numbers alone; each is tested where it is checked",
};

interface Source {
  readonly path: string;
  readonly text: string;
  /** Without comments and without what stands in quotes. */
  readonly code: string;
  readonly imports: readonly string[];
}

const root = join(import.meta.dirname, "..");
const files = walk(root);
const sources = files.filter((path) => /\.(ts|mjs)$/.test(path)).map(readSource);
const typescript = sources.filter(({ path }) => path.endsWith(".ts") && !path.endsWith(".d.ts"));
const documents = files.filter((path) => path.endsWith(".md"));
const manifest = JSON.parse(read("package.json")) as {
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};

describe("code", () => {
  it(`files have at most ${linesMax} lines, or a reason`, () => {
    const long = sources.filter(({ text }) => text.split("\n").length > linesMax + 1).map(({ path }) => path);
    expect(long.sort(byName)).toEqual(Object.keys(longFiles).sort(byName));
  });

  it("pure folders use no clock, no chance and no machine", () => {
    const found = typescript
      .filter(({ path }) => pureFolders.has(folderOf(path)))
      .flatMap(({ path, code }) => globalsIn(code).map((name) => `${path}: ${name}`));
    const allowed = Object.entries(impureFiles).flatMap(([path, names]) => names.map((name) => `${path}: ${name}`));
    expect(found.sort(byName)).toEqual(allowed.sort(byName));
  });

  it("folders import what they may", () => {
    expect(sources.flatMap(({ path, imports: targets }) => targets.flatMap((to) => importProblem(path, to)))).toEqual(
      [],
    );
  });

  it("exports are named one by one", () => {
    const stars = sources.filter(({ code }) => /\bexport \*/.test(code)).map(({ path }) => path);
    expect(stars.sort(byName)).toEqual([...starExports].sort(byName));
    const defaults = sources.filter(({ code }) => /\bexport default\b/.test(code)).map(({ path }) => path);
    expect(defaults).toEqual(["vitest.chaos.config.ts", "vitest.config.ts"]);
  });

  it.each<[string, RegExp, "code" | "text", RegExp]>([
    ["the type any", /(:\s*|\bas\s+|<|\|\s*)any\b(?!\()/, "code", /$^/],
    ["enums", /^\s*(export\s+)?(const\s+)?enum\s/m, "code", /$^/],
    ["silenced type errors", /@ts-(ignore|nocheck)/, "text", /^test\/tidy/],
    ["expected type errors outside tests", /@ts-expect-error/, "text", /^test\//],
    ["tests that are left out or stand alone", /\.(only|skip|todo)\b/, "code", /^test\/tidy/],
    ["work put off", /\b(TODO|FIXME|XXX|HACK)\b/, "text", /^test\/tidy/],
  ])("has none of: %s", (_, pattern, where, exempt) => {
    const found = sources.filter((source) => pattern.test(source[where]) && !exempt.test(source.path));
    expect(found.map(({ path }) => path)).toEqual([]);
  });

  it("every file is reached from a door, a program or a test", () => {
    const reached = reachable();
    const dead = sources.filter(({ path }) => !reached.has(path) && !path.endsWith(".d.ts")).map(({ path }) => path);
    expect(dead).toEqual([]);
  });

  it("every exported function of a public door has a docstring", () => {
    expect(doors().flatMap(functionsWithoutDocstring)).toEqual([]);
  });
});

describe("tests", () => {
  it("each source file has a test file of its name, or a reason", () => {
    const mirrored = typescript.filter(({ path }) => ["src", "node", "node/io", "client"].includes(folderOf(path)));
    const untested = mirrored
      .map(({ path }) => path)
      .filter((path) => !testsOf(path).some((test) => files.includes(test)));
    expect(untested.sort(byName)).toEqual(Object.keys(testedElsewhere).sort(byName));
  });

  it("what stands in for a missing test exists", () => {
    const named = Object.values(testedElsewhere).flatMap((reason) => reason.match(/test\/[\w./-]+\.ts/g) ?? []);
    expect(named.filter((path) => !files.includes(path))).toEqual([]);
  });
});

describe("documents", () => {
  it("every folder of ours has a README, or stands in that of the folder above", () => {
    const folders = new Set(sources.map(({ path }) => dirname(path)).filter((folder) => folder !== "."));
    const undescribed = [...folders].filter(
      (folder) => !files.includes(`${folder}/README.md`) && !isNamedAbove(folder),
    );
    expect(undescribed).toEqual([]);
  });

  it("the README of a folder names each of its files", () => {
    const unnamed = sources
      .map(({ path }) => path)
      .filter(
        (path) => describedFolders.has(dirname(path)) && !namesFile(`${dirname(path)}/README.md`, basename(path)),
      );
    expect(unnamed).toEqual([]);
  });

  it("links lead somewhere", () => {
    expect(documents.flatMap(brokenLinks)).toEqual([]);
  });

  it("name tests and files that exist", () => {
    const named = documents.flatMap((path) =>
      [...read(path).matchAll(/`((?:test|src|node|client|sim|bench)\/[\w./-]+)`/g)].map(
        ([, target]) => [path, target!] as const,
      ),
    );
    const missing = named.filter(([, target]) => !files.includes(target) && !isFolder(target));
    expect(missing.map(([path, target]) => `${path}: ${target}`)).toEqual([]);
  });

  it("every dependency has its reason in CONTRIBUTING.md, and nothing else has", () => {
    const [, section = ""] = read("CONTRIBUTING.md").split("\n## Dependencies\n");
    const rows = [...section.matchAll(/^\| `([^`]+)` \| *(\S.*?) *\|$/gm)].map(([, name]) => name!);
    const dependencies = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)];
    expect(rows.sort(byName)).toEqual(dependencies.sort(byName));
  });

  it("name no machine and nobody's work in progress", () => {
    const machine = /\/(home|root|Users|tmp|work)\/\w|\blocalhost:48\d\d\b|registry\.[a-z]+\.(org|com)/;
    expect([...documents, "package.json"].filter((path) => machine.test(read(path)))).toEqual([]);
  });
});

function walk(folder: string): string[] {
  const hidden = new Set(["node_modules", "dist", ".git", "coterie-data"]);
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !hidden.has(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? walk(path) : [relative(root, path)];
    });
}

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

function readSource(path: string): Source {
  const text = read(path);
  const comments = /\/\*[\s\S]*?\*\/|(?<![:"'\\])\/\/[^\n]*/g;
  const templates = /`(?:\\.|[^`\\])*`/g;
  const quoted = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g;
  const withQuotes = text.replaceAll(comments, "").replaceAll(templates, "``");
  return { path, text, code: withQuotes.replaceAll(quoted, '""'), imports: importsIn(withQuotes) };
}

function importsIn(code: string): string[] {
  const forms = [
    /\b(?:import|export)\b[^"';]*?\bfrom\s*"([^"]+)"/g,
    /\bimport\s*\(\s*"([^"]+)"/g,
    /^import\s*"([^"]+)"/gm,
  ];
  return forms.flatMap((form) => [...code.matchAll(form)].map(([, target]) => target!));
}

/** The folder of the table above that a file belongs to. */
function folderOf(path: string): string {
  return imports.find(({ folder }) => path.startsWith(`${folder}/`))?.folder ?? ".";
}

function importProblem(path: string, target: string): string[] {
  const rule = imports.find(({ folder }) => folder === folderOf(path));
  if (rule === undefined) return [];
  const isAllowed = target.startsWith(".")
    ? rule.ours.includes(folderOf(join(dirname(path), target).replace(/^dist\//, "")))
    : target.startsWith("node:")
      ? rule.builtins
      : rule.packages === "any" || rule.packages.includes(target);
  return isAllowed ? [] : [`${path} imports ${target}`];
}

/** Uses as a value: neither a member of something else, nor a field's name, nor something that the file declares itself. */
function globalsIn(code: string): string[] {
  const names = bannedGlobals.filter((name) => {
    const isUsed = new RegExp(`(?<![.\\w#])${name}\\b(?!\\s*\\??:)`).test(code);
    const isOwn = new RegExp(
      `(?<!declare )\\b(const|let|function|class) (\\{[^}]*)?\\b${name}\\b|[(,]\\s*${name}\\??:`,
    ).test(code);
    return isUsed && !isOwn;
  });
  return /\bMath\.random\b/.test(code) ? [...names, "Math.random"] : names;
}

function reachable(): Set<string> {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const waiting = [...entries()].filter((path) => byPath.has(path));
  const reached = new Set(waiting);
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop())
    for (const target of [
      ...byPath.get(path)!.imports.map((to) => join(dirname(path), to)),
      ...spawned(byPath.get(path)!),
    ])
      if (byPath.has(target) && !reached.has(target)) {
        reached.add(target);
        waiting.push(target);
      }
  return reached;
}

function entries(): string[] {
  return [
    ...builtFrom({ ...manifest.exports, bin: manifest.bin }),
    ...programs,
    ...files.filter((path) => path.endsWith(".test.ts")),
  ];
}

/** The sources of what package.json names. */
function builtFrom(named: Readonly<Record<string, string | Readonly<Record<string, string>>>>): string[] {
  const built = Object.values(named).flatMap((door) => (typeof door === "string" ? [] : Object.values(door)));
  return built.map((path) => path.replace("./", "").replace("dist/", "").replace(/\.js$/, ".ts"));
}

/** Programs and pages that a file names in quotes, to run them. */
function spawned({ text }: Source): string[] {
  const named = [...text.matchAll(/["'`/]([\w.-]+\.(?:ts|js|mjs))["'`]/g)].map(([, name]) => name!);
  return sources
    .map(({ path }) => path)
    .filter((path) => named.some((name) => name === basename(path) || name === `${basename(path, extname(path))}.js`));
}

/** Beside its mirror, a file may be tested by its laws. */
function testsOf(path: string): string[] {
  const name = basename(path).replace(/\.ts$/, ".test.ts");
  return [`test/${dirname(path)}/${name}`, ...(folderOf(path) === "src" ? [`test/laws/${name}`] : [])];
}

function doors(): string[] {
  return [...builtFrom(manifest.exports).filter((path) => files.includes(path)), "client/public.ts"];
}

function functionsWithoutDocstring(door: string): string[] {
  const lists = [...read(door).matchAll(/export\s*\{([^}]*)\}\s*from\s*"([^"]+)"/g)];
  const listed = lists.flatMap(([, names, from]) =>
    names!.split(",").map((name) => [join(dirname(door), from!), name.trim()] as const),
  );
  const own = [...read(door).matchAll(/export (?:async )?function (\w+)/g)].map(([, name]) => [door, name!] as const);
  return [...listed, ...own]
    .filter(([path, name]) => new RegExp(`export (async )?function ${name}\\b`).test(read(path)))
    .filter(([path, name]) => !new RegExp(`\\*/\\s*export (async )?function ${name}\\b`).test(read(path)))
    .map(([path, name]) => `${path}: ${name}`);
}

function isNamedAbove(folder: string): boolean {
  for (let above = dirname(folder); above !== "."; above = dirname(above))
    if (files.includes(`${above}/README.md`)) return read(`${above}/README.md`).includes(`${relative(above, folder)}/`);
  return false;
}

function namesFile(readme: string, name: string): boolean {
  return read(readme)
    .match(/[\w./-]+/g)!
    .includes(name);
}

function brokenLinks(path: string): string[] {
  const prose = read(path).replaceAll(/^```[\s\S]*?^```/gm, "");
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  return links
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [file, anchor] = target.split("#");
      const found = file === "" ? path : join(dirname(path), file!);
      const isThere = files.includes(found) || isFolder(found);
      return !isThere || (anchor !== undefined && !anchorsOf(found).includes(anchor));
    })
    .map((target) => `${path}: ${target}`);
}

function isFolder(path: string): boolean {
  return statSync(join(root, path), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Headings as GitHub turns them into anchors. */
function anchorsOf(path: string): string[] {
  const headings = [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function byName(a: string, b: string): number {
  return a < b ? -1 : 1;
}
