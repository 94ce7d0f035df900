/**
 * Measures how stale reads are: three shipped nodes in the simulator, under fixed laws for every leg of a request, and no faults. One
 * version after the other is written, at any of the nodes; so long after each commit it is read, at any of the nodes.
 *
 * What the prediction assumes (sim/pbs.ts), and how the nodes are brought to it:
 *
 * - Every leg has its delay of its own: frames overtake each other (`reorder`), where the real links keep them in order.
 * - A read asks all replicas, and the first r answers count: `fanout: "all"`.
 * - Nothing but the write itself spreads it: no read repair, no hedges, no hints, no anti-entropy, no stand-ins.
 * - Every version is everywhere before the next one is written.
 *
 * What the nodes do otherwise is in the prediction (`settingOf`): whoever coordinates has a copy itself. A writer has written it, legs
 * 0, and acknowledges it after its disk's sync; a reader has read it, legs 0, so its own answer is always the first. Every
 * acknowledgement takes a sync longer than its leg. A reader that has coordinated the write is never stale.
 */
import { decodeFrame } from "../../src/codec.ts";
import { makeKey } from "../../src/key.ts";
import { plainPut, type Answer, type Get, type Message, type Put } from "../../src/messages.ts";
import { makeOpId } from "../../src/op-id.ts";
import { fromBinary } from "../../src/bytes.ts";
import { decodeRecord } from "../../src/record.ts";
import type { Random } from "../../src/random.ts";
import { defaultTuning } from "../../node/tuning.ts";
import { Replica } from "../../node/replica.ts";
import { Cluster } from "../../sim/cluster.ts";
import { noDelay, type DelayLaw, type LegLaws } from "../../sim/delay-laws.ts";
import { Network } from "../../sim/network.ts";
import { quietWorld } from "../../sim/quiet-world.ts";
import { calmDisk, calmNetwork } from "../../sim/setting.ts";
import type { NodeProcess } from "../../sim/node-process.ts";
import type { QuorumSetting } from "../../sim/pbs.ts";
import { Simulator } from "../../sim/simulator.ts";
import { neverMs } from "../../sim/tuning.ts";
import type { CreateMachine, World } from "../../sim/world.ts";

/** What a read was like: where its reader was, what it asked for, and when. */
export interface Look {
  readonly isAtWriter: boolean;
  readonly r: number;
  readonly tMs: number;
}

export interface Tally {
  reads: number;
  stale: number;
}

export interface StalenessPlan {
  readonly legs: LegLaws;
  readonly w: number;
  readonly rs: readonly number[];
  readonly tsMs: readonly number[];
  readonly versions: number;
  readonly createMachine?: CreateMachine;
}

export const syncMs = 1;
const nodes = ["n1", "n2", "n3"];
/** Far enough apart that hardly ever two syncs meet on one disk; a key's turn comes when its last version is everywhere. */
const gapMs = 40;
const keys = 32;
const timeoutMs = 5000;

/** Three replicas, of which the first coordinates the write and the second, another one, the read. */
export function settingOf({ w, a, r, s }: LegLaws, counts: Pick<QuorumSetting, "r" | "w">): QuorumSetting {
  const synced: DelayLaw = (random) => a(random) + syncMs;
  const writer = { w: noDelay, a: () => syncMs, r, s };
  const reader = { w, a: synced, r: noDelay, s: noDelay };
  const other = { w, a: synced, r, s };
  return { ...counts, replicas: [writer, reader, other] };
}

/** @returns what was read, by where, r and t */
export async function playStaleness(seed: number, plan: StalenessPlan): Promise<Map<string, Tally>> {
  const play = new StalenessPlay(seed, plan);
  await play.play();
  return play.tallies;
}

export function nameOf({ isAtWriter, r, tMs }: Look): string {
  return `${isAtWriter ? "at the writer's" : "elsewhere"}, r ${r}, t ${tMs} ms`;
}

class StalenessPlay {
  readonly tallies = new Map<string, Tally>();
  readonly #plan: StalenessPlan;
  readonly #simulator: Simulator;
  readonly #cluster: Cluster;
  readonly #random: Random;
  /** By key: what the last write of it has returned. */
  readonly #contexts: (Uint8Array | undefined)[] = [];
  #requests = 0;
  #open = 0;

  constructor(seed: number, plan: StalenessPlan) {
    this.#plan = plan;
    this.#simulator = new Simulator(seed);
    this.#random = this.#simulator.stream("staleness");
    const world = this.#world(plan.createMachine ?? ((config, store, now) => new Replica(config, store, now)));
    const tuning = {
      ...defaultTuning,
      probeIntervalMs: neverMs,
      antiEntropyIntervalMs: neverMs,
      scrubIntervalMs: neverMs,
      tombstoneAgeMs: neverMs,
      readRepairShare: 0,
      hedgeShare: 0,
    };
    const options = { defaults: { n: 3 }, buckets: {} };
    this.#cluster = new Cluster(world, { nodes: nodes.length, partitions: 8, n: 3, options, tuning });
  }

