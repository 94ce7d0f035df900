/**
 * What the parts of a node share: who it is, whom it can reach, the moment of the current step, the effects that the step has
 * produced so far, the requests that are open; its trees, its budget of background work, its counters; and what state it is in: a
 * disk that is full, too much to do.
 */
import { fromBinary } from "../src/bytes.ts";
import { checksum32 } from "../src/hash.ts";
import { hashKey } from "../src/key.ts";
import { storage, type CoterieError } from "../src/errors.ts";
import type { Answer, Failure, PeerMessage } from "../src/messages.ts";
import type { ClusterOptions } from "../src/options.ts";
import { Random } from "../src/random.ts";
import { appended } from "../src/short-list.ts";
import { partitionOf, type NodeId, type Ring } from "../src/ring.ts";
import type { Effect, Instant, LogEvent, Origin } from "./effects.ts";
import { Background } from "./background.ts";
import { ConflictLedger } from "./conflict-ledger.ts";
import { OpenRequests } from "./open-requests.ts";
import { Latencies } from "./latencies.ts";
import { Freshness } from "./freshness.ts";
import { SettledOperations } from "./settled-operations.ts";
import { StepView } from "./step-view.ts";
import type { StoreReader } from "./store.ts";
import { Trees } from "./trees.ts";
import type { Tuning } from "./tuning.ts";
import type { Merges } from "./merges.ts";
import { noWhims, type Whims } from "./whims.ts";

export interface NodeConfig {
  readonly id: NodeId;
  readonly ring: Ring;
  readonly options: ClusterOptions;
  readonly tuning: Tuning;
  /** The application's merges, for readers that have none. */
  readonly merges?: Merges | undefined;
  /** What a node in service has none of. */
  readonly whims?: Whims | undefined;
}

/** Where a key lives: computed once per message. */
export interface Place {
  readonly key: Uint8Array;
  readonly hash: bigint;
  readonly partition: number;
  /** Two bytes of partition, then the key: a partition's keys lie together on disk. */
  readonly storeKey: Uint8Array;
}

/** Since the node started. */
export interface Counters {
  gets: number;
  puts: number;
  forwards: number;
  failures: number;
  replicaGets: number;
  replicaPuts: number;
  /** Replies to requests that were over: answered by others, or expired. */
  lateReplies: number;
  /** Keys of which others remembered dots of this replica that it had lost. */
  amnesias: number;
  /** Keys fetched again from the other replicas. */
  recoveries: number;
  /** Records whose checksum was wrong. */
  badRecords: number;
  /** Hash trees that were not as their records are. */
  treesRebuilt: number;
  /** Keys that anti-entropy found different: brought here, and sent to others. */
  keysRepairedHere: number;
  keysRepairedThere: number;
  /** Said to other nodes for anti-entropy, roughly, with the records that it sent. */
  antiEntropyBytes: number;
  /** Tombstones removed from this disk. */
  tombstonesCollected: number;
  /** Spent operations that all members agreed to forget, removed from records of this disk. */
  operationsForgotten: number;
  /** Gets that asked one replica more because one was slow, and those that were answered sooner by it. */
  hedges: number;
  hedgesWon: number;
  /** Copies that gets sent to replicas that lagged, and those that they left to anti-entropy. */
  readRepairs: number;
  readRepairsShed: number;
  /** Siblings of one key that readers had this node merge, and how often its merge could not. */
  merges: number;
  mergeFailures: number;
  /** Requests of clients that were refused because there was too much to do already. */
  shed: number;
}

const quietMs = 10_000;
/** Never written to. */
const noEffects: Effect[] = [];

export class Self {
  readonly id: NodeId;
  readonly ring: Ring;
  readonly options: ClusterOptions;
  readonly tuning: Tuning;
  readonly whim: Whims;
  /** With what the current step has written. */
  readonly store: StepView;
  readonly freshness: Freshness = new Freshness();
  readonly settledOperations: SettledOperations = new SettledOperations();
  readonly conflicts: ConflictLedger = new ConflictLedger(this);
  readonly trees: Trees;
  readonly background: Background;
  readonly links: Set<NodeId> = new Set();
  /** Members that this node believes to be down, whether or not there is a link. */
  readonly down: Set<NodeId> = new Set();
  /** Members that may be down: they are asked last. */
  readonly suspects: Set<NodeId> = new Set();
  readonly latencies: Latencies = new Latencies(this);
  /** Nothing more may be written until it has room again, but for what keeps this node itself going. */
  isDiskFull = false;
  /** It has more to do than it gets done: nothing is begun that can be left. */
  isOverloaded = false;
  /** Seeded at the start: chance for what needs some, the same in every replay. */
  random: Random = new Random(0);
  readonly counters: Counters = {
    gets: 0,
    puts: 0,
    forwards: 0,
    failures: 0,
    replicaGets: 0,
    replicaPuts: 0,
    lateReplies: 0,
    amnesias: 0,
    recoveries: 0,
    badRecords: 0,
    treesRebuilt: 0,
    keysRepairedHere: 0,
    keysRepairedThere: 0,
    antiEntropyBytes: 0,
    tombstonesCollected: 0,
    operationsForgotten: 0,
    hedges: 0,
    hedgesWon: 0,
    readRepairs: 0,
    readRepairsShed: 0,
    merges: 0,
    mergeFailures: 0,
    shed: 0,
  };
  readonly requests: OpenRequests;
  now: Instant;
  #effects: Effect[] = noEffects;
  readonly #warned = new Map<string, { readonly atMs: number; unsaid: number }>();

