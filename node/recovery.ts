/**
 * Fetches a key again from all its other primaries, because this node knows that it lost something of it: its record cannot
 * be read, or others remember dots of this replica that it does not (design §4.3). Best effort: what is not reached now is
 * reached by a later one.
 */
import { CoterieError } from "../src/errors.ts";
import { bucketOf, formatKey } from "../src/key.ts";
import { replicasOf } from "../src/options.ts";
import type { NodeId } from "../src/ring.ts";
import type { PeerMessage } from "./effects.ts";
import type { Partitions } from "./partition.ts";
import type { OpenRequest, Place, Self } from "./self.ts";

const deadlineMs = 5000;
/** Keys being fetched at a time; further ones wait until they are noticed again. */
const keysMax = 256;

export class Recoveries {
  readonly #self: Self;
  readonly #places = new Map<string, Place>();

  constructor(self: Self) {
    this.#self = self;
  }

  /** Only notes the key: the message at hand is dealt with first. */
  note(place: Place): void {
    if (this.#places.size < keysMax) this.#places.set(formatKey(place.key), place);
  }

  /** Asks for what was noted during this step. */
  start(partitions: Partitions): void {
    if (this.#places.size === 0) return;
    for (const place of this.#places.values()) new Recovery(this.#self, partitions, place).start();
    this.#places.clear();
  }
}

class Recovery implements OpenRequest {
  readonly #self: Self;
  readonly #partitions: Partitions;
  readonly #place: Place;
  readonly #asked: Set<NodeId>;
  /** Its deadline. */
  readonly wakeAtMs: number;
  #id = 0;

  constructor(self: Self, partitions: Partitions, place: Place) {
    this.#self = self;
    this.#partitions = partitions;
    this.#place = place;
    this.wakeAtMs = self.now.monotonicMs + deadlineMs;
    const primaries = self.ring.primaries(place.partition, replicasOf(bucketOf(place.key), self.options));
    const others = primaries.filter(({ node }) => node !== self.id && self.canReach(node));
    this.#asked = new Set(others.map(({ node }) => node));
  }

  start(): void {
    if (this.#asked.size === 0) return;
    this.#self.counters.recoveries++;
    this.#id = this.#self.open(this);
    for (const node of this.#asked)
      this.#self.send(node, {
        kind: "ReplicaGet",
        id: this.#id,
        key: this.#place.key,
        have: undefined,
        timeoutMs: deadlineMs,
      });
  }

  receive(node: NodeId, message: PeerMessage): void {
    if (message.kind === "ReplicaGetReply" && message.record !== undefined) this.#take(message.record);
    this.lose(node);
  }

  lose(node: NodeId): void {
    this.#asked.delete(node);
    if (this.#asked.size === 0) this.#self.close(this.#id);
  }

  wake(): void {
    this.#self.close(this.#id);
  }

  #take(record: Uint8Array): void {
    try {
      this.#partitions.sync(this.#place, record, []);
    } catch (error) {
      if (!(error instanceof CoterieError)) throw error;
      this.#self.log("warn", "recovery refused", { key: formatKey(this.#place.key), problem: error.message });
    }
  }
}
