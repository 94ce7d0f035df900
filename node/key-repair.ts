/**
 * Makes one key the same here and at a peer: fetches what the peer has, joins it in here, and sends the join back if the peer
 * lacks something of it. Only a side that is behind is written.
 *
 *   start ─┬─ the peer has it ───▶ fetching ──record──▶ joined here ─┬─ the peer has all of it ─▶ done
 *          └─ the peer lacks it ─────────────▶ pushing ◀─────────────┘ it lacks something
 *                                                 └──durable there──▶ done
 *
 * What fails is found again in the next round. A slot of the background budget is held from start to end.
 */
import { roughSize } from "../src/codec.ts";
import { CoterieError } from "../src/errors.ts";
import { formatKey } from "../src/key.ts";
import type { PeerMessage } from "../src/messages.ts";
import { digestOf, hasDigest, recordProblem } from "../src/record.ts";
import type { NodeId } from "../src/ring.ts";
import type { OpenRequest } from "./open-requests.ts";
import type { Difference } from "./page-join.ts";
import type { Partitions } from "./partition.ts";
import type { Place, Self } from "./self.ts";

const repairTimeoutMs = 5000;
/** What a record is taken for before it is known. */
const recordBytesGuess = 256;

/** Who waits for repairs. */
export interface RepairOwner {
  repairEnded(isRepaired: boolean): void;
}

export class KeyRepair implements OpenRequest {
  readonly isBackground = true;
  readonly #self: Self;
  readonly #partitions: Partitions;
  readonly #peer: NodeId;
  readonly #place: Place;
  readonly #owner: RepairOwner;
  readonly wakeAtMs: number;
  #id = 0;

  constructor(self: Self, partitions: Partitions, peer: NodeId, place: Place, owner: RepairOwner) {
    this.#self = self;
    this.#partitions = partitions;
    this.#peer = peer;
    this.#place = place;
    this.#owner = owner;
    this.wakeAtMs = self.now.monotonicMs + repairTimeoutMs;
  }

  /** @returns whether the budget allows it: if not, nothing has happened */
  start({ theirs }: Difference): boolean {
    const own = this.#own();
    if (!this.#self.background.begin("anti-entropy", own?.length ?? recordBytesGuess)) return false;
    this.#id = this.#self.requests.open(this);
    if (theirs === undefined && own !== undefined) this.#push(own);
    else this.#fetch(own);
    return true;
  }

  receive(node: NodeId, message: PeerMessage): void {
    if (node !== this.#peer) return;
    if (message.kind === "ReplicaGetReply") return this.#fetched(message.answer, message.record);
    if (message.kind !== "ReplicaPutReply") return this.#end(false);
    if (!message.durable) return;
    this.#self.counters.keysRepairedThere++;
    this.#end(true);
  }

  lose(node: NodeId): void {
    if (node === this.#peer) this.#end(false);
  }

  wake(): void {
    this.#end(false);
  }

  #fetch(own: Uint8Array | undefined): void {
    const have = own === undefined ? undefined : digestOf(own);
    const what = { key: this.#place.key, have, timeoutMs: repairTimeoutMs, durable: false };
    this.#send({ kind: "ReplicaGet", id: this.#id, ...what });
  }

  #fetched(answer: string, record: Uint8Array | undefined): void {
    if (record !== undefined) return this.#take(record);
    const own = this.#own();
    if (answer === "same" || own === undefined) return this.#end(true);
    this.#push(own);
  }

  #take(record: Uint8Array): void {
    this.#self.background.spend(record.length);
    const before = this.#own();
    const joined = this.#join(record);
    if (joined === undefined) return this.#end(false);
    if (before === undefined || !hasDigest(joined, digestOf(before))) this.#self.counters.keysRepairedHere++;
    if (hasDigest(joined, digestOf(record))) this.#end(true);
    else this.#push(joined);
  }

  #join(record: Uint8Array): Uint8Array | undefined {
    try {
      return this.#partitions.sync(this.#place, record, []);
    } catch (error) {
      if (!(error instanceof CoterieError)) throw error;
      const { key } = this.#place;
      this.#self.warnRarely("repair refused", { node: this.#peer, key: formatKey(key), problem: error.message });
      return undefined;
    }
  }

  #push(record: Uint8Array): void {
    this.#send({
      kind: "ReplicaPut",
      id: this.#id,
      key: this.#place.key,
      record,
      timeoutMs: this.#self.timeLeftMs(this.wakeAtMs),
      early: false,
      standsFor: undefined,
    });
  }

  #send(message: PeerMessage): void {
    this.#self.counters.antiEntropyBytes += roughSize(message);
    this.#self.send(this.#peer, message);
  }

  /** What is here and can be read. */
  #own(): Uint8Array | undefined {
    const record = this.#self.store.get("objects", this.#place.storeKey);
    return record === undefined || recordProblem(record) !== undefined ? undefined : record;
  }

  #end(isRepaired: boolean): void {
    this.#self.requests.close(this.#id);
    this.#self.background.end();
    this.#owner.repairEnded(isRepaired);
  }
}
