// The samples of the README do what their comments say. Those marked runnable are one program, in the order of the page.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { transform } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startNode, type RunningNode } from "../node/io/index.ts";

const root = join(import.meta.dirname, "..");
const directory = mkdtempSync(join(tmpdir(), "coterie-readme-"));
const page = readFileSync(join(root, "README.md"), "utf8");
const samples = [...page.matchAll(/<!-- runnable -->\n```ts\n([\s\S]*?)```/g)].map(([, code]) => code!);

let nodes: readonly RunningNode[];

beforeAll(async () => {
  const members: { readonly id: string; readonly url: string }[] = [];
  for (const id of ["n1", "n2", "n3"]) members.push({ id, url: `ws://127.0.0.1:${await freePort()}` });
  nodes = await Promise.all(members.map(({ id }) => startNode({ id, members, data: join(directory, id) })));
});

afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  rmSync(directory, { recursive: true, force: true });
});

it("prints what the comments say", async () => {
  const program = samples
    .join("\n")
    .replaceAll(/"ws:\/\/127\.0\.0\.1:740(\d)"/g, (_, at) => `"${nodes[Number(at) - 1]!.url}"`);
  const expected = [...program.matchAll(/^ *console\.log\(.*\); \/\/ (.*)$/gm)].map(([, comment]) => comment);
  expect(expected.length).toBeGreaterThan(5);
  expect(await run((await transform(program, { loader: "ts", target: "es2022" })).code)).toEqual(expected);
});

/** As an application would: `coterie/client` is found by its name, and the process ends by itself. */
async function run(code: string): Promise<string[]> {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], { cwd: root, timeout: 20_000 });
  const [output, errors, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit") as Promise<[number | null]>,
  ]);
  expect(errors).toBe("");
  expect(exitCode).toBe(0);
  return output.trimEnd().split("\n");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
