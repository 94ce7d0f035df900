/** Seeds that have failed once, each with its story (scenarios §6). The draws change with the code, the stories stay. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { runSeed } from "../../sim/index.ts";

const known = JSON.parse(readFileSync(new URL("../seeds.json", import.meta.url), "utf8")) as {
  seed: number;
  story: string;
}[];

test.each(known)("seed $seed: $story", async ({ seed }) => {
  const report = await runSeed(seed);
  expect(report.violations).toEqual([]);
  expect(report.kind).toBe("ok");
});
