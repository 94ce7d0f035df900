/**
 * The reads that end a run: every key, at r = n, coordinated by every node, without a network between asker and node. A replica
 * whose record is bad may first have to fetch it again, so a read that fails is tried again for a while.
 */
import type { Answer } from "../src/messages.ts";
import { emptyObject, type StoredObject } from "../src/object.ts";
import type { ReadRepair } from "../src/options.ts";
import type { Cluster } from "./cluster.ts";
import type { NodeProcess } from "./node-process.ts";
import type { World } from "./world.ts";

const readTimeoutMs = 2000;
/** How often, and how long apart: a bad record comes back within seconds, a clock that was set back lets writes in after ten. */
const rounds = 30;
const roundMs = 1000;
const restMs = 30_000;

interface Read {
  readonly node: NodeProcess;
  readonly name: string;
  readonly key: Uint8Array;
  answer: Answer | undefined;
}

export class FinalReads {
  readonly #world: World;
  readonly #cluster: Cluster;
  readonly #readRepair: ReadRepair;
  /** By key; of each, one per node. */
  readonly #reads = new Map<string, Read[]>();
  /** Those of the present round without an answer. */
  #waiting = 0;

  constructor(world: World, cluster: Cluster, readRepair: ReadRepair) {
    this.#world = world;
    this.#cluster = cluster;
    this.#readRepair = readRepair;
  }

  /** @returns what could not be read to the end, in words */
  async play(): Promise<string[]> {
    for (let isSteady = false; !isSteady;) {
      isSteady = await this.#readAll();
      // A bad record was found and is fetched again, and that is a change: only reads after it say the same everywhere.
      if (!isSteady)
        await this.#world.simulator.run(this.#world.simulator.nowMs + restMs, () => this.#cluster.isAtRest);
      if (this.#open().length > 0) break;
    }
    return this.#open().map(
      ({ node, name, answer }) => `a read of ${name} from all replicas fails at ${node.id}: ${describe(answer)}`,
    );
  }

  /** @returns whether one round was enough, and found nothing to mend: what a node notes of what it lost came too late for the others */
  async #readAll(): Promise<boolean> {
    for (const [name, key] of this.#cluster.keys())
      this.#reads.set(
        name,
        this.#cluster.nodes.map((node) => ({ node, name, key, answer: undefined })),
      );
    let round = 0;
    for (; round < rounds && this.#open().length > 0; round++) await this.#playRound(round === 0);
    return round <= 1 && !this.#cluster.nodes.some((node) => node.isRecovering);
  }

  /** What was read of a key, by coordinator. */
  readsOf(key: string): Map<string, StoredObject> {
    const { witness } = this.#world;
    const objects = new Map<string, StoredObject>();
    for (const { node, answer } of this.#reads.get(key) ?? [])
      if (answer?.kind === "GetReply") objects.set(node.id, witness.decode(answer.record) ?? emptyObject);
    return objects;
  }

  async #playRound(isFirst: boolean): Promise<void> {
    const { simulator } = this.#world;
    const open = this.#open();
    if (!isFirst) await simulator.run(simulator.nowMs + roundMs);
    this.#waiting = open.length;
    for (const node of this.#cluster.nodes)
      this.#ask(
        node,
        open.filter((read) => read.node === node),
      );
    await simulator.run(simulator.nowMs + 2 * readTimeoutMs, () => this.#waiting === 0);
  }

  #open(): Read[] {
    return [...this.#reads.values()].flatMap((reads) => {
      const open = reads.filter(({ answer }) => answer?.kind !== "GetReply");
      return open.length > 0 && this.#isBeyondReading(open[0]!.key) ? [] : open;
    });
  }

  #ask(node: NodeProcess, reads: readonly Read[]): void {
    const connection = node.links.addProbe((answers) => {
      this.#waiting -= answers.length;
      for (const answer of answers) reads[answer.id]!.answer = answer;
    });
    for (const [id, { key }] of reads.entries()) {
      // Of the replicas themselves: nobody stands in for one whose record is bad.
      const options = { r: "all", timeoutMs: readTimeoutMs, sloppy: false, readRepair: this.#readRepair } as const;
      const message = { kind: "Get", id, key, timeoutMs: readTimeoutMs, options, head: false, details: false } as const;
      this.#world.simulator.schedule(0, "probe", () => node.takeRequest(connection, message));
    }
  }

  /**
   * The only copy of a key is on one disk, and bad there: no replica can help, and none may pretend that the key is absent.
   * If a write to it was acknowledged, I1 finds that it is lost.
   */
  #isBeyondReading(key: Uint8Array): boolean {
    return this.#cluster.statesOf(key).size === 0;
  }
}

function describe(answer: Answer | undefined): string {
  return answer?.kind === "Failure" ? `${answer.code} ${answer.message}` : "no answer";
}
