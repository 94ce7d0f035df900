/**
 * Watches a cluster mend itself after a node came back, by what the nodes say of themselves: the hints that are left, the keys that
 * anti-entropy has repaired, and its rounds. A round is seen to end when the seconds since the last one become fewer.
 */
import type { NodeReport } from "../client/index.ts";
import type { NodeStatus } from "../node/status.ts";

/** What one node knows of its rounds with another. */
interface Pair {
  seconds: number | null;
  /** The first end of a round since the last repair. */
  endedAtMs: number | undefined;
}

export class MendingWatch {
  readonly #nodes: number;
  readonly #pairs = new Map<string, Pair>();
  readonly #repairedBy = new Map<string, number>();
  hintsMax = 0;
  /** When all nodes were first seen without a hint, and have been ever since. */
  hintsGoneAtMs: number | undefined;
  /** Keys that anti-entropy has repaired since the watch began. */
  repaired = 0;

  /** @param survivors what the nodes said before the one that is watched came back */
  constructor(nodes: number, survivors: readonly NodeReport[]) {
    this.#nodes = nodes;
    for (const status of statusesIn(survivors)) {
      this.hintsMax += status.hints.count;
      this.#repairedBy.set(status.node, repairsOf(status));
      for (const [peer, seconds] of roundsOf(status)) this.#pair(status.node, peer).seconds = seconds;
    }
  }

  /** When every pair had ended a round since the last key was repaired; `undefined`: one has not yet. */
  get cleanAtMs(): number | undefined {
    const times = [...this.#pairs.values()].flatMap(({ endedAtMs }) => endedAtMs ?? []);
    return times.length === (this.#nodes * (this.#nodes - 1)) / 2 ? Math.max(...times) : undefined;
  }

  get isOver(): boolean {
    return this.hintsGoneAtMs !== undefined && this.cleanAtMs !== undefined;
  }

  look(reports: readonly NodeReport[], nowMs: number): void {
    const statuses = statusesIn(reports);
    if (statuses.length < this.#nodes) return;
    const hintsLeft = statuses.reduce((sum, { hints }) => sum + hints.count, 0);
    this.hintsMax = Math.max(this.hintsMax, hintsLeft);
    this.hintsGoneAtMs = hintsLeft === 0 ? (this.hintsGoneAtMs ?? nowMs) : undefined;
    for (const status of statuses)
      for (const [peer, seconds] of roundsOf(status)) this.#lookAt(this.#pair(status.node, peer), seconds, nowMs);
    const repaired = statuses.reduce((sum, status) => sum + this.#newRepairsOf(status), 0);
    this.repaired += repaired;
    if (repaired > 0) for (const pair of this.#pairs.values()) pair.endedAtMs = undefined;
  }

  #lookAt(pair: Pair, seconds: number | null, nowMs: number): void {
    if (seconds !== null && (pair.seconds === null || seconds < pair.seconds)) pair.endedAtMs ??= nowMs;
    pair.seconds = seconds;
  }

  #newRepairsOf(status: NodeStatus): number {
    const repaired = repairsOf(status);
    const before = this.#repairedBy.get(status.node) ?? 0;
    this.#repairedBy.set(status.node, repaired);
    return repaired - before;
  }

  #pair(asker: string, peer: string): Pair {
    const name = `${asker} ${peer}`;
    const known = this.#pairs.get(name);
    if (known !== undefined) return known;
    const pair: Pair = { seconds: null, endedAtMs: undefined };
    this.#pairs.set(name, pair);
    return pair;
  }
}

function statusesIn(reports: readonly NodeReport[]): NodeStatus[] {
  return reports.flatMap((report) => ("status" in report ? [report.status as NodeStatus] : []));
}

function roundsOf({ antiEntropy }: NodeStatus): [peer: string, seconds: number | null][] {
  return Object.entries(antiEntropy.lastRoundSeconds);
}

function repairsOf({ antiEntropy }: NodeStatus): number {
  return antiEntropy.keysRepairedHere + antiEntropy.keysRepairedThere;
}
