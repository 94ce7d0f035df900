/**
 * Writes keys of a cluster and reads them soon after, at every node, and notes what each read has missed.
 *
 *   a round:  put ─ack─▶ put ─ack─▶ put ─ack─▶ reads, each at a moment of its own after the last acknowledgement
 *
 * - Writes go to the first node of the key's preference list, as the SDK sends them. Reads begin at all replicas, each as often: as those
 *   of clients do that were sent elsewhere. The SDK's own would mostly begin at the node that wrote, where nothing is ever stale.
 * - How long after the write's commit a read began is what their coordinators have noted, not what was intended: clients' links and
 *   timers are no part of it.
 * - A few rounds at a time, each on a key of its own: little load, so that the delays are those of the legs and not of queues.
 */
import { decodeRecord } from "../../src/record.ts";
import { hashKey, makeKey } from "../../src/key.ts";
import type { RequestOptions } from "../../src/options.ts";
import type { Random } from "../../src/random.ts";
import { partitionOf, Ring } from "../../src/ring.ts";
import { DueQueue } from "./due-queue.ts";
import { nowMs } from "./monotonic.ts";
import { ProbeLink, type ProbeAnswer } from "./probe-link.ts";
import type { Setting } from "./setting.ts";
import type { StalenessCluster } from "./staleness-cluster.ts";
import type { Moments } from "./staleness-moments.ts";
import { Observations } from "./staleness-observations.ts";

/** Writes of a round: a read may be found to miss the latest, the latest two, all of them. */
export const versions = 3;
const keys = 256;
const valueBytes = 100;
/** Rounds begin so far from each other, on average. */
const gapMs = 20;
const notesEveryMs = 500;
/** Until the nodes have found each other. */
const retryMs = 20;
/** How long the last messages may take after the last answer. */
const tailMsMax = 5000;

interface Key {
  readonly bytes: Uint8Array;
  /** In order of preference, by their places among the members. */
  readonly replicas: readonly number[];
  version: number;
  context: Uint8Array | undefined;
}

interface Run {
  readonly setting: Setting;
  readonly observations: Observations;
}

export class StalenessLoad {
  readonly #cluster: StalenessCluster;
  readonly #links: readonly ProbeLink[];
  readonly #moments: Moments;
  readonly #random: Random;
  readonly #due = new DueQueue();
  readonly #free: Key[];
  #requests = 0;

  static async open(cluster: StalenessCluster, moments: Moments, random: Random): Promise<StalenessLoad> {
    const opened = await Promise.all(cluster.members.map(({ url }) => ProbeLink.open(url)));
    const links = opened.map(({ link }) => link);
    const load = new StalenessLoad(cluster, links, new Ring(opened[0]!.welcome.ring), moments, random);
    await load.#fill();
    return load;
  }

  private constructor(
    cluster: StalenessCluster,
    links: readonly ProbeLink[],
    ring: Ring,
    moments: Moments,
    random: Random,
  ) {
    this.#cluster = cluster;
    this.#links = links;
    this.#moments = moments;
    this.#random = random;
    this.#free = Array.from({ length: keys }, (_, at) => keyOf(at, ring));
  }

