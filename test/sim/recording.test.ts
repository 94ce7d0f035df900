// A recording says what was so: the same run with and without it, messages that arrive after they were sent, and of every node
// what the witness has seen it hold.
import { describe, expect, test } from "vitest";
import type { CausalContext } from "../../src/causal-context.ts";
import { formatActor } from "../../src/dot.ts";
import type { StoredObject } from "../../src/object.ts";
import { Replica } from "../../node/replica.ts";
import { Recording, runSeed, type Recorded, type RunOptions, type SeedReport } from "../../sim/index.ts";
import type { Observation, Restarted } from "../../sim/observation.ts";
import { calmDisk, calmNetwork } from "../../sim/setting.ts";
import { neverMs } from "../../sim/tuning.ts";

/** Nodes come and go, disks are wiped and set back, bits turn, frames get lost and come twice. */
const seeds = [8, 6] as const;

/** Also keeps what the witness saw. */
class Spy extends Recording {
  readonly writes: { readonly node: string; readonly key: string; readonly after: StoredObject | undefined }[] = [];
  readonly restarts: { readonly seen: Restarted; readonly keys: ReadonlySet<string> }[] = [];
  readonly #keys = new Set<string>();

  override observe(observation: Observation): void {
    super.observe(observation);
    if (observation.kind === "stored") {
      this.writes.push(observation);
      this.#keys.add(observation.key);
    } else if (observation.kind === "collected") this.writes.push({ ...observation, after: undefined });
    else if (observation.kind === "restarted")
      this.restarts.push({ seen: { ...observation }, keys: new Set(this.#keys) });
  }
}

/** Not for long: what is recorded is what matters here. */
const briefly: RunOptions["adjust"] = (profile) => ({ ...profile, safetyMs: 6000 });

async function record(seed: number, adjust = briefly): Promise<readonly [Recorded, SeedReport, Spy]> {
  const spy = new Spy();
  const report = await runSeed(seed, { adjust, recording: spy });
  return [spy.recorded(report, "again"), report, spy];
}

const recordings = new Map<number, ReturnType<typeof record>>();

/** Each once, for all tests. */
function recordingOf(seed: number): ReturnType<typeof record> {
  const known = recordings.get(seed) ?? record(seed);
  recordings.set(seed, known);
  return known;
}

describe.each(seeds)("a recording of seed %i", (seed) => {
  test("changes nothing", async () => {
    const [recorded, report] = await recordingOf(seed);
    const { hash, events } = await runSeed(seed, { adjust: briefly });
    expect([report.hash, report.events]).toEqual([hash, events]);
    expect(recorded.about).toMatchObject({ seed, hash, events, kind: "ok", replay: "again" });
  });

  test("has messages that arrive after they are sent, on lanes that are known", async () => {
    const [{ frames, lanes, momentsUs, keys }] = await recordingOf(seed);
    expect(momentsUs).toEqual(momentsUs.toSorted((a, b) => a - b));
    expect(frames.length).toBeGreaterThan(1000);
    const wrong = frames.filter(({ sent, ended = sent, from, to, messages }) => {
      const areLanesKnown = from in lanes && to in lanes && from !== to;
      const areKeysKnown = messages.every(({ keys: named = [] }) => named.every((key) => key in keys));
      return !areLanesKnown || !areKeysKnown || ended < sent || ended >= momentsUs.length;
    });
    expect(wrong).toEqual([]);
    const isUnheard = frames.filter(({ lost }) => lost !== undefined);
    expect(isUnheard.length).toBeGreaterThan(0);
  });

  test("brings replies together with their requests", async () => {
    const [{ frames }] = await recordingOf(seed);
    const replies = frames
      .flatMap(({ messages }) => messages)
      .filter(({ kind }) => ["PutReply", "GetReply", "ReplicaPutReply", "ReplicaGetReply"].includes(kind));
    expect(replies.length).toBeGreaterThan(300);
    expect(replies.filter(({ keys }) => keys?.length !== 1)).toEqual([]);
  });

  test("has every operation from call to return", async () => {
    const [{ operations, lanes, momentsUs }, report] = await recordingOf(seed);
    const { ok, none, unknown } = report.operations;
    expect(operations.length).toBe(ok + none + unknown);
    const wrong = operations.filter(({ client, called, returned = -1, outcome, kind, dots }) => {
      const isTimely = called <= returned && returned < momentsUs.length;
      const mayHaveNone = kind === "get" || kind === "change"; // what only removes has none
      const hasDots = dots.length > 0 || mayHaveNone || outcome !== "ok";
      return lanes[client]?.kind !== "client" || !isTimely || !hasDots;
    });
    expect(wrong).toEqual([]);
  });

  test("says of every node that comes back what is on its disk", async () => {
    const [recorded, , { restarts }] = await recordingOf(seed);
    const starts = recorded.marks.filter(({ kind }) => kind === "start");
    expect(starts.length).toBe(restarts.length);
    for (const [at, { seen, keys }] of restarts.entries())
      for (const key of keys) expect(heldAt(recorded, starts[at]!.step, seen.node, key)).toBe(wordsOf(seen.read(key)));
  });
});

test("without crashes a node holds what the witness has seen it write, write after write", async () => {
  const withoutFaults: RunOptions["adjust"] = (profile) => ({
    ...profile,
    network: calmNetwork,
    disk: calmDisk,
    shape: { ...profile.shape, tuning: { ...profile.shape.tuning, tombstoneAgeMs: neverMs } },
    faults: { ...profile.faults, kinds: [], whims: [], leavesCore: false },
  });
  const [recorded, report, { writes }] = await record(8, withoutFaults);
  expect(report.kind).toBe("ok");
  expect(writes.length).toBeGreaterThan(400);
  const written = new Map<string, string[]>();
  for (const { node, key, after } of writes) {
    const list = written.get(`${node} ${key}`) ?? [];
    if (list.length === 0) written.set(`${node} ${key}`, list);
    list.push(wordsOf(after));
  }
  for (const [name, expected] of written) {
    const [node, key] = name.split(" ") as [string, string];
    const changes = recorded.changes.filter(
      (change) =>
        change.target === undefined &&
        recorded.lanes[change.node]?.name === node &&
        recorded.keys[change.key]?.name === key,
    );
    const told = changes.map(({ state }) => wordsOfRecorded(recorded, state));
    expect(told.at(-1)).toBe(expected.at(-1));
    // Of several writes in one step the last one is told.
    let from = 0;
    for (const words of told) {
      from = expected.indexOf(words, from) + 1;
      expect(from).toBeGreaterThan(0);
    }
    for (const { step, durable } of changes.slice(-1)) expect(durable).toBeGreaterThanOrEqual(step);
  }
});

test("what strikes is told as long as it lasts", async () => {
  const [{ spans, lanes, marks, momentsUs }] = await recordingOf(6);
  const kinds = new Set(spans.map(({ kind }) => kind));
  expect(kinds).toContain("down");
  expect([...kinds].some((kind) => kind === "blocked" || kind === "clogged")).toBe(true);
  for (const { begin, end = begin, lane, toward = lane } of spans) {
    expect(end).toBeGreaterThanOrEqual(begin);
    expect([lanes[lane], lanes[toward]]).not.toContain(undefined);
  }
  const healed = marks.find(({ kind, text }) => kind === "phase" && text.startsWith("everything is healed"))!;
  const later = spans.filter(({ kind, end = momentsUs.length }) => kind !== "starting" && end > healed.step + 1);
  // What was clogged until some moment may be so still.
  expect(later.filter(({ kind }) => kind !== "clogged")).toEqual([]);
});

test("a crash has its place in the run: its end", async () => {
  const recording = new Recording();
  let steps = 0;
  const report = await runSeed(8, {
    recording,
    createMachine: (config, store, now) => {
      const replica = new Replica(config, store, now);
      return {
        step(now, input) {
          if (++steps === 3000) throw new Error("a broken invariant of our own");
          return replica.step(now, input);
        },
      };
    },
  });
  expect(report.kind).toBe("crash");
  const { violations, momentsUs, about, frames } = recording.recorded(report, "again");
  expect(violations).toMatchObject([
    { invariant: "crash", sentence: "Error: a broken invariant of our own", step: momentsUs.length - 1 },
  ]);
  expect(about.error).toContain("a broken invariant of our own\n");
  expect(frames.length).toBeGreaterThan(100);
});

test("a recording is of one run", async () => {
  const recording = new Recording();
  await runSeed(1, { recording });
  await expect(runSeed(1, { recording })).rejects.toThrow("a recording is of one run");
});

function heldAt(recorded: Recorded, step: number, node: string, key: string): string {
  const lane = recorded.lanes.findIndex(({ name }) => name === node);
  const place = recorded.keys.findIndex(({ name }) => name === key);
  const change = recorded.changes.findLast(
    (one) => one.node === lane && one.key === place && one.target === undefined && one.step <= step,
  );
  return wordsOfRecorded(recorded, change?.state);
}

function wordsOf(object: StoredObject | undefined): string {
  if (object === undefined) return "nothing";
  const live = object.siblings.map(
    ({ dot, value }) => `${value === undefined ? "†" : ""}${formatActor(dot.actor)}:${dot.counter}`,
  );
  return `${live.join(" ")} of ${wordsOfContext(object.context)}`;
}

function wordsOfContext(context: CausalContext): string {
  return context.map(({ actor, base, cloud }) => `${formatActor(actor)} ${base} ${cloud.join(",")}`).join("; ");
}

function wordsOfRecorded({ states, actors }: Recorded, place: number | "bad" | undefined): string {
  if (place === undefined || place === "bad") return "nothing";
  const { siblings, context } = states[place]!;
  const live = siblings.map(
    ({ actor, counter, value }) => `${value === undefined ? "†" : ""}${actors[actor]!.actor}:${counter}`,
  );
  const seen = context.map(({ actor, base, cloud }) => `${actors[actor]!.actor} ${base} ${cloud.join(",")}`);
  return `${live.join(" ")} of ${seen.join("; ")}`;
}
