// What `npm pack` makes of the repository works where it is installed, with every door and its types.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
const directory = mkdtempSync(join(tmpdir(), "coterie-pack-"));
const app = join(directory, "app");
/** Variables that npm sets for its scripts: inside `npm test` they would make the inner npm believe that it is the outer one. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

let packed: Packed;

beforeAll(async () => {
  // `--ignore-scripts`: `npm test` has built already, and another build would run under the other tests' feet.
  const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", directory], {
    cwd: root,
    env,
  });
  [packed] = JSON.parse(stdout) as [Packed];
  mkdirSync(app);
  writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }));
  const quiet = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel", "error"];
  await run("npm", ["install", ...quiet, join(directory, packed.filename)], { cwd: app, env });
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe("the package", () => {
  it("has what it needs and nothing else", () => {
    const paths = packed.files.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(["README.md", "LICENSE", "CHANGELOG.md", "package.json"]));
    const strangers = paths.filter(
      (path) =>
        !/^(dist\/(src|node|client|sim|bench\/(compare|floor))\/.*\.(js|js\.map|d\.ts)|[A-Z]+(\.md)?|package\.json)$/.test(
          path,
        ),
    );
    expect(strangers).toEqual([]);
    expect(packed.size).toBeLessThan(1_000_000);
  });

  it("has the files that its doors and its command name", () => {
    const { exports, bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      exports: Record<string, string | Record<string, string>>;
      bin: Record<string, string>;
    };
    const named = [...Object.values(exports), bin].flatMap((door) =>
      typeof door === "string" ? [door] : Object.values(door),
    );
    const missing = named.filter((path) => !existsSync(join(app, "node_modules/coterie", path)));
    expect(missing).toEqual([]);
  });

  it("brings no development dependency along", () => {
    for (const name of ["vitest", "typescript", "playwright-core", "tinybench", "yjs", "ioredis", "etcd3", "chart.js"])
      expect(existsSync(join(app, "node_modules", name))).toBe(false);
  });
});

describe("installed elsewhere", () => {
  it("opens every door, embeds a node, puts and gets", async () => {
    writeFileSync(join(app, "app.js"), application);
    const { stdout } = await run(process.execPath, ["app.js"], { cwd: app, env, timeout: 20_000 });
    expect(JSON.parse(stdout)).toEqual({ value: { items: ["apple"] }, code: "INVALID_ARGUMENT", isSame: true });
  });

  it("says what `coterie/yjs` needs where that is not installed", async () => {
    const program = 'import("coterie/yjs").catch(({ message }) => console.log(message))';
    const { stdout } = await run(process.execPath, ["--eval", program], { cwd: app, env, timeout: 20_000 });
    expect(stdout).toMatch(/^Cannot find package 'yjs' imported from .*coterie/);
  });

  it("explains its command", async () => {
    const { stdout } = await run("npx", ["--no-install", "coterie", "--help"], { cwd: app, env, timeout: 20_000 });
    expect(stdout).toMatch(/usage: coterie/i);
    for (const command of ["cluster", "node", "get", "put", "delete", "status", "bench"])
      expect(stdout).toContain(command);
  });

  it("measures a cluster, and writes the page", async () => {
    const tiny = ["--settings", "r2 w2", "--workloads", "A", "--open", "50", "--duration", "200ms", "--rounds", "1"];
    const command = [
      "--no-install",
      "coterie",
      "bench",
      ...tiny,
      "--records",
      "50",
      "--no-floor",
      "--report",
      "bench.html",
    ];
    const { stdout } = await run("npx", command, { cwd: app, env, timeout: 60_000 });
    expect(stdout).toContain("A: half reads, half updates · open loop, 50 requests/s");
    expect(readFileSync(join(app, "bench.html"), "utf8")).toContain("<html");
  });

  it("tests a merge that is written with it, in TypeScript", async () => {
    writeFileSync(join(app, "cart.ts"), typedMerge);
    const command = ["--no-install", "coterie", "check-resolver", "cart.ts", "--runs", "50"];
    const { stdout } = await run("npx", command, { cwd: app, env, timeout: 20_000 });
    expect(stdout).toMatch(/^all laws hold: /);
  });

  it("has types that a strict program compiles against", async () => {
    writeFileSync(join(app, "app.ts"), typedApplication);
    const options = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2023", "--skipLibCheck", "false"];
    const types = ["--types", "node", "--typeRoots", join(root, "node_modules/@types")];
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const { stdout } = await run(process.execPath, [compiler, ...options, ...types, "app.ts"], { cwd: app, env }).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe("");
  });
});

const application = `
import { CoterieError } from "coterie";
import * as client from "coterie/client";
import { startNode } from "coterie/node";
import * as sim from "coterie/sim";
if (Object.keys(sim).length === 0) throw new Error("coterie/sim is empty");

const members = [{ id: "n1", url: "ws://127.0.0.1:1" }];
const node = await startNode({ id: "n1", members, data: "data", port: 0, defaults: { n: 1 } });
const kv = await client.connect([node.url]);
const carts = kv.bucket("carts");
await carts.put("alice", { items: ["apple"] });
const { value } = await carts.get("alice");
const error = await carts.get("alice", { r: 2 }).catch((reason) => reason);
await kv.close();
await node.close();
console.log(JSON.stringify({ value, code: error.code, isSame: error instanceof CoterieError }));
`;

const typedApplication = `
import { CoterieError, limits, type RequestOptions } from "coterie";
import { connect, lww, merge, type Client, type GetResult } from "coterie/client";
import { assertResolver, checkResolver, type ResolverReport } from "coterie/laws";
import { startNode, type NodeOptions, type RunningNode } from "coterie/node";

interface Cart {
  readonly items: readonly string[];
}

export async function main(options: NodeOptions): Promise<GetResult<Cart>> {
  const node: RunningNode = await startNode(options);
  const kv: Client = await connect([node.url], { auth: "secret" });
  const chosen: RequestOptions = { r: "quorum", timeoutMs: limits.timeoutMsMax };
  const union = merge<Cart>((a, b) => ({ items: [...a.items, ...b.items] }));
  const carts = kv.bucket<Cart>("carts", { ...chosen, resolver: union });
  await carts.update("alice", (cart) => ({ items: [...(cart?.items ?? []), "pear"] }), { w: "all" });
  // @ts-expect-error: a cart is no number
  await carts.put("alice", 7).catch((error: unknown) => error instanceof CoterieError && error.outcome);
  const report: ResolverReport = checkResolver(union, { samples: [{ items: ["apple"] }] });
  if (!report.isLawful) assertResolver<Cart>((a, b) => (a.items < b.items ? a : b), { runs: 10 });
  return carts.get("alice", { head: false, resolver: lww });
}
`;

const typedMerge = `
import { merge } from "coterie/client";

interface Cart {
  readonly items: readonly string[];
}

export const samples: readonly Cart[] = [{ items: ["apple"] }, { items: ["pear", "fig"] }];
export default merge<Cart>((a, b) => ({ items: [...new Set([...a.items, ...b.items])].sort() }), { samples });
`;
