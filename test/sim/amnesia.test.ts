/**
 * scenarios.md §4, bug 1 (riak_kv#679, kv679_dataloss): a coordinator that has lost a key must not issue its old dots again, or
 * the next write is taken for an old one and vanishes.
 */
import { expect, test } from "vitest";
import { defaultTuning } from "../../node/tuning.ts";
import { Replica } from "../../node/replica.ts";
import { makeKey } from "../../src/key.ts";
import type { Answer } from "../../src/messages.ts";
import { visibleSiblings } from "../../src/object.ts";
import { createCheckers } from "../../sim/checkers.ts";
import { Cluster } from "../../sim/cluster.ts";
import { Coverage } from "../../sim/coverage.ts";
import { Gate } from "../../sim/gate.ts";
import { Network } from "../../sim/network.ts";
import { Simulator } from "../../sim/simulator.ts";
import { joinOf } from "../../sim/states.ts";
import { Trace } from "../../sim/trace.ts";
import { Traffic } from "../../sim/traffic.ts";
import { Witness } from "../../sim/witness.ts";
import type { World } from "../../sim/world.ts";

const key = makeKey("b", "k1");
const delays = { delayMinMs: 1, delayMeanMs: 1, silenceMinMs: 500, silenceMeanMs: 500 };
const quiet = { ...delays, loss: 0, duplication: 0, bytesPerMs: Infinity, reorder: 0, truncation: 0, corruption: 0 };
const disk = { syncMinMs: 1, syncMeanMs: 1, slowSyncs: 0, slowSyncMs: 0, lossAtCrash: 1 };

/** Three nodes that hold every key, and whoever asks them in turn. */
class Stage {
  readonly accusations: string[] = [];
  readonly cluster: Cluster;
  readonly #simulator: Simulator;
  #sequence = 0;

  constructor(seed: number) {
    const checkers = createCheckers((invariant, sentence) => this.accusations.push(`${invariant}: ${sentence}`));
    this.#simulator = new Simulator(seed);
    const simulator = this.#simulator;
    const world: World = {
      simulator,
      network: new Network(simulator, quiet),
      gate: new Gate(),
      whims: new Set(),
      diskConditions: disk,
      idleTickMs: 100,
      witness: new Witness((observation) => checkers.forEach((checker) => checker.observe(observation))),
      trace: new Trace(undefined, () => simulator.nowMs),
      coverage: new Coverage(),
      traffic: new Traffic(),
      createMachine: (config, store, now) => new Replica(config, store, now),
    };
    this.cluster = new Cluster(world, {
      nodes: 3,
      n: 3,
      partitions: 1,
      options: { defaults: { n: 3 }, buckets: {} },
      tuning: defaultTuning,
    });
  }

  async begin(): Promise<void> {
    this.cluster.start();
    await this.#simulator.run(10_000, () => this.cluster.isAtRest);
  }

  async put(node: string, value: number): Promise<Answer["kind"]> {
    const answers: Answer[] = [];
    const connection = this.cluster.node(node).links.addProbe((more) => answers.push(...more));
    const op = Uint8Array.from({ length: 14 }, (_, at) => (at === 13 ? ++this.#sequence : 0));
    const rest = {
      context: undefined,
      timeoutMs: 1000,
      options: { w: "all" },
      returnValue: false,
      details: false,
    } as const;
    this.cluster
      .node(node)
      .takeRequest(connection, { kind: "Put", id: 1, op, key, value: Uint8Array.of(value), ...rest });
    await this.#simulator.run(this.#simulator.nowMs + 10_000, () => answers.length > 0 && this.cluster.isAtRest);
    return answers[0]!.kind;
  }

  values(): readonly number[] {
    const joined = joinOf(this.cluster.statesOf(key).values());
    return visibleSiblings(joined!)
      .flatMap(({ value }) => [...(value ?? [])])
      .sort((a, b) => a - b);
  }
}

test("a write after amnesia survives, and no dot is issued twice", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const stage = new Stage(seed);
    await stage.begin();
    for (const value of [1, 2, 3]) expect(await stage.put("n1", value)).toBe("PutReply");
    stage.cluster.node("n1").forget(key);
    for (const value of [4, 5]) expect(await stage.put("n1", value)).toBe("PutReply");
    expect(await stage.put("n2", 6)).toBe("PutReply");
    expect(stage.values()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(stage.accusations).toEqual([]);
  }
});

test("a bad record is fetched again from the others", async () => {
  const stage = new Stage(1);
  await stage.begin();
  await stage.put("n1", 1);
  expect(stage.cluster.node("n1").flip(key)).toBe(true);
  expect(stage.cluster.statesOf(key).has("n1")).toBe(false);
  await stage.put("n2", 2);
  expect(stage.values()).toEqual([1, 2]);
  expect(stage.cluster.statesOf(key).has("n1")).toBe(true);
  expect(stage.accusations).toEqual([]);
});
