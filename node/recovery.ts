/**
 * Fetches a key again from all its other primaries, because this node knows that it lost something of it: its record cannot
 * be read, or others remember dots of this replica that it does not (design §4.3). Best effort: what is not reached now is
 * reached by a later one.
 */
import { CoterieError } from "../src/errors.ts";
import { bucketOf, formatKey } from "../src/key.ts";
import { replicasOf } from "../src/options.ts";
import type { NodeId } from "../src/ring.ts";
import type { PeerMessage } from "../src/messages.ts";
import type { Partitions } from "./partition.ts";
import type { OpenRequest } from "./open-requests.ts";
import type { Place, Self } from "./self.ts";

const recoveryTimeoutMs = 5000;
/** Keys that are being fetched, or were a moment ago; further ones wait until they are noticed again. */
const keysMax = 256;

export class Recoveries {
  readonly #self: Self;
  /** Noted in this step, each once; dealt with after the message at hand, or when the disk has room again. */
  readonly #noted = new Map<string, Place>();
  /** When a key may be fetched again. Two replicas that have both lost it would else ask each other for ever. */
  readonly #quietUntilMs = new Map<string, number>();

  constructor(self: Self) {
    this.#self = self;
  }

  note(place: Place): void {
    const { monotonicMs } = this.#self.now;
    const key = formatKey(place.key);
    if ((this.#quietUntilMs.get(key) ?? 0) > monotonicMs || this.#noted.size >= keysMax || !this.#hasRoom()) return;
    this.#quietUntilMs.set(key, monotonicMs + recoveryTimeoutMs);
    this.#noted.set(key, place);
  }

  start(partitions: Partitions): void {
    if (this.#self.isDiskFull || this.#noted.size === 0) return;
    const places = [...this.#noted.values()];
    this.#noted.clear();
    for (const place of places) {
      const isAsked = new Recovery(this.#self, partitions, place).start();
      if (!isAsked) this.#quietUntilMs.delete(formatKey(place.key));
    }
  }

  #hasRoom(): boolean {
    if (this.#quietUntilMs.size < keysMax) return true;
    for (const [key, untilMs] of this.#quietUntilMs)
      if (untilMs <= this.#self.now.monotonicMs) this.#quietUntilMs.delete(key);
    return this.#quietUntilMs.size < keysMax;
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
    this.wakeAtMs = self.now.monotonicMs + recoveryTimeoutMs;
    const primaries = self.ring.primaries(place.partition, replicasOf(bucketOf(place.key), self.options));
    const others = primaries.filter(({ node }) => node !== self.id && self.canReach(node));
    this.#asked = new Set(others.map(({ node }) => node));
  }

  /** @returns whether there was anybody to ask */
  start(): boolean {
    if (this.#asked.size === 0) return false;
    this.#self.counters.recoveries++;
    this.#id = this.#self.requests.open(this);
    const message = {
      kind: "ReplicaGet",
      key: this.#place.key,
      have: undefined,
      timeoutMs: recoveryTimeoutMs,
      durable: false,
    } as const;
    for (const node of this.#asked) this.#self.send(node, { ...message, id: this.#id });
    return true;
  }

  receive(node: NodeId, message: PeerMessage): void {
    if (message.kind === "ReplicaGetReply" && message.record !== undefined) this.#take(message.record);
    this.lose(node);
  }

  lose(node: NodeId): void {
    this.#asked.delete(node);
    if (this.#asked.size === 0) this.#self.requests.close(this.#id);
  }

  wake(): void {
    this.#self.requests.close(this.#id);
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
