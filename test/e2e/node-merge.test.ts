// A merge that the node is configured with, for readers that have no function: the command line above all.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { coterie, endAll, freePorts, Program, run, runJson, tempDirectory } from "./processes.ts";

afterAll(endAll);

const union = "export default (a, b) => ({ items: [...new Set([...a.items, ...b.items])].sort() });\n";
const refusing = "export default (a, b) => { throw new Error(`no price for ${a.items}`); };\n";

/** Its configuration names modules that lie beside it; the working directory is another one. */
async function startNode(merge: string): Promise<{ readonly env: Readonly<Record<string, string>> }> {
  const directory = tempDirectory();
  const url = `ws://127.0.0.1:${await freePorts(1)}`;
  const config = { id: "n1", members: [{ id: "n1", url }], data: join(directory, "data"), defaults: { n: 1 } };
  writeFileSync(join(directory, "cart-merge.mjs"), merge);
  const buckets = { carts: { merge: "./cart-merge.mjs" } };
  writeFileSync(join(directory, "n1.json"), JSON.stringify({ ...config, buckets, logLevel: "silent" }));
  const node = new Program(process.execPath, [coterie, "node", "--config", join(directory, "n1.json")], { cwd: "/" });
  await node.printed("node n1 ready");
  const env = { COTERIE_URL: url };
  for (const items of ["tea", "rye"])
    await run(["put", "alice", JSON.stringify({ items: [items] }), "--bucket", "carts", "--blind"], { env });
  return { env };
}

test("`coterie get` shows what the node has merged, and on demand all siblings", async () => {
  const { env } = await startNode(union);
  const merged = { items: ["rye", "tea"] };
  const get = ["get", "alice", "--bucket", "carts"];
  expect(await run(get, { env })).toMatchObject({
    code: 0,
    stdout: `${JSON.stringify(merged, undefined, 2)}\n`,
    stderr:
      "carts/alice has 2 siblings, and this is what its resolver makes of them; --resolver siblings shows them.\n",
  });
  const all = await run([...get, "--resolver", "siblings"], { env });
  expect(all).toMatchObject({ code: 0, stderr: expect.stringContaining("carts/alice has 2 siblings: none") as string });
  for (const shown of ["--- sibling 1 of 2", "tea", "--- sibling 2 of 2", "rye"]) expect(all.stdout).toContain(shown);
  const siblings = [{ items: ["tea"] }, { items: ["rye"] }];
  expect((await runJson(get, { env })).json).toMatchObject({ value: merged, siblings });
  // The siblings were stored all the time: only a write replaces them.
  const put = await run(["put", "alice", '{"items":["oil"]}', "--bucket", "carts"], { env });
  expect(put.stdout).toContain("replacing 2 siblings");
});

test("a merge that throws leaves the siblings in place, and `coterie get` says so", async () => {
  const { env } = await startNode(refusing);
  const get = await run(["get", "alice", "--bucket", "carts"], { env });
  expect(get).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("no price for tea") as string,
  });
  expect(get.stdout).toContain("--- sibling 2 of 2");
  expect((await runJson(["get", "alice", "--bucket", "carts"], { env })).json).toMatchObject({
    value: null,
    unresolved: expect.stringContaining("no price for tea") as string,
    siblings: expect.objectContaining({ length: 2 }) as unknown,
  });
});
