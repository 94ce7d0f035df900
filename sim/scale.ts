/**
 * What a cluster says for what it does, by its size: clusters of N = 3 with the shipped tuning and a constant load per node, on a
 * network without faults. Then one node loses its power for a while, and comes back.
 *
 *   open, fill ─▶ at rest ─▶ puts ─▶ gets ─▶ power cut, load goes on ─▶ back, load is off ─▶ mended
 *
 * Links are opened before anything is measured: in a full mesh of 300 nodes there are 45,000.
 */
import { equalBytes } from "../src/bytes.ts";
import { encodeFrame } from "../src/codec.ts";
import { formatKey } from "../src/key.ts";
import type { PeerMessage } from "../src/messages.ts";
import { partitionsMax, type NodeId } from "../src/ring.ts";
import { Replica } from "../node/replica.ts";
import { defaultTuning } from "../node/tuning.ts";
import { Cluster } from "./cluster.ts";
import { Network } from "./network.ts";
import type { NodeProcess } from "./node-process.ts";
import { primariesOf, storeKeyOf } from "./place.ts";
import { ProbeLoad } from "./probe-load.ts";
import { quietWorld } from "./quiet-world.ts";
import { calmDisk, calmNetwork } from "./setting.ts";
import { Simulator } from "./simulator.ts";
import { Traffic } from "./traffic.ts";
import type { CreateMachine, World } from "./world.ts";

export interface ScaleOptions {
  readonly nodes: number;
  readonly seed: number;
  /** Of each node. */
  readonly callsPerSecond: number;
  readonly keysPerNode: number;
  readonly valueBytes: number;
  /** How long the node is away. */
  readonly awayMs: number;
  /** Is told what is played now. */
  readonly onPhase?: ((phase: string) => void) | undefined;
}

/** What nodes say to each other. */
export interface Said {
  readonly messages: number;
  readonly bytes: number;
}

export interface ScaleReport {
  readonly nodes: number;
  readonly partitions: number;
  readonly perGet: Said;
  readonly perPut: Said;
  /** Per node and second, at rest. */
  readonly gossip: Said;
  readonly antiEntropy: Said;
  /** From the power cut until the last of the others believes the node dead; from its start until all believe it alive. */
  readonly deathMs: number;
  readonly returnMs: number;
  /** What the node had missed, and what was said to mend that. */
  readonly missedBytes: number;
  readonly repairBytes: number;
  readonly hints: number;
  /** From its start until it has all that it had missed, and nobody keeps anything for it. */
  readonly mendedMs: number;
  readonly simulatedMs: number;
}

const replicas = 3;
/** Of which each node is the first owner. */
const partitionsPerNode = 4;
/** All links are opened at the same time. */
const stormEventsPerLink = 10;
const stormEventsMin = 200_000;
/**
 * Until nothing is news any more: each pair of nodes compares what it holds, and who was pinged before there was a link to him has
 * refuted that he is suspect.
 */
const settleMs = 60_000;
const restMs = 20_000;
const callsMs = 10_000;
const lookMs = 50;
const patienceMs = 300_000;

const gossipKinds: readonly PeerMessage["kind"][] = ["Ping", "PingReply"];
const treeKinds: readonly PeerMessage["kind"][] = [
  "TreeRoots",
  "TreeRootsReply",
  "TreeNodes",
  "TreeNodesReply",
  "TreeKeys",
  "TreeKeysReply",
];
const callKinds: readonly PeerMessage["kind"][] = [
  "Get",
  "GetReply",
  "Put",
  "PutReply",
  "ReplicaGet",
  "ReplicaGetReply",
  "ReplicaPut",
  "ReplicaPutReply",
  "Failure",
];

/** @throws Error if the cluster does not come to rest */
export async function measureScale(options: ScaleOptions): Promise<ScaleReport> {
  return new Scale(options).play();
}

class Scale {
  readonly #options: ScaleOptions;
  readonly #partitions: number;
  readonly #world: World;
  readonly #cluster: Cluster;
  readonly #load: ProbeLoad;
  readonly #victim: NodeProcess;
  /** Who has said last what it believes of the node that is away, and when. */
  readonly #believed = new Map<string, { readonly nodes: Set<NodeId>; atMs: number }>();

