// Promise 6: the same seed gives the same run, byte for byte, whoever plays it. (.ci/run asks another version of Node, too.)
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runSeed } from "../../sim/index.ts";

const coterie = fileURLToPath(new URL("../../dist/node/io/cli/main.js", import.meta.url));
const seeds = [3, 4, 5, 6];

test("another process gives the same hashes, from the compiled code, in threads", async () => {
  const args = ["sim", "--seed", String(seeds[0]), "--count", String(seeds.length), "--workers", "2", "--json"];
  const { stdout } = spawnSync(process.execPath, [coterie, ...args], { encoding: "utf8", maxBuffer: 2 ** 28 });
  const { runs } = JSON.parse(stdout) as { readonly runs: readonly { readonly seed: number; readonly hash: string }[] };
  const here: { readonly seed: number; readonly hash: string }[] = [];
  for (const seed of seeds) here.push({ seed, hash: (await runSeed(seed)).hash });
  expect(runs).toMatchObject(here);
});
