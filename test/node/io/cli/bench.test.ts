// `coterie bench` as a process: figures of a real cluster in a few seconds, clear words for mistakes, and nothing left behind.
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Cell, Results } from "../../../../bench/compare/results.ts";
import { coterie, endAll, Nodes, Program, run } from "../../../e2e/processes.ts";
import { makeTempDirectory } from "../../../temp-directory.ts";

afterEach(endAll);

const tiny = ["bench", "--records", "100", "--duration", "400ms", "--rounds", "1", "--clients", "1"];

test("settings side by side with the floor, as JSON and as a page", async () => {
  const page = join(makeTempDirectory(), "report.html");
  const settings = ["--settings", "r1 w1; r2 w2", "--workloads", "A", "--max-stale", "100%"];
  // A second each: in less a machine that is very busy may do nothing at all.
  const { code, stdout, stderr } = await run([...tiny, ...settings, "--duration", "1s", "--json", "--report", page]);
  expect([code, stderr]).toEqual([0, ""]);
  const results = JSON.parse(stdout) as Results;
  expect(results.cells.map(({ system, load, setting }) => [system, load.kind, setting.r])).toEqual(
    ["closed", "open"].flatMap((load) =>
      ["coterie", "floor"].flatMap((system) => [1, 2].map((r) => [system, load, r])),
    ),
  );
  for (const cell of results.cells) expectFigures(cell);
  expect(results.plan).toMatchObject({ clients: 1, records: 100, rounds: 1, durationMs: 1000 });
  expect(results.advice?.setting).toMatchObject({ n: 3 });
  expect(readFileSync(page, "utf8")).toContain("n3 r2 w2");
});

test("a page that cannot be written costs none of the figures", async () => {
  const page = join(makeTempDirectory(), "full.html");
  symlinkSync("/dev/full", page);
  const load = ["--settings", "r1 w1", "--workloads", "A", "--open", "100", "--no-floor"];
  const { code, stdout, stderr } = await run([...tiny, ...load, "--report", page]);
  expect(code).toBe(1);
  expect(stderr).toContain(`coterie: no page could be written to ${page}: ENOSPC`);
  expect(stdout).toContain("\nn3 r1 w1 ");
  expect(stdout).not.toContain("The page is in");
});

test("a page cannot take the place of a directory", async () => {
  const page = join(makeTempDirectory(), "place.html");
  mkdirSync(page);
  const { code, stderr } = await run(["bench", "--report", page]);
  expect([code, stderr]).toEqual([2, expect.stringContaining(`no page can be written to ${page}: it is a directory`)]);
});

test("a node is killed and a link is slow, and the timeline has it", async () => {
  const load = ["--settings", "r2 w2", "--workloads", "A", "--open", "100", "--no-floor"];
  const { code, stdout } = await run([...tiny, ...load, "--kill", "--slow-link", "20ms", "--json"]);
  expect(code).toBe(0);
  const { faults } = JSON.parse(stdout) as Results;
  expect(faults.map(({ fault }) => fault)).toEqual(["kill", "slow-link"]);
  for (const { timeline, during, whole } of faults) {
    expect(timeline.length).toBe(Math.ceil((9 * 400) / 250));
    expect(during.reads.count).toBeLessThan(whole.reads.count);
    expect(whole.consistency.lostUpdates).toBe(0);
  }
});

test("a cluster that runs already is measured, and goes on", async () => {
  const nodes = await Nodes.start(3);
  const load = ["--url", nodes.urls.join(","), "--settings", "r2 w2", "--workloads", "B", "--open", "100"];
  const { code, stdout, stderr } = await run([...tiny, ...load]);
  expect(code).toBe(0);
  expect(stdout).toContain("B: 95 % reads, 5 % updates · open loop, 100 requests/s");
  expect(stderr).toContain("B, open loop, 100 requests/s, round 1 of 1: coterie n3 r2 w2\n");
  const greedy = await run(["bench", "--url", nodes.urls[0]!, "--settings", "n5"]);
  expect([greedy.code, greedy.stderr]).toEqual([2, expect.stringMatching(/n is 5, but bucket bench has n 3/)]);
});

test("after Ctrl-C there is no process and no data left", async () => {
  const env = { TMPDIR: makeTempDirectory() };
  const program = new Program(process.execPath, [coterie, "bench", "--duration", "60s", "--json"], { env });
  await expect.poll(() => readdirSync(env.TMPDIR), { timeout: 20_000 }).not.toEqual([]);
  program.signal("SIGINT");
  const { code, stdout } = await program.ended;
  expect([code, stdout]).toEqual([130, ""]);
  expect(readdirSync(env.TMPDIR)).toEqual([]);
});

test.each([
  [["--settings", "r4"], 'coterie: the setting "r4" cannot be: r is 4, more than n, which is 3 (INVALID_ARGUMENT)'],
  [["--workloads", "E"], '"E" is none of A, B, C, D, F, put, get, siblings, counter.'],
  [["--url", "127.0.0.1:1", "--kill"], "option '--url <urls>' cannot be used with option '--kill'"],
  [["--staleness", "599"], "It is a whole number from 600 to 1000000."],
  [["--report", "no/such/place.html"], "no page can be written to no/such/place.html"],
])("%j is a mistake", async (flags, sentence) => {
  const { code, stdout, stderr } = await run(["bench", ...flags]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(sentence);
});

test("a cluster that is not there is told", async () => {
  const { code, stderr } = await run(["bench", "--url", "127.0.0.1:1", "--settings", "r2 w2"]);
  expect([code, stderr]).toEqual([1, expect.stringContaining("(UNAVAILABLE)")]);
});

function expectFigures({ system, load, figures, ofFloor }: Cell): void {
  expect(figures.perSecond).toBeGreaterThan(0);
  expect(figures).toMatchObject({ unknown: 0, consistency: { lostUpdates: 0 } });
  // Half of what the machine did a moment ago may be too much for it now: an open loop tells that as failed requests.
  if (load.kind === "closed") expect(figures.failed).toBe(0);
  expect(ofFloor === undefined).toBe(load.kind === "open");
  if (system === "coterie" && load.kind === "closed") {
    expect(figures.cpuSecondsPerMillion).toBeGreaterThan(0);
    expect(figures.messagesPerRequest).toBeGreaterThan(0.5); // what was asked before the measured time is answered in it
  }
}