  constructor(options: ScaleOptions) {
    const { nodes, seed, keysPerNode, valueBytes, callsPerSecond } = options;
    this.#options = options;
    this.#partitions = Math.min(2 ** Math.ceil(Math.log2(partitionsPerNode * nodes)), partitionsMax);
    this.#world = this.#createWorld(new Simulator(seed, stormEventsPerLink * nodes * nodes + stormEventsMin));
    const shape = { nodes, n: replicas, partitions: this.#partitions, tuning: defaultTuning };
    this.#cluster = new Cluster(this.#world, { ...shape, options: { defaults: { n: replicas }, buckets: {} } });
    this.#victim = this.#cluster.nodes.at(-1)!;
    const load = { keys: keysPerNode * nodes, valueBytes, callsPerSecond: callsPerSecond * nodes };
    this.#load = new ProbeLoad(this.#world, this.#cluster, load);
  }

  async play(): Promise<ScaleReport> {
    await this.#fill();
    const { gossip, antiEntropy } = await this.#rest();
    const perPut = await this.#call("put");
    const perGet = await this.#call("get");
    const deathMs = await this.#lose();
    const mended = await this.#mend((antiEntropy.bytes * this.#options.nodes) / 1000);
    return {
      nodes: this.#options.nodes,
      partitions: this.#partitions,
      perGet,
      perPut,
      gossip,
      antiEntropy,
      deathMs,
      ...mended,
      simulatedMs: this.#world.simulator.nowMs,
    };
  }

  async #fill(): Promise<void> {
    this.#cluster.start();
    await this.#until("links are opened", () => this.#cluster.isAtRest);
    this.#load.fill();
    await this.#pass("keys are written", (1000 * this.#options.keysPerNode) / this.#options.callsPerSecond);
    await this.#until("writes end", () => this.#isQuiet);
    await this.#pass("it settles", settleMs);
  }

  async #rest(): Promise<Pick<ScaleReport, "gossip" | "antiEntropy">> {
    this.#world.traffic.reset();
    await this.#pass("at rest", restMs);
    const nodeSeconds = (this.#options.nodes * restMs) / 1000;
    return { gossip: this.#said(gossipKinds, nodeSeconds), antiEntropy: this.#said(treeKinds, nodeSeconds) };
  }

  /** Only gets or only puts. */
  async #call(what: "get" | "put"): Promise<Said> {
    this.#world.traffic.reset();
    this.#load.start(what === "put" ? 1 : 0);
    await this.#pass(`${what}s`, callsMs);
    await this.#endLoad();
    return this.#said(callKinds, this.#load.done[what]);
  }

  async #endLoad(): Promise<void> {
    this.#load.stop();
    await this.#until("calls end", () => this.#isQuiet);
    if (this.#load.failed > 0) throw new Error(`${this.#load.failed} calls failed though nothing was wrong`);
  }