  /** @param progress is told how many writes are done @throws Error if a connection ends */
  run(setting: Setting, writes: number, progress: (written: number) => void): Promise<Observations> {
    return Promise.race([this.#run(setting, writes, progress), ...this.#links.map(({ lost }) => lost)]);
  }

  async #run(setting: Setting, writes: number, progress: (written: number) => void): Promise<Observations> {
    await this.#cluster.notes(); // those of whatever was before
    const run = { setting, observations: new Observations(this.#random) };
    const rounds = Math.ceil(writes / versions);
    const open = new Set<Promise<void>>();
    let notedAtMs = nowMs();
    for (let round = 0; round < rounds; round++) {
      await this.#pause(this.#random.exponential(gapMs));
      while (this.#free.length === 0) await this.#pause(1);
      const key = this.#free.shift()!;
      const done = this.#round(run, round, key).finally(() => open.delete(done));
      open.add(done);
      if (nowMs() - notedAtMs < notesEveryMs) continue;
      notedAtMs = nowMs();
      await this.#note(run.observations);
      progress(round * versions);
    }
    await Promise.all(open);
    progress(writes);
    const endMs = nowMs() + tailMsMax;
    do await this.#note(run.observations);
    while (run.observations.areOpen && nowMs() < endMs);
    return run.observations;
  }

  close(): void {
    for (const link of this.#links) link.close();
  }

  /** Every key is on every node, so that none is unsure whether it has only not caught up; and all links are up. */
  async #fill(): Promise<void> {
    await Promise.all(
      this.#free.map(async (key) => {
        const options = { n: key.replicas.length, w: "all", sloppy: false } as const;
        while (!(await this.#put(key, ++this.#requests, options))) await this.#pause(retryMs);
      }),
    );
  }

  async #round({ setting, observations }: Run, round: number, key: Key): Promise<void> {
    const options = optionsOf(setting);
    let last: number | undefined;
    for (let version = 0; version < versions; version++) {
      const id = ++this.#requests;
      if (!(await this.#put(key, id, options))) return void this.#free.push(key);
      if (last !== undefined) observations.addPause({ after: last, before: id });
      last = id;
    }
    const committedAtMs = nowMs();
    const reads = this.#moments.edgesMs.map(async ([fromMs, untilMs], at) => {
      const tMs = at === 0 ? 0 : fromMs + (untilMs - fromMs) * this.#random.fraction();
      const sentMs = Math.max(0, tMs - observations.latenessMs);
      await this.#until(committedAtMs + sentMs);
      const reader = (round + at) % setting.n;
      const { id, newest } = await this.#get(key, reader, options);
      if (newest === undefined) return;
      const behind = key.version - newest;
      observations.addRead({ id, after: last!, replicas: key.replicas, reader, behind, moment: at, sentMs });
    });
    await Promise.all(reads);
    this.#free.push(key);
  }

  /** @returns whether it succeeded */
  async #put(key: Key, id: number, options: RequestOptions): Promise<boolean> {
    const value = new Uint8Array(valueBytes);
    new DataView(value.buffer).setUint32(0, ++key.version);
    const { bytes, context, replicas } = key;
    const answer = await new Promise<ProbeAnswer>((resolve) =>
      this.#links[replicas[0]!]!.put({ id, key: bytes, value, context, options }, resolve),
    );
    if (answer.kind !== "PutReply") return false;
    key.context = answer.context;
    return true;
  }

  /** @returns the newest version that it has seen; none if it failed */
  async #get(
    key: Key,
    reader: number,
    options: RequestOptions,
  ): Promise<{ readonly id: number; readonly newest?: number }> {
    const id = ++this.#requests;
    const answer = await new Promise<ProbeAnswer>((resolve) =>
      this.#links[key.replicas[reader]!]!.get(id, key.bytes, options, resolve),
    );
    return answer.kind === "GetReply" ? { id, newest: newestIn(answer.record) } : { id };
  }

  async #note(observations: Observations): Promise<void> {
    const notes = await this.#cluster.notes();
    notes.forEach((ofNode, node) => observations.take(node, ofNode));
  }

  #pause(lengthMs: number): Promise<void> {
    return this.#until(nowMs() + lengthMs);
  }

  #until(atMs: number): Promise<void> {
    return new Promise((resolve) => this.#due.add(atMs, resolve));
  }
}

function keyOf(at: number, ring: Ring): Key {
  const bytes = makeKey("default", `stale-${at}`);
  const { partitions, replicas, members } = ring.table;
  const primaries = ring.primaries(partitionOf(Number(hashKey(bytes) >> 32n), partitions), replicas);
  const places = primaries.map(({ node }) => members.findIndex(({ id }) => id === node));
  return { bytes, replicas: places, version: 0, context: undefined };
}

function optionsOf({ n, r, w, dw, fanout, sloppy, readRepair }: Setting): RequestOptions {
  return { n, r, w, dw, fanout, sloppy, readRepair };
}

function newestIn(record: Uint8Array | undefined): number {
  const values = record === undefined ? [] : decodeRecord(record).siblings.map(({ value }) => value);
  const versionOf = (value: Uint8Array | undefined): number =>
    value === undefined ? 0 : new DataView(value.buffer, value.byteOffset).getUint32(0);
  return Math.max(0, ...values.map(versionOf));
}
