/**
 * What this node has agreed to: that in its view nothing stands in the way of removing what is left over of
 * a key. It agrees if
 *
 * - where it is a primary of the key, it holds exactly that state, in a partition that is not fresh;
 * - it keeps no hint for the key, for anybody;
 * - asked for the second time: it agreed to the same at least `messageLifetimeMs` ago, on its own clock, and since then nothing
 *   was stored here for the key, no hint either. What was away for a moment and came back counts as a change.
 *
 *   unknown ──first check──▶ agreed ──second check, old enough──▶ agreed again
 *      ▲                       │ a record or a hint of the key is stored · a restart · this node slept
 *      └───────────────────────┘
 *
 * A node that slept (its process was paused) may have old messages in its sockets, and old requests in its memory that never saw their
 * deadlines: it forgets all that it agreed to. The memory is bounded; forgetting an agreement is always safe.
 */
import { bucketOf, checkKey } from "../src/key.ts";
import type { KeyState } from "../src/messages.ts";
import { replicasOf } from "../src/options.ts";
import { hasDigest } from "../src/record.ts";
import { toBinary } from "../src/bytes.ts";
import type { Partitions } from "./partition.ts";
import type { Place, Self } from "./self.ts";

interface Agreement {
  readonly digest: string;
  readonly atMs: number;
}

/** About 10 MB. */
const agreementsMax = 100_000;
/** In lifetimes: nobody comes back to an older one. */
const agreementAgeMax = 4;
/** In lifetimes: how long a node may go without a tick, and not have slept. */
const sleepMin = 1 / 4;

export class Agreements {
  readonly #self: Self;
  readonly #partitions: Partitions;
  readonly #hasHint: (place: Place) => boolean;
  /** By the hash of the key, the oldest first. */
  readonly #agreed = new Map<bigint, Agreement>();
  #awakeAtMs: number;

  /** @param hasHint whether this node keeps a hint for the key, for whatever target */
  constructor(self: Self, partitions: Partitions, hasHint: (place: Place) => boolean) {
    this.#self = self;
    this.#partitions = partitions;
    this.#hasHint = hasHint;
    this.#awakeAtMs = self.now.monotonicMs;
  }

  get size(): number {
    return this.#agreed.size;
  }

  /** A record or a hint of the key was stored or removed here. On the hot path. */
  changed({ hash }: Place): void {
    if (this.#agreed.size > 0) this.#agreed.delete(hash);
  }

  /** Time has passed. */
  tick(): void {
    const { monotonicMs } = this.#self.now;
    const lifetimeMs = this.#self.tuning.messageLifetimeMs;
    if (monotonicMs - this.#awakeAtMs > lifetimeMs * sleepMin) this.#agreed.clear();
    this.#awakeAtMs = monotonicMs;
    for (const [hash, { atMs }] of this.#agreed) {
      if (atMs + agreementAgeMax * lifetimeMs > monotonicMs) return;
      this.#agreed.delete(hash);
    }
  }

  /**
   * @returns the places in the list of those that this node agrees to: true only of what is durable once all batches before now are
   * @throws INVALID_ARGUMENT, TOO_LARGE on what is no key
   */
  check(states: readonly KeyState[], isSecond: boolean): number[] {
    this.tick();
    if (this.#self.isDiskFull) return [];
    return [...states.keys()].filter((at) => this.#agrees(states[at]!, isSecond));
  }

  #agrees({ key, digest }: KeyState, isSecond: boolean): boolean {
    checkKey(key);
    const place = this.#self.locate(key);
    if (this.#hasHint(place) || !this.#holds(place, digest)) return false;
    const before = this.#agreed.get(place.hash);
    const { monotonicMs } = this.#self.now;
    const name = toBinary(digest);
    if (isSecond) return before?.digest === name && monotonicMs - before.atMs >= this.#self.tuning.messageLifetimeMs;
    if (before?.digest !== name) this.#remember(place, { digest: name, atMs: monotonicMs });
    return true;
  }

  /** Whether nothing else than this state is here. A node that is no primary of the key holds nothing but hints. */
  #holds(place: Place, digest: Uint8Array): boolean {
    const { ring, id, options, freshness } = this.#self;
    if (!ring.isPrimary(id, place.partition, replicasOf(bucketOf(place.key), options))) return true;
    if (freshness.isFresh(place.partition)) return false;
    const local = this.#partitions.read(place);
    return typeof local !== "string" && hasDigest(local, digest);
  }

  #remember({ hash }: Place, agreement: Agreement): void {
    this.#agreed.delete(hash);
    for (const oldest of this.#agreed.keys()) {
      if (this.#agreed.size < agreementsMax) break;
      this.#agreed.delete(oldest);
    }
    this.#agreed.set(hash, agreement);
  }
}