  /** @returns how long it took until everybody believed the node dead */
  async #lose(): Promise<number> {
    this.#victim.crash(true);
    const startMs = this.#world.simulator.nowMs;
    this.#load.start(0.5);
    await this.#pass("a node is away", this.#options.awayMs);
    await this.#until("its death is known", () => this.#isBelievedByAll("member dead"));
    await this.#endLoad();
    return this.#believed.get("member dead")!.atMs - startMs;
  }

  /** @param idleBytes what is said for anti-entropy in a millisecond when nothing differs */
  async #mend(
    idleBytes: number,
  ): Promise<Pick<ScaleReport, "returnMs" | "missedBytes" | "repairBytes" | "hints" | "mendedMs">> {
    const { simulator, traffic } = this.#world;
    const held = this.#victim.platter.records();
    const missed = this.#load.keys.filter((key) => this.#isMissed(key, held.get(formatKey(key))));
    const missedBytes = missed.reduce((sum, key) => sum + this.#soundRecord(key).length, 0);
    const hints = this.#hints;
    const startMs = simulator.nowMs;
    traffic.reset();
    this.#believed.clear();
    this.#cluster.restart(this.#victim, "as it was");
    await this.#until(
      "it is mended",
      () => this.#hints === 0 && !missed.some((key) => this.#isMissed(key, this.#recordAt(this.#victim, key))),
    );
    const mendedMs = simulator.nowMs - startMs;
    await this.#until("its return is known", () => this.#isBelievedByAll("member alive"));
    const returnMs = this.#believed.get("member alive")!.atMs - startMs;
    // What was found to differ by anti-entropy is asked about until the next round.
    await this.#pass("disks are compared again", 2 * defaultTuning.antiEntropyIntervalMs);
    const { bytes } = this.#said([...treeKinds, ...callKinds], 1);
    const repairBytes = bytes - idleBytes * (simulator.nowMs - startMs);
    return { returnMs, missedBytes, repairBytes, hints, mendedMs };
  }

  get #isQuiet(): boolean {
    return this.#load.isIdle && this.#cluster.nodes.every((node) => node.phase === "down" || node.isIdle);
  }

  get #hints(): number {
    return this.#cluster.nodes.reduce((sum, { hintCount }) => sum + hintCount, 0);
  }

  #isMissed(key: Uint8Array, record: Uint8Array | undefined): boolean {
    if (!primariesOf(this.#victim, key).includes(this.#victim.id)) return false;
    return record === undefined || !equalBytes(record, this.#soundRecord(key));
  }

  /** What a primary has that was never away. */
  #soundRecord(key: Uint8Array): Uint8Array {
    const other = primariesOf(this.#victim, key).find((id) => id !== this.#victim.id)!;
    return this.#recordAt(this.#cluster.node(other), key)!;
  }

  #recordAt(node: NodeProcess, key: Uint8Array): Uint8Array | undefined {
    return node.seen("objects", storeKeyOf(node, key));
  }

  #isBelievedByAll(event: string): boolean {
    return this.#believed.get(event)?.nodes.size === this.#options.nodes - 1;
  }

  /** Since the last reset; divided by something. */
  #said(kinds: readonly string[], among: number): Said {
    const { sent, sentBytes } = this.#world.traffic;
    const meanOf = (sums: ReadonlyMap<string, number>): number =>
      kinds.reduce((sum, kind) => sum + (sums.get(kind) ?? 0), 0) / among;
    return { messages: meanOf(sent), bytes: meanOf(sentBytes) };
  }

  async #pass(phase: string, ms: number): Promise<void> {
    this.#options.onPhase?.(phase);
    await this.#world.simulator.run(this.#world.simulator.nowMs + ms);
  }

  async #until(phase: string, isDone: () => boolean): Promise<void> {
    this.#options.onPhase?.(phase);
    const { simulator } = this.#world;
    const giveUpAtMs = simulator.nowMs + patienceMs;
    while (!isDone()) {
      if (simulator.nowMs >= giveUpAtMs) throw new Error(`${this.#options.nodes} nodes: no end of "${phase}"`);
      await simulator.run(simulator.nowMs + lookMs);
    }
  }

  #createWorld(simulator: Simulator): World {
    // Nobody is told of a power cut by the network in time: it is the pings that must find it.
    const network = { ...calmNetwork, delayMinMs: 0.5, delayMeanMs: 0.5, silenceMinMs: 120_000, silenceMeanMs: 1 };
    return quietWorld(simulator, {
      network: new Network(simulator, network),
      diskConditions: { ...calmDisk, syncMinMs: 0.5, syncMeanMs: 0.5 },
      traffic: new Traffic((message) => encodeFrame([message]).length),
      createMachine: this.#overhearing,
    });
  }

  /** The shipped node; what it logs of the one that is away is noted. */
  readonly #overhearing: CreateMachine = (config, store, now) => {
    const replica = new Replica(config, store, now);
    return {
      step: (at, input) => {
        const effects = replica.step(at, input);
        for (const effect of effects)
          if (effect.kind === "log" && effect.fields["member"] === this.#victim.id) this.#note(config.id, effect.event);
        return effects;
      },
    };
  };

  #note(node: NodeId, event: string): void {
    const believed = this.#believed.get(event) ?? { nodes: new Set(), atMs: 0 };
    this.#believed.set(event, believed);
    believed.nodes.add(node);
    believed.atMs = this.#world.simulator.nowMs;
  }
}