  constructor(config: NodeConfig, store: StoreReader, now: Instant) {
    this.id = config.id;
    this.ring = config.ring;
    this.options = config.options;
    this.tuning = config.tuning;
    this.whim = config.whims ?? noWhims;
    this.store = new StepView(store);
    this.now = now;
    this.requests = new OpenRequests(now.monotonicMs);
    this.trees = new Trees(config);
    this.background = new Background(config.tuning.backgroundBytesPerSecond, now);
  }

  /** @param freshReplicaId eight random characters, drawn for this start */
  start(freshReplicaId: string): void {
    this.requests.start(freshReplicaId);
    this.random = new Random(checksum32(fromBinary(freshReplicaId)));
  }

  locate(key: Uint8Array): Place {
    const hash = hashKey(key);
    const partition = partitionOf(Number(hash >> 32n), this.ring.table.partitions);
    const storeKey = new Uint8Array(key.length + 2);
    storeKey[0] = partition >>> 8;
    storeKey[1] = partition & 0xff;
    storeKey.set(key, 2);
    // A copy: a view of the key that came would keep its whole frame alive. And no view of the store's key: V8 keeps short arrays on its own
    // heap until there is a view of one, which moves the bytes to memory of their own.
    return { key: new Uint8Array(key), hash, partition, storeKey };
  }

  /** Of a deadline, for whoever is asked next: what has passed is 0, and dropped where it arrives. */
  timeLeftMs(deadlineMs: number): number {
    return Math.max(0, Math.ceil(deadlineMs - this.now.monotonicMs));
  }

  canReach(node: NodeId): boolean {
    return node === this.id || (this.links.has(node) && !this.down.has(node));
  }

  /** Before anything is written, so that another node can be asked at once. @throws STORAGE */
  refuseIfFull(): void {
    if (this.isDiskFull) throw storage(`the disk of ${this.id} is full`, { retryable: true });
  }

  emit(effect: Effect): void {
    this.#effects = appended(this.#effects, effect);
    if (effect.kind === "persist") this.store.note(effect.writes);
  }

  takeEffects(): Effect[] {
    const effects = this.#effects;
    this.store.clear();
    this.#effects = noEffects;
    return effects;
  }

  send(node: NodeId, message: PeerMessage): void {
    this.emit({ kind: "send", node, message });
  }

  answer(origin: Origin, message: Answer): void {
    this.emit(answerTo(origin, message));
  }

  fail(origin: Origin, id: number, error: CoterieError): void {
    this.counters.failures++;
    this.answer(origin, failureOf(id, error));
  }

  log(level: LogEvent["level"], event: string, fields: LogEvent["fields"]): void {
    this.emit({ kind: "log", level, event, fields });
  }

  /** For what one bad client can cause thousands of times a second: one line per event and `quietMs`, with how many it stands for. */
  warnRarely(event: string, fields: LogEvent["fields"]): void {
    const last = this.#warned.get(event);
    if (last !== undefined && this.now.monotonicMs < last.atMs + quietMs) {
      last.unsaid++;
      return;
    }
    this.#warned.set(event, { atMs: this.now.monotonicMs, unsaid: 0 });
    this.log("warn", event, { ...fields, unsaid: last?.unsaid ?? 0 });
  }

  link(node: NodeId): void {
    this.links.add(node);
  }

  unlink(node: NodeId): void {
    this.links.delete(node);
    this.requests.lose(node);
  }
}

export function answerTo(origin: Origin, message: Answer): Effect {
  return "connection" in origin
    ? { kind: "reply", connection: origin.connection, message }
    : { kind: "send", node: origin.node, message };
}

export function failureOf(id: number, error: CoterieError): Failure {
  const { code, message, outcome, retryable, details } = error;
  return { kind: "Failure", id, code, message, outcome, retryable, details };
}
