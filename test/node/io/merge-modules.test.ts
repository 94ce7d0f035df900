/** node/io/merge-modules.ts: a merge that a configuration names is there when the node serves, or the node does not start. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import * as Y from "yjs";
import { connect, nodeMerge } from "../../../client/index.ts";
import { startNode, type NodeOptions } from "../../../node/io/index.ts";
import { loadMerges } from "../../../node/io/merge-modules.ts";
import { freePorts } from "../../e2e/processes.ts";
import { makeTempDirectory } from "../../temp-directory.ts";

const directory = mkdtempSync(join(tmpdir(), "coterie-merges-"));

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Modules of one name are one module for the process: each has its own. */
function module(name: string, text: string): string {
  writeFileSync(join(directory, name), text);
  return `./${name}`;
}

async function refusal(name: string): Promise<string> {
  const loading = loadMerges({ carts: name }, directory);
  const error = await loading.then(
    () => new Error("loaded"),
    (reason: unknown) => reason as Error,
  );
  return `${(error as { code?: string }).code}: ${error.message.replaceAll(directory, "…")}`;
}

describe("a merge is", () => {
  test("the default export, or the one that is named", async () => {
    const text = "export default (a, b) => a; export function mergeLists(a, b) { return b; }";
    const carts = module("both.mjs", text);
    const merges = await loadMerges({ carts, lists: `${carts}#mergeLists` }, directory);
    const call = (bucket: string): unknown => merges[bucket]!("first" as never, "second" as never);
    expect([call("carts"), call("lists")]).toEqual(["first", "second"]);
  });

  test("found wherever an absolute path says", async () => {
    module("absolute.mjs", "export default () => 7;");
    const merges = await loadMerges({ carts: join(directory, "absolute.mjs") }, "/");
    expect(merges.carts!(1 as never, 2 as never)).toBe(7);
  });

  test("that of documents, by a module of one line", async () => {
    const merges = await loadMerges({ notes: "./notes-merge.mjs" }, join(import.meta.dirname, "../../fixtures"));
    const pages = ["one", "two"].map((text, at) => {
      const page = new Y.Doc();
      page.clientID = at + 1;
      page.getText("body").insert(0, text);
      return Y.encodeStateAsUpdate(page);
    });
    const merged = new Y.Doc();
    Y.applyUpdate(merged, merges.notes!(pages[0] as never, pages[1] as never) as Uint8Array);
    expect(merged.getText("body").toJSON()).toBe("onetwo");
  });

  test("loaded from CommonJS, too", async () => {
    const merges = await loadMerges({ carts: module("old.cjs", "module.exports = () => 8;") }, directory);
    expect(merges.carts!(1 as never, 2 as never)).toBe(8);
  });
});

describe("is refused, with the bucket and the module in the sentence", () => {
  test.each<readonly [what: string, name: string, text: string | undefined, words: string]>([
    ["one that is not there", "./nowhere.mjs", undefined, "…/nowhere.mjs, which cannot be loaded: "],
    ["one with a slip", "./slip.mjs", "export default (a, b => a;", "…/slip.mjs, which cannot be loaded: "],
    [
      "one that throws",
      "./throws.mjs",
      "throw new Error('no prices');",
      "…/throws.mjs, which cannot be loaded: no prices",
    ],
    [
      "one without a default export",
      "./named.mjs",
      "export const merge = 1;",
      "…/named.mjs, which has no default export",
    ],
    [
      "one without the export that is named",
      "./named.mjs#toString",
      undefined,
      "…/named.mjs, which has no export toString",
    ],
    [
      "one that exports no function",
      "./number.mjs",
      "export default 5;",
      "…/number.mjs, which has no function as its default export",
    ],
    [
      "one whose export is no function",
      "./named.mjs#merge",
      undefined,
      "…/named.mjs, which has no function as its export merge",
    ],
    [
      "TypeScript",
      "./carts.ts",
      "export default 5;",
      "…/carts.ts: a node loads JavaScript, so compile it and name what comes out",
    ],
  ])("%s", async (_, name, text, words) => {
    if (text !== undefined) module(name, text);
    expect(await refusal(name)).toContain(`INVALID_ARGUMENT: buckets.carts.merge is ${words}`);
  });
});

describe("a node", () => {
  async function options(more: Partial<NodeOptions>): Promise<NodeOptions> {
    const url = `ws://127.0.0.1:${await freePorts(1)}`;
    return {
      id: "n1",
      members: [{ id: "n1", url }],
      data: join(makeTempDirectory(), "n1"),
      defaults: { n: 1 },
      ...more,
    };
  }

  test("merges for a reader that has no function, by a module or by a function that it is started with", async () => {
    const merge = join(directory, module("union.mjs", "export default (a, b) => [...new Set([...a, ...b])].sort();"));
    const longest = (a: string, b: string): string => (a.length > b.length ? a : b);
    const node = await startNode(await options({ buckets: { carts: { merge } }, merges: { names: longest } }));
    onTestFinished(() => node.close());
    const kv = await connect([node.url]);
    onTestFinished(() => kv.close());
    const put = async (bucket: string, value: unknown): Promise<unknown> =>
      kv.bucket(bucket).put("k", value, { context: null });
    for (const value of [["tea"], ["rye"]]) await put("carts", value);
    for (const value of ["Ann", "Annabel"]) await put("names", value);
    const read = { siblings: expect.objectContaining({ length: 2 }) as unknown };
    expect(await kv.bucket("carts").get("k", { resolver: nodeMerge })).toMatchObject({
      ...read,
      value: ["rye", "tea"],
    });
    expect(await kv.bucket("names").get("k", { resolver: nodeMerge })).toMatchObject({ ...read, value: "Annabel" });
  });

  test("whose merge cannot be loaded does not start, and leaves no directory behind", async () => {
    const wrong = await options({ buckets: { carts: { merge: join(directory, "nowhere.mjs") } } });
    await expect(startNode(wrong)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(existsSync(wrong.data)).toBe(false);
  });
});
