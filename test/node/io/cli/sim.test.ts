// `coterie sim` as a process: the same seed gives the same run, told to people and to programs.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const coterie = fileURLToPath(new URL("../../../../dist/node/io/cli/main.js", import.meta.url));

interface Report {
  readonly runs: readonly { readonly seed: number; readonly hash: string }[];
}

test("a seed is replayed: the same hash, and a trace that begins with what was drawn", () => {
  const first = run("--seed", "1", "--json");
  expect(first.status).toBe(0);
  const report = JSON.parse(first.stdout) as Report;
  expect(report).toMatchObject({ seed: 1, count: 1, seeds: 1, failures: [], runs: [{ seed: 1, kind: "ok" }] });

  const traced = run("--seed", "1", "--trace");
  expect(traced.status).toBe(0);
  const lines = traced.stdout.split("\n");
  expect(lines[0]).toBe("seed 1");
  expect(lines[1]).toMatch(/^ +0\.000 ms .* seed +1: \d nodes, \d+ partitions/);
  expect(lines.length).toBeGreaterThan(100);
  expect(traced.stdout).toContain(`hash ${report.runs[0]!.hash}`);
  expect(traced.stdout).toContain("1 of 1 seeds fine, 0 failed");
});

test("several seeds are counted, and where they begin is said first", () => {
  const { status, stdout } = run("--seed", "10", "--count", "2");
  expect(status).toBe(0);
  expect(stdout).toMatch(/^seeds 10 to 11\n2 of 2 seeds fine, 0 failed\n/);
  expect(stdout).toMatch(/^[\d.]+ s: [\d.]+ seeds\/s, \d+ events\/s, \d+ simulated s per s\n/m);
});

test("of many seeds that are all fine no page is written, and that is said", () => {
  const { status, stdout } = run("--seed", "10", "--count", "2", "--trace", "none.html");
  expect(status).toBe(0);
  expect(stdout).toContain("no seed failed: there is nothing to show, and none.html is not written");
  expect(existsSync("none.html")).toBe(false);
});

test("of seeds that are all fine none is shrunk, and that is said", () => {
  const { status, stdout } = run("--seed", "10", "--shrink");
  expect(status).toBe(0);
  expect(stdout).toContain("no seed failed: there is nothing to shrink");
});

test("a page that cannot be written is refused before anything is played", () => {
  const { status, stdout, stderr } = run("--seed", "1", "--trace", "no/such/directory/run.html");
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(
    /^coterie: no page can be written to no\/such\/directory\/run\.html: .*\(INVALID_ARGUMENT\)$/m,
  );
});

test("any number of threads tells the same, in the same order", () => {
  const [one, three] = ["1", "3"].map((workers) => {
    const { status, stdout } = run("--seed", "20", "--count", "4", "--workers", workers, "--json");
    expect(status).toBe(0);
    return { ...(JSON.parse(stdout) as Report), wallMs: 0 };
  });
  expect(three).toEqual(one);
  expect(one!.runs.map(({ seed }) => seed)).toEqual([20, 21, 22, 23]);
  expect(JSON.parse(run("--seed", "22", "--json").stdout)).toMatchObject({ runs: [one!.runs[2]] });
});

test("Ctrl-C ends it with what was found so far", async () => {
  const child = spawn(process.execPath, [coterie, "sim", "--seed", "1", "--count", "100000", "--workers", "2"]);
  let stdout = "";
  child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
  child.stdout.once("data", () => child.kill("SIGINT"));
  const [status] = (await once(child, "close")) as [number | null];
  expect(status).toBe(130);
  const [, unplayed, of] = /^stopped: (\d+) of (\d+) seeds were not played$/m.exec(stdout)!.map(Number);
  expect(of).toBe(100_000);
  const played = 100_000 - unplayed!;
  expect(stdout).toContain(`${played} of ${played} seeds fine, 0 failed`);
});

test.each(["--workers 0", "--seed x", "--count 0", "--seeds 1", "--trace run.txt"])("%s is refused", (args) => {
  expect(run(...args.split(" "))).toMatchObject({ status: 2, stdout: "" });
});

function run(...args: readonly string[]): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  return spawnSync(process.execPath, [coterie, "sim", ...args], { encoding: "utf8", maxBuffer: 2 ** 28 });
}
