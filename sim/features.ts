/**
 * What the shipped node does by now, found out by asking one: what is not there yet is not demanded of a run. One node of three is
 * driven by hand, on a disk that is always ready.
 */
import { Replica } from "../node/replica.ts";
import { defaultTuning, type Tuning } from "../node/tuning.ts";
import type { Effect, Input } from "../node/effects.ts";
import type { Batch, StoreReader, Table } from "../node/store.ts";
import { compareBytes, fromBinary, toBinary } from "../src/bytes.ts";
import { makeKey } from "../src/key.ts";
import type { Answer, PeerMessage } from "../src/messages.ts";
import { makeOpId } from "../src/op-id.ts";
import { planRing } from "../src/ring-planner.ts";
import { Ring, type NodeId } from "../src/ring.ts";
import { neverMs } from "./tuning.ts";

export interface Features {
  readonly liveness: boolean;
  readonly hints: boolean;
  readonly readRepair: boolean;
  readonly antiEntropy: boolean;
  /** An empty disk that has not caught up does not say "not found". */
  readonly freshness: boolean;
  readonly tombstones: boolean;
  readonly fullDisk: boolean;
}

let known: Features | undefined;

/** Asked once: the node does not change while a program runs. */
export function featuresOfNode(): Features {
  return (known ??= findFeatures());
}

const key = makeKey("b", "k");
const tickMs = 50;
const ticks = 100;
const shared = { id: 0, key, timeoutMs: 1000 } as const;

function findFeatures(): Features {
  const idle = new Subject(0).wait();
  const record = new Subject(0).put().said("ReplicaPut")[0]!.record;
  const standIn = new Subject(2).hear(1, { ...shared, kind: "ReplicaPut", record, early: false, standsFor: name(0) });
  const collector = new Subject(0).hear(1, { kind: "TombstoneCheck", id: 1, isSecond: false, states: [] });
  const full = new Subject(0).take({ kind: "diskFull", isFull: true }).put();
  return {
    liveness: idle.said("Ping").length > 0,
    hints: standIn.writes.has("hints"),
    readRepair: isRepaired(),
    antiEntropy: idle.said("TreeRoots").length > 0,
    freshness: new Subject(0).get(1).replies.length === 0,
    tombstones: collector.said("TombstoneCheckReply").length > 0,
    fullDisk: full.said("ReplicaPut").length === 0,
  };
}

/** A get finds that the other replica lacks what this one has. */
function isRepaired(): boolean {
  const subject = new Subject(0, { antiEntropyIntervalMs: neverMs }).put();
  const copies = subject.said("ReplicaPut");
  for (const { id } of copies) subject.hear(1, { kind: "ReplicaPutReply", id, durable: true });
  subject.get(2);
  for (const { id } of subject.said("ReplicaGet"))
    subject.hear(1, { kind: "ReplicaGetReply", id, answer: "absent", record: undefined });
  return subject.wait().said("ReplicaPut").length > copies.length;
}

const members = ["n1", "n2", "n3"].map((id) => ({ id, url: `ws://${id}`, zone: "z", weight: 1 }));
const ring = new Ring(planRing(members, { partitions: 1, replicas: 2 }));
const order = ring.preferenceList(0, 2).map(({ node }) => node);
const tuning = { ...defaultTuning, probeIntervalMs: 100, antiEntropyIntervalMs: 100, antiEntropyConfirmMs: 0 };

function name(place: number): NodeId {
  return order[place]!;
}

/** The node at a place of the preference list, linked to both others. */
class Subject {
  readonly writes = new Set<Table>();
  readonly #messages: PeerMessage[] = [];
  readonly #replica: Replica;
  readonly #tables = new Map<string, Uint8Array>();
  #nowMs = 0;

  /** What it told clients. */
  readonly replies: Answer[] = [];

  constructor(place: number, more: Partial<Tuning> = {}) {
    const store: StoreReader = {
      get: (table, at) => this.#tables.get(table + toBinary(at)),
      scan: (table, from, to) => this.#scan(table, from, to),
    };
    const config = {
      id: name(place),
      ring,
      options: { defaults: { n: 2 }, buckets: {} },
      tuning: { ...tuning, ...more },
    };
    this.#replica = new Replica(config, store, { monotonicMs: 0, wallMs: 0 });
    this.take({ kind: "start", freshReplicaId: "features", mayBeOlder: false });
    for (const node of order) if (node !== config.id) this.take({ kind: "linkUp", node });
  }

  said<Kind extends PeerMessage["kind"]>(kind: Kind): (PeerMessage & { readonly kind: Kind })[] {
    return this.#messages.filter((message): message is PeerMessage & { readonly kind: Kind } => message.kind === kind);
  }

  put(): this {
    const op = fromBinary(makeOpId("features", 1));
    const message = { ...shared, kind: "Put", op, value: new Uint8Array(1), context: undefined } as const;
    const rest = { options: { w: 1, dw: 1 }, returnValue: false, details: false } as const;
    return this.take({ kind: "client", connection: 1, message: { ...message, ...rest } });
  }

  get(r: number): this {
    const message = { ...shared, kind: "Get", options: { r }, head: false, details: false } as const;
    return this.take({ kind: "client", connection: 2, message });
  }

  hear(from: number, message: PeerMessage): this {
    return this.take({ kind: "peer", node: name(from), message });
  }

  wait(): this {
    for (let left = ticks; left > 0; left--) {
      this.#nowMs += tickMs;
      this.take({ kind: "tick", queuedBytes: 0, lagMs: 0 });
    }
    return this;
  }

  take(input: Input): this {
    const instant = { monotonicMs: this.#nowMs, wallMs: this.#nowMs };
    for (const effect of this.#replica.step(instant, input)) this.#apply(effect);
    return this;
  }

  #apply(effect: Effect): void {
    if (effect.kind === "send") this.#messages.push(effect.message);
    if (effect.kind === "reply") this.replies.push(effect.message);
    if (effect.kind === "deliver") this.take(effect.input);
    if (effect.kind !== "persist") return;
    this.#write(effect);
    for (const next of effect.then) this.#apply(next);
  }

  #write({ writes }: Batch): void {
    for (const { table, key: at, value } of writes) {
      this.writes.add(table);
      if (value === undefined) this.#tables.delete(table + toBinary(at));
      else this.#tables.set(table + toBinary(at), value);
    }
  }

  #scan(table: Table, from: Uint8Array, to: Uint8Array): (readonly [Uint8Array, Uint8Array])[] {
    return [...this.#tables]
      .filter(([at]) => at.startsWith(table))
      .map(([at, value]) => [fromBinary(at.slice(table.length)), value] as const)
      .filter(([at]) => compareBytes(from, at) <= 0 && compareBytes(at, to) < 0)
      .sort(([a], [b]) => compareBytes(a, b));
  }
}
