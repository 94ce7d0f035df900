/** What `coterie sim` says of the seeds that it has played. */
import type { ReportKind, SeedReport, SeedsReport } from "../../../sim/index.ts";

export function describeSeed({
  seed,
  kind,
  profile,
  hash,
  violations,
  error,
  operations,
  events,
  simulatedMs,
}: SeedReport): readonly string[] {
  const { ok, none, unknown } = operations;
  return [
    `seed ${seed}: ${sentences[kind]}`,
    `  ${profile}`,
    ...violations.map(({ invariant, sentence, atMs }) => `  ${invariant} at ${atMs.toFixed(3)} ms: ${sentence}`),
    ...(error === undefined ? [] : error.split("\n").map((line) => `  ${line}`)),
    `  ${ok} operations done, ${none} refused, ${unknown} unknown; ${events} events in ${Math.round(simulatedMs)} simulated ms; hash ${hash}`,
    ...(kind === "ok" ? [] : [`  look at it with: npx coterie sim --seed ${seed} --trace seed-${seed}.html`]),
  ];
}

const sentences: Readonly<Record<ReportKind, string>> = {
  ok: "fine",
  correctness: "a promise was broken",
  liveness: "the healed cluster did not come to rest or serve",
  crash: "crashed",
  nondeterministic: "two runs of it differ",
};

export function summarize(
  { seeds, simulatedMs, events, failures, coverage, unmet }: SeedsReport,
  wallMs: number,
  count: number,
): readonly string[] {
  const seconds = wallMs / 1000;
  const met = Object.entries(coverage).map(([what, times]) => `${what} ${times}`);
  return [
    ...(seeds < count ? [`stopped: ${count - seeds} of ${count} seeds were not played`] : []),
    `${seeds - failures.length} of ${seeds} seeds fine, ${failures.length} failed`,
    `${seconds.toFixed(1)} s: ${(seeds / seconds).toFixed(1)} seeds/s, ${Math.round(events / seconds)} events/s, ${Math.round(simulatedMs / wallMs)} simulated s per s`,
    ...(met.length > 0 ? [`met on the way: ${met.join(", ")}`] : []),
    ...(seeds > 1 && unmet.length > 0 ? [`not met in ${seeds} seeds: ${unmet.join(", ")}`] : []),
  ];
}
