/**
 * Which operations will never be tried again, as far as their clients have said so: then what they left behind need not be kept to
 * recognise a retry. Clients say it with every write (`SettledBelow`), and when they pause.
 *
 * - A client vouches for an operation that is over and was tried once, or else was refused for certain. What may have happened at two
 *   coordinators it never vouches for: that is settled by all members together (`leftovers.ts`).
 * - A message of a settled operation that still comes, a copy or one that was long on its way, is refused.
 * - Forgetting a client is safe: its operations are then kept until all members agree on them.
 *
 * Source: the acknowledgements of RIFL, Lee et al.: Implementing Linearizability at Large Scale and Low Latency (2015).
 */
import type { SettledBelow } from "../src/messages.ts";
import { sequenceOf, type ClientId, type OpId } from "../src/op-id.ts";
import { RecentMap } from "../src/recent-map.ts";

interface Word {
  /** All operations with a lower sequence are settled, */
  readonly below: number;
  /** but for these. */
  readonly but: readonly number[];
}

/** About 200 bytes each, and twice as many at the most. */
const clientsPerGeneration = 10_000;
/** Twice what our clients list. A word with more is foreign, and not kept: of ten thousand such a node would run out of memory. */
const exceptionsMax = 256;

export class SettledOperations {
  readonly #words = new RecentMap<ClientId, Word>(clientsPerGeneration);

  /** A client said so in a message with this operation id. Messages may overtake each other: what says more holds. */
  note(op: OpId, settled: SettledBelow): void {
    const [distance, ...others] = settled;
    if (distance === undefined || others.length > exceptionsMax) return;
    const client = op.slice(0, 8);
    const sequence = sequenceOf(op);
    const before = this.#words.get(client);
    const below = sequence - distance;
    if (before !== undefined && before.below > below) return;
    this.#words.set(client, { below, but: others.map((other) => sequence - other) });
  }

  isSettled(op: OpId): boolean {
    const word = this.#words.get(op.slice(0, 8));
    if (word === undefined) return false;
    const sequence = sequenceOf(op);
    return sequence < word.below && !word.but.includes(sequence);
  }
}
