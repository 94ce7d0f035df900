/**
 * I5: what a session may rely on, each guarantee by itself.
 *
 * - Read your writes: a read has seen what the session wrote before.
 * - Monotonic reads: a read has seen what the session read before.
 * - Monotonic writes: who has seen a write has seen what its session wrote before it.
 * - Writes follow reads: who has seen a write has seen what its session had read before it.
 *
 * The last two say something of everybody who looks, replicas too (`stateAsRead`). Within one key that is a matter of one context. Across
 * keys no replica promises anything, but a session that has seen a write in one key takes its past along to its next read of another.
 *
 * Source: Terry et al.: Session Guarantees for Weakly Consistent Replicated Data (1994).
 */
import { contains, emptyContext, includes, joinContexts, type CausalContext } from "../../src/causal-context.ts";
import type { KeyName } from "../observation.ts";
import { byKey } from "./grouped.ts";
import {
  bySession,
  comesBefore,
  formatSessionOperation,
  isRead,
  shownBy,
  type SessionOperation,
} from "./session-history.ts";

export type Guarantee = "read your writes" | "monotonic reads" | "monotonic writes" | "writes follow reads";

export interface Breach {
  readonly guarantee: Guarantee;
  /** The read that shows it, and the operation that it should have seen the effect of. */
  readonly read: SessionOperation;
  readonly owed: SessionOperation;
  readonly sentence: string;
}

/** @param scope how far the past of a write reaches: within its key, or to all that its session did */
export function breachesOf(operations: readonly SessionOperation[], scope: "each key" | "all keys"): Breach[] {
  const tracks = new Tracks(operations);
  return operations.filter(isRead).flatMap((read) => [...tracks.ownBreaches(read), ...tracks.breachesAt(read, scope)]);
}

/** What a session had shown of a key at some moment: what a write of it brings along. */
interface Past {
  readonly byReads: CausalContext;
  readonly byWrites: CausalContext;
}

/** What one session did to one key, in the order of the returns, and what it had shown after each of them. */
class Track {
  readonly operations: readonly SessionOperation[];
  readonly #pasts: Past[] = [{ byReads: emptyContext, byWrites: emptyContext }];

  constructor(operations: readonly SessionOperation[]) {
    this.operations = [...operations].sort((a, b) => a.returnedAtMs - b.returnedAtMs);
    for (const operation of this.operations) {
      const { byReads, byWrites } = this.#pasts.at(-1)!;
      const shown = shownBy(operation);
      this.#pasts.push(
        isRead(operation)
          ? { byReads: joinContexts(byReads, shown), byWrites }
          : { byReads, byWrites: joinContexts(byWrites, shown) },
      );
    }
  }

  before(operation: SessionOperation): readonly SessionOperation[] {
    return this.operations.slice(0, this.#countBefore(operation));
  }

  pastOf(operation: SessionOperation): Past {
    return this.#pasts[this.#countBefore(operation)]!;
  }

  /** How many had returned when it was called. */
  #countBefore(operation: SessionOperation): number {
    const end = this.operations.findIndex((one) => !comesBefore(one, operation));
    return end < 0 ? this.operations.length : end;
  }
}

const noTrack = new Track([]);

/** By session and key. */
class Tracks {
  readonly #tracks = new Map<string, Map<KeyName, Track>>();
  /** Those that may be seen, by key. */
  readonly #writes: ReadonlyMap<KeyName, readonly SessionOperation[]>;

  constructor(operations: readonly SessionOperation[]) {
    this.#writes = byKey(operations.filter(({ dots }) => dots.length > 0));
    for (const [session, own] of bySession(operations))
      this.#tracks.set(session, new Map([...byKey(own)].map(([key, ofKey]) => [key, new Track(ofKey)])));
  }

  /** Of the guarantees that concern nobody but the reader. */
  ownBreaches(read: SessionOperation): Breach[] {
    return [
      ...this.#breaches(read, read, "byWrites", "read your writes"),
      ...this.#breaches(read, read, "byReads", "monotonic reads"),
    ];
  }

  /** Of the guarantees that writes bring along. */
  breachesAt(read: SessionOperation, scope: "each key" | "all keys"): Breach[] {
    const tracks = scope === "each key" ? [] : [...(this.#tracks.get(read.session)?.values() ?? [])];
    const reads = tracks.flatMap((track) => track.before(read)).filter(isRead);
    const seen = new Set([read, ...reads].flatMap((one) => this.#seenBy(one)));
    return [...seen].flatMap((write) => [
      ...this.#breaches(read, write, "byWrites", "monotonic writes"),
      ...this.#breaches(read, write, "byReads", "writes follow reads"),
    ]);
  }

  /** Of what came before `later` in its session the read must have seen all that is of its key. */
  #breaches(read: SessionOperation, later: SessionOperation, by: keyof Past, guarantee: Guarantee): Breach[] {
    const track = this.#tracks.get(later.session)?.get(read.key) ?? noTrack;
    if (includes(read.context, track.pastOf(later)[by])) return [];
    const owed = track
      .before(later)
      .find((one) => isRead(one) === (by === "byReads") && !includes(read.context, shownBy(one)))!;
    return [breach(guarantee, read, owed, later)];
  }

  #seenBy(read: SessionOperation): readonly SessionOperation[] {
    const writes = this.#writes.get(read.key) ?? [];
    return writes.filter(({ dots }) => dots.some((dot) => contains(read.context, dot)));
  }
}

function breach(guarantee: Guarantee, read: SessionOperation, owed: SessionOperation, later: SessionOperation): Breach {
  const why = later === read ? "" : `, though it, or one before it, has seen ${formatSessionOperation(later)}`;
  const sentence = `${guarantee}: ${formatSessionOperation(read)} has not seen what ${formatSessionOperation(owed)} shows${why}`;
  return { guarantee, read, owed, sentence };
}