  async play(): Promise<void> {
    this.#cluster.start();
    await this.#until(() => this.#cluster.isAtRest);
    // What is under no key yet could not be old, and empty disks have no vote.
    for (let version = 0; version < keys; version++) this.#write(version, nodes.length, () => {});
    await this.#until(() => this.#cluster.isAtRest && this.#open === 0);
    for (let version = keys; version < keys + this.#plan.versions; version++) {
      this.#write(version, this.#plan.w, (writer) => this.#readAll(version, writer));
      await this.#simulator.run(this.#simulator.nowMs + gapMs);
    }
    await this.#until(() => this.#open === 0);
  }

  #world(createMachine: CreateMachine): World {
    const simulator = this.#simulator;
    const conditions = { delayMinMs: 0.1, delayMeanMs: 0, silenceMinMs: timeoutMs, silenceMeanMs: 0 };
    const network = new Network(simulator, { ...calmNetwork, ...conditions, reorder: 1 });
    for (const from of nodes)
      for (const to of nodes) {
        const path = network.path(from, to);
        path.delayMs = (frame) => this.#lawOf(decodeFrame(frame))(path.dice.now);
      }
    return quietWorld(simulator, {
      network,
      diskConditions: { ...calmDisk, syncMinMs: syncMs, syncMeanMs: 0, lossAtCrash: 0 },
      createMachine,
    });
  }

  #lawOf([message]: readonly Message[]): DelayLaw {
    const { w, a, r, s } = this.#plan.legs;
    switch (message?.kind) {
      case "ReplicaPut":
        return w;
      case "ReplicaPutReply":
        return a;
      case "ReplicaGet":
        return r;
      case "ReplicaGetReply":
        return s;
      default:
        return noDelay;
    }
  }

  #until(isDone: () => boolean): Promise<void> {
    return this.#simulator.run(this.#simulator.nowMs + 60_000, isDone);
  }

  /** @param then at the moment of its commit */
  #write(version: number, w: number, then: (writer: NodeProcess) => void): void {
    const writer = this.#random.pick(this.#cluster.nodes);
    const message: Put = {
      kind: "Put",
      id: 0,
      op: fromBinary(makeOpId("stale-01", version)),
      key: keyOf(version),
      value: valueOf(version),
      context: this.#contexts[version % keys],
      timeoutMs,
      options: { w, sloppy: false },
      returnValue: false,
      details: false,
      ...plainPut,
    };
    this.#ask(writer, message, (answer) => {
      if (answer.kind !== "PutReply") throw new Error(`a write without faults fails: ${answer.kind}`);
      this.#contexts[version % keys] = answer.context;
      then(writer);
    });
  }

  #readAll(version: number, writer: NodeProcess): void {
    for (const tMs of this.#plan.tsMs)
      for (const r of this.#plan.rs) {
        const reader = this.#random.pick(this.#cluster.nodes);
        const look = { isAtWriter: reader === writer, r, tMs };
        this.#simulator.schedule(tMs, "probe", () => this.#read(version, reader, look));
      }
  }

  #read(version: number, reader: NodeProcess, look: Look): void {
    const options = { r: look.r, fanout: "all", sloppy: false, readRepair: "off" } as const;
    const request = {
      kind: "Get",
      id: 0,
      key: keyOf(version),
      timeoutMs,
      options,
      head: false,
      details: false,
    } as const;
    this.#ask(reader, request, (answer) => {
      if (answer.kind !== "GetReply") throw new Error(`a read without faults fails: ${answer.kind}`);
      const found = answer.record === undefined ? [] : decodeRecord(answer.record).siblings;
      const tally = this.tallies.get(nameOf(look)) ?? { reads: 0, stale: 0 };
      this.tallies.set(nameOf(look), tally);
      tally.reads++;
      const isFresh = found.some(({ value }) => value?.join() === valueOf(version).join());
      if (!isFresh) tally.stale++;
    });
  }

  #ask(node: NodeProcess, message: Get | Put, take: (answer: Answer) => void): void {
    this.#open++;
    const connection = node.links.addProbe(([answer]) => {
      this.#open--;
      take(answer!);
    });
    node.takeRequest(connection, { ...message, id: ++this.#requests });
  }
}

function keyOf(version: number): Uint8Array {
  return makeKey("b", `k${version % keys}`);
}

function valueOf(version: number): Uint8Array {
  return Uint8Array.of(version >>> 16, version >>> 8, version);
}
