// `coterie pbs` as a process: it predicts what was published (scenarios.md §7), and says what is wrong with its flags (design §16).
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Prediction } from "../../../../node/io/cli/pbs-report.ts";
import { makeTempDirectory } from "../../../temp-directory.ts";

const coterie = fileURLToPath(new URL("../../../../dist/node/io/cli/main.js", import.meta.url));

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: string, directory = "."): Run {
  return spawnSync(process.execPath, [coterie, "pbs", ...args.split(" ")], { cwd: directory, encoding: "utf8" });
}

function predicted(args: string, directory?: string): readonly Prediction[] {
  const { stdout } = run(`${args} --json`, directory);
  return (JSON.parse(stdout) as { predictions: readonly Prediction[] }).predictions;
}

describe("a prediction", () => {
  it("has the published figures", () => {
    const [{ fresh, visibleAfter, misses }] = predicted("--profile exp-5-1 --t 0,10 --k 2") as [Prediction];
    expect(fresh.map(({ tMs }) => tMs)).toEqual([0, 10]);
    expect(fresh[0]!.share).toBeCloseTo(0.486, 2);
    expect(fresh[1]!.share).toBeCloseTo(0.93, 2);
    expect(visibleAfter.map(({ share }) => share)).toEqual([0.9, 0.99, 0.999, 0.9999]);
    expect(Math.abs(visibleAfter[2]!.tMs / 30.8 - 1)).toBeLessThan(0.03);
    expect(misses[0]!.share).toBeCloseTo(2 / 3);
    expect(misses[1]!.share).toBeCloseTo(4 / 9);
    const [disk] = predicted("--profile LNKD-DISK --n 3 --r 1 --w 1 --t 0");
    expect(disk!.fresh[0]!.share).toBeCloseTo(0.439, 2);
  });

  it("is the same with the same seed, and another with another", () => {
    const text = (args: string): string => run(`--profile YMMR --draws 1000 ${args}`).stdout;
    expect(text("--seed 7")).toBe(text("--seed 7"));
    expect(text("--seed 7").split("\n").slice(1)).not.toEqual(text("--seed 8").split("\n").slice(1));
  });

  it("of all settings stands side by side", () => {
    const grid = predicted("--profile LNKD-SSD --grid --n 2 --draws 1000");
    expect(grid.map(({ r, w }) => [r, w])).toEqual([
      [1, 1],
      [1, 2],
      [2, 1],
      [2, 2],
    ]);
    expect(grid.map(({ fresh }) => fresh[0]!.share === 1)).toEqual([false, true, true, true]);
    const { stdout } = run("--profile LNKD-SSD --grid --n 2 --draws 1000 --t 0,5");
    expect(stdout).toMatch(
      /^LNKD-SSD: n 2, reads ask all; 1000 draws, seed 1\n\nFresh reads,.*\nr {2}w {2}0 ms .*5 ms\n/,
    );
    expect(stdout).toMatch(/\nr {2}w {2}99\.9 % fresh from {2}read p50 {2}p99 /);
    expect(stdout.match(/^[12] {2}[12] {2}\d/gm)).toHaveLength(2 * 4);
  });

  it("fits a terminal of 80 columns", () => {
    const { stdout } = run("--profile YMMR --n 5 --grid --draws 1000");
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it("shows reads that ask only r as less fresh than their answers' times suggest", () => {
    const [quorum] = predicted("--profile EXP-5-1 --r 2 --w 1 --fanout quorum");
    const [all] = predicted("--profile EXP-5-1 --r 2 --w 1");
    expect(quorum!.read.p50Ms).toBeGreaterThan(all!.read.p50Ms);
    expect(quorum!.fanout).toBe("quorum");
  });

  it("comes from a file of measured delays", () => {
    const directory = makeTempDirectory();
    const legs = { w: { samples: [2] }, a: { samples: [1] }, r: { samples: [0.5] }, s: { samples: [0.25] } };
    writeFileSync(join(directory, "legs.json"), JSON.stringify(legs));
    const [{ read, write, fresh }] = predicted("--legs legs.json --draws 100", directory) as [Prediction];
    expect(read).toEqual({ p50Ms: 0.75, p99Ms: 0.75, p999Ms: 0.75 });
    expect(write).toEqual({ p50Ms: 3, p99Ms: 3, p999Ms: 3 });
    expect(fresh[0]!.share).toBe(1);
    const { stdout } = run("--legs legs.json --draws 100 --t 0", directory);
    expect(stdout).toBe(
      [
        "legs.json: n 3, r 1, w 1, reads ask all; 100 draws, seed 1",
        "",
        "read begins   0 ms",
        "and is fresh  100 %",
        "",
        "fresh reads  90 %  99 %  99.9 %  99.99 %",
        "from         0 ms  0 ms  0 ms    0 ms",
        "",
        "versions missed  1 or more  2 or more  3 or more",
        "reads, at most   66.7 %     44.4 %     29.6 %",
        "",
        "latency  p50      p99      p99.9",
        "read     0.75 ms  0.75 ms  0.75 ms",
        "write    3 ms     3 ms     3 ms",
        "",
      ].join("\n"),
    );
  });
});

describe("is refused with a sentence and exit code 2", () => {
  it.each([
    ["--n 3", "nothing to predict from: give --profile NAME or --legs FILE"],
    ["--profile LNKD", "there is no profile LNKD; those that there are: LNKD-SSD, LNKD-DISK, YMMR, EXP-5-1, EXP-50-10"],
    ["--profile YMMR --r 4", "r is 4: it must be at most n, which is 3"],
    ["--profile YMMR --w 6 --n 5", "w is 6: it must be at most n, which is 5"],
    ["--profile YMMR --r 0", "It is a whole number from 1 to 64."],
    ["--profile YMMR --t 5,x", "It is milliseconds from 0 on, with commas between"],
    ["--profile YMMR --t -1", "It is milliseconds from 0 on, with commas between"],
    ["--profile YMMR --fanout some", "Allowed choices are all, quorum."],
    ["--profile YMMR --grid --r 1", "option '--grid' cannot be used with option '--r <count>'"],
    ["--profile YMMR --grid --n 8", "n is 8: --grid shows all settings of up to 7"],
    ["--profile YMMR --legs legs.json", "cannot be used with option '--legs <file.json>'"],
    ["--legs no-such-file.json", "there is no file no-such-file.json"],
  ])("%s", (args, sentence) => {
    const { status, stdout, stderr } = run(args);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(sentence);
    const asJson = run(`${args} --json`);
    expect([asJson.status, asJson.stderr]).toEqual([2, ""]);
    expect(asJson.stdout).toContain('"code":"INVALID_ARGUMENT"');
  });
});
