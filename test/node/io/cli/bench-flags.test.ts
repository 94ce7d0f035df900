// node/io/cli/bench-flags.ts: what a command line of `coterie bench` asks for, and what it cannot ask for.
import { Command } from "commander";
import { expect, test } from "vitest";
import type { Question } from "../../../../bench/compare/bench-run.ts";
import { nameOf } from "../../../../bench/compare/setting.ts";
import { addBench } from "../../../../node/io/cli/bench.ts";
import {
  parseCounts,
  parseGrid,
  parseReportPath,
  parseSettings,
  parseShare,
  parseTime,
  parseWorkloads,
  questionOf,
  type BenchFlags,
} from "../../../../node/io/cli/bench-flags.ts";

test("without flags: settings worth seeing side by side, at their peak and then at a rate that all can bear", () => {
  const { settings, loads, alsoHalfOfPeak, workloads, nodes, floor, peers, faults } = ask(flags());
  expect(settings.map(nameOf)).toEqual(["n3 r1 w1", "n3 r2 w2", "n3 r1 w3", "n3 r2 w2 lww"]);
  expect([loads, alsoHalfOfPeak, workloads]).toEqual([[{ kind: "closed", inFlight: 64 }], true, ["A", "B"]]);
  expect([nodes, floor, peers, faults]).toEqual([3, true, false, []]);
});

test("settings add up, and none is measured twice", () => {
  const { settings, nodes } = ask(flags("--settings", "r1 w1; n5 r1 w5", "--settings=r1 w1 dw1 lww", "--grid", "n2"));
  expect(settings.map(nameOf)).toEqual([
    "n3 r1 w1",
    "n5 r1 w5",
    "n3 r1 w1 lww",
    "n2 r1 w1",
    "n2 r1 w2",
    "n2 r2 w1",
    "n2 r2 w2",
  ]);
  expect(nodes).toBe(5);
  expect(ask(flags("--grid", "--settings", "r2 w2")).settings.length).toBe(9);
});

test("loads that are named are all loads", () => {
  const both = ask(flags("--closed", "64,256", "--open", "5000"));
  expect(both.loads).toEqual([
    { kind: "closed", inFlight: 64 },
    { kind: "closed", inFlight: 256 },
    { kind: "open", perSecond: 5000 },
  ]);
  expect(both.alsoHalfOfPeak).toBe(false);
  expect(ask(flags("--open", "10")).loads).toEqual([{ kind: "open", perSecond: 10 }]);
});

test("faults, limits and times", () => {
  const question = ask(
    flags("--kill", "--slow-link", "20ms", "--max-stale", "0.1%", "--p99", "10", "--duration", "2.5"),
  );
  expect(question.faults).toEqual([{ kind: "kill" }, { kind: "slow-link", delayMs: 20 }]);
  expect(question.limits).toEqual({ maxStaleShare: 0.001, p99Ms: 10 });
  expect(question.durationMs).toBe(2500);
});

test("a cluster that runs elsewhere is not compared with a floor here", () => {
  const { urls, floor } = ask(flags("--url", "10.0.0.1:7401,ws://10.0.0.2:7401"));
  expect([urls, floor]).toEqual([["ws://10.0.0.1:7401", "ws://10.0.0.2:7401"], false]);
});

test("what does not fit together is refused with a sentence", () => {
  expect(() => ask(flags("--settings", "n5", "--nodes", "4"))).toThrow(
    'the setting "n5 r3 w3" needs 5 nodes, --nodes is 4',
  );
  expect(() => ask(flags("--grid", "n65"))).toThrow(
    'the setting "n65 r1 w1" needs 65 nodes, and at most 64 are started',
  );
  expect(ask(flags("--settings", "n65", "--url", "ws://10.0.0.1:7401")).settings).toHaveLength(1);
  expect(() => ask(flags("--value", "9", "--clients", "2"))).toThrow(
    "--value is 9: with 2 client processes a value has at least 10 bytes",
  );
});

test.each<[string, () => unknown, RegExp]>([
  ["no setting", () => parseSettings(" ; "), /looks like "r1 w2"/],
  ["an unknown word", () => parseSettings("r1 fast"), /has the word "fast"/],
  ["a grid of nothing", () => parseGrid("n0"), /not 0/],
  ["an unknown workload", () => parseWorkloads("A,E"), /"E" is none of A, B, C/],
  ["no workload", () => parseWorkloads(","), /one or several of A/],
  ["no count", () => parseCounts(10)("0"), /from 1 to 10/],
  ["half a count", () => parseCounts(10)("1.5"), /from 1 to 10/],
  ["too many", () => parseCounts(10)("5,11"), /from 1 to 10/],
  ["no time", () => parseTime("ms", 1000)("0"), /a time like 500ms/],
  ["too long a time", () => parseTime("s", 1000)("2"), /up to 1 s/],
  ["an unknown unit", () => parseTime("s", 1000)("2h"), /a time like/],
  ["no share", () => parseShare("many"), /a share like 0.1%/],
  ["more than all", () => parseShare("101%"), /from 0% to 100%/],
  ["no page", () => parseReportPath("report.pdf"), /as in report.html/],
])("%s is refused", (_, parse, sentence) => {
  expect(parse).toThrow(sentence);
});

test("times and shares in either unit; workloads in either case, once", () => {
  expect(["10", "10ms", "0.5s"].map(parseTime("ms", 60_000))).toEqual([10, 10, 500]);
  expect(["1%", "0.01", "0%"].map(parseShare)).toEqual([0.01, 0.01, 0]);
  expect(parseWorkloads("a, PUT,A")).toEqual(["A", "put"]);
});

function ask(given: BenchFlags): Question {
  return questionOf(given, "1.2.3");
}

/** As the command line says them. */
function flags(...argv: readonly string[]): BenchFlags {
  const program = new Command().exitOverride();
  addBench(program);
  const command = program.commands[0]!;
  let parsed: BenchFlags | undefined;
  command.action((given: BenchFlags) => void (parsed = given));
  program.parse(["bench", ...argv], { from: "user" });
  return parsed!;
}
