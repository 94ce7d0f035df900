// The SDK in a real browser, as an application would use it: bundled from the package, over the browser's own WebSocket.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createSocketServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import type { Browser, Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startNode, type RunningNode } from "../../node/io/index.ts";
import { launchBrowser } from "../browser.ts";
import type { Page } from "./page.ts";

const root = join(import.meta.dirname, "../..");
const directory = mkdtempSync(join(tmpdir(), "coterie-browser-"));
const nodes: RunningNode[] = [];
const problems: string[] = [];
let members: readonly { readonly id: string; readonly url: string }[];
let script: Uint8Array;
let inputs: readonly string[];
let imports: readonly unknown[];
let site: Server;
let browser: Browser;
let tab: Tab;

beforeAll(async () => {
  members = (await freePorts(3)).map((port, at) => ({ id: `n${at + 1}`, url: `ws://127.0.0.1:${port}` }));
  const starting = Promise.all(members.map(({ id }) => start(id)));
  [browser] = await Promise.all([launchBrowser(directory), bundle()]);
  nodes.push(...(await starting));
  tab = await openPage();
});

afterAll(async () => {
  await browser?.close();
  site?.close();
  await Promise.all(nodes.map((node) => node.close()));
  rmSync(directory, { recursive: true, force: true });
});

describe("the bundle", () => {
  it("is made of the package's own files and its browser-proof dependencies", () => {
    const packages = inputs.map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]).filter(Boolean);
    expect(new Set(packages)).toEqual(new Set(["@scure/base", "consistent-hash", "msgpackr", "xxhash-wasm"]));
    // Nothing is left to be imported: no built-in of Node above all.
    expect(imports).toEqual([]);
    expect(inputs).toContain("dist/client/browser.js");
    // The laws that development tests are in it, what draws values for them is not.
    expect(inputs.filter((path) => /client\/(laws|law-values|another-day)\.js/.test(path))).toEqual([]);
  });

  it("is small", () => {
    expect(script.length).toBeLessThan(153_000);
  });
});

describe("in the browser", () => {
  it("connects through one node and finds the others", async () => {
    expect(await call("connect", [members[0]!.url])).toBe(3);
  });

  it("puts, updates, gets and deletes", async () => {
    expect(await call("roundTrip")).toEqual({
      value: { items: ["apple", "pear"] },
      answered: 2,
      r: 2,
      foundAfterDelete: false,
    });
  });

  it("keeps bytes, moments, bigints and texts what they are", async () => {
    expect(await call("types")).toEqual([true, true, true, true]);
  });

  it("shows siblings, and merges them if told how", async () => {
    expect(await call("siblings")).toEqual({ siblings: 2, value: undefined, merged: { items: ["apple", "pear"] } });
  });

  it("edits and reads replicated data types", async () => {
    expect(await call("dataTypes")).toEqual({ status: "open", tags: [{ name: "blue" }], minutes: 3 });
  });

  it("survives the restart of a node, and has errors with code and outcome while it is away", async () => {
    await nodes[0]!.close();
    expect(await call("errors")).toEqual({
      here: { code: "INVALID_ARGUMENT", outcome: "none", details: {} },
      there: {
        code: "UNAVAILABLE",
        outcome: expect.stringMatching(/^(none|unknown)$/),
        details: expect.objectContaining({ need: 3, of: "w" }),
      },
    });
    nodes[0] = await start("n1");
    await expect.poll(() => call("putAndGet", "dora").catch(String), { timeout: 10_000 }).toEqual({ items: ["dora"] });
  });

  it("closes, and says so afterwards", async () => {
    expect(await call("close")).toEqual({ code: "CLOSED", outcome: "none", details: {} });
  });

  it("had nothing to complain of in its console", () => {
    // The browser reports each socket that a stopped node refuses; nothing else may be there.
    expect(problems.filter((problem) => !problem.includes("WebSocket connection to"))).toEqual([]);
  });
});

function call(name: keyof Page, ...args: unknown[]): Promise<unknown> {
  return tab.evaluate(callInPage, [name, args] as [string, unknown[]]);
}

/** Runs over there. */
function callInPage([name, args]: [string, unknown[]]): unknown {
  return (globalThis as unknown as { page: Record<string, (...given: unknown[]) => unknown> }).page[name]!(...args);
}

function start(id: string): Promise<RunningNode> {
  return startNode({ id, members, data: join(directory, id), logLevel: "silent" });
}

/** Resolved through the exports of package.json, with the conditions of a bundler for browsers. */
async function bundle(): Promise<void> {
  const result = await build({
    entryPoints: [join(import.meta.dirname, "page.ts")],
    absWorkingDir: root,
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    platform: "browser",
    conditions: ["browser"],
    format: "esm",
    target: "es2022",
  });
  expect(result.warnings).toEqual([]);
  script = result.outputFiles[0]!.contents;
  inputs = Object.keys(result.metafile.inputs);
  imports = Object.values(result.metafile.outputs).flatMap((output) => output.imports);
}

async function openPage(): Promise<Tab> {
  site = createServer(({ url }, response) => {
    const isScript = url === "/page.js";
    response.writeHead(200, { "content-type": isScript ? "text/javascript" : "text/html" });
    response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>');
  });
  await new Promise<void>((resolve) => void site.listen(0, "127.0.0.1", () => resolve()));
  const opened = await browser.newPage();
  opened.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  opened.on("pageerror", (error) => problems.push(error.message));
  await opened.route("**/favicon.ico", (route) => route.fulfill({ status: 204 }));
  await opened.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
  await opened.waitForFunction(() => "page" in globalThis);
  return opened;
}

/** Held all at once, so that they are distinct. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createSocketServer());
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => void server.close(resolve))));
  return ports;
}
