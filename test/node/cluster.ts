/**
 * A few replicas without a network, a disk or a clock of their own: a test delivers each message, syncs each batch and moves time by
 * hand, so that every order of events can be played and none happens by itself.
 *
 * - One partition, so every key lives on n1, n2, n3 … in this order; with `nodes` above `options.n` the last are no primaries.
 * - `send` goes into `inFlight` if the link is up, and is lost otherwise. A crash loses what is in flight from and to the node.
 * - What `observe` is given is everything that happens, in order: the transcripts are made of it.
 */
import { freshnessKey } from "../../node/freshness.ts";
import { Replica } from "../../node/replica.ts";
import type { Merges } from "../../node/merges.ts";
import { defaultTuning, type Tuning } from "../../node/tuning.ts";
import type { Effect, Input, Instant, LogEvent } from "../../node/effects.ts";
import type { PeerMessage } from "../../src/messages.ts";
import { plainPut, type Answer, type ClientRequest } from "../../src/messages.ts";
import { fromBinary } from "../../src/bytes.ts";
import { epochOf, type Dot } from "../../src/dot.ts";
import { hashKey, makeKey } from "../../src/key.ts";
import { partitionOf, Ring, type NodeId } from "../../src/ring.ts";
import { makeOpId } from "../../src/op-id.ts";
import { optionNames, type ClusterOptions, type RequestOptions } from "../../src/options.ts";
import { decodeRecord } from "../../src/record.ts";
import { emptyObject, latest, type StoredObject } from "../../src/object.ts";
import { visibleSiblings } from "../../src/shown.ts";
import { encodeToken } from "../../src/token.ts";
import type { NodeStatus } from "../../node/status.ts";
import { MemoryStore } from "./memory-store.ts";

export interface Shape {
  readonly nodes?: number;
  readonly options?: Partial<ClusterOptions>;
  readonly tuning?: Partial<Tuning>;
  readonly merges?: Merges;
  /** The nodes begin with empty disks and know it. Otherwise they have been compared: what is absent is absent. */
  readonly isFresh?: boolean;
  readonly observe?: (node: NodeId, effect: Effect) => void;
}

export interface Envelope {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly message: PeerMessage;
}

interface Machine {
  readonly id: NodeId;
  store: MemoryStore;
  /** `undefined` while it is down. */
  replica: Replica | undefined;
  starts: number;
  isServing: boolean;
  isStopped: boolean;
  /** How far its wall clock is off. */
  wallOffsetMs: number;
}

/** What a client may choose besides key and value. */
export interface Choice extends RequestOptions {
  readonly context?: Uint8Array | undefined;
  /** Sequence of the operation id: the same one is a retry. */
  readonly op?: number;
  readonly head?: boolean;
  readonly resolve?: boolean;
  readonly returnValue?: boolean;
  readonly deadlineMs?: number;
}

/** A client's request, and what it was answered. */
export class Request {
  readonly answers: Answer[] = [];

  get answer(): Answer | undefined {
    return this.answers[0];
  }

  /** The token of a put's reply. */
  get context(): Uint8Array {
    const { answer } = this;
    if (answer?.kind !== "PutReply") throw new Error(`no PutReply but ${JSON.stringify(answer)}`);
    return answer.context;
  }

  /** What a client makes of a get's reply, to write with. */
  token(key: string): Uint8Array {
    return encodeToken(hashKey(keyOf(key)), { context: this.object.context, latest: latest(this.object) });
  }

  /** The object of a get's reply. */
  get object(): StoredObject {
    const { answer } = this;
    if (answer?.kind !== "GetReply") throw new Error(`no GetReply but ${JSON.stringify(answer)}`);
    return answer.record === undefined ? emptyObject : decodeRecord(answer.record);
  }
}

/** More than any test needs: past it the nodes keep each other busy for ever. */
const deliveriesMax = 100_000;
/** No node does anything by itself that a test has not asked for. */
const quiet = { antiEntropyIntervalMs: Infinity, scrubIntervalMs: Infinity, probeIntervalMs: 1e12 } as const;
/** Fresh replica ids of a node are n1, n1b, n1c, …: people can tell them apart. */
const startLetters = " bcdefghijklmnopqrstuvwxyz";
const epochMs = 1_700_000_000_000;

export class Cluster {
  readonly ring: Ring;
  readonly options: ClusterOptions;
  readonly tuning: Tuning;
  readonly inFlight: Envelope[] = [];
  readonly logs: (LogEvent & { readonly node: NodeId })[] = [];
  readonly requests: Request[] = [];
  readonly #merges: Merges | undefined;
  readonly #machines: Map<NodeId, Machine>;
  readonly #observe: (node: NodeId, effect: Effect) => void;
  readonly #linksDown = new Set<string>();
  #nowMs = 0;
  #operations = 0;

  constructor({ nodes = 3, options = {}, tuning = {}, merges, isFresh = false, observe = () => {} }: Shape = {}) {
    this.#merges = merges;
    const ids = Array.from({ length: nodes }, (_, at) => `n${at + 1}`);
    const members = ids.map((id) => ({ id, url: `ws://${id}`, zone: "z", weight: 1 }));
    this.ring = new Ring({ epoch: 1, partitions: 1, replicas: 3, members, owners: [0] });
    this.options = { defaults: {}, buckets: {}, ...options };
    this.tuning = { ...defaultTuning, ...quiet, ...tuning };
    this.#observe = observe;
    this.#machines = new Map(ids.map((id) => [id, newMachine(id)]));
    if (!isFresh)
      for (const { store } of this.#machines.values()) store.tamper("meta", freshnessKey, new Uint8Array(1));
    for (const id of ids) this.restart(id);
  }

  // Clients

  put(node: NodeId, key: string, value: string | undefined, choice: Choice = {}): Request {
    return this.request(node, {
      kind: "Put",
      id: this.requests.length,
      op: fromBinary(makeOpId("client..", choice.op ?? ++this.#operations)),
      key: keyOf(key),
      value: value === undefined ? undefined : new TextEncoder().encode(value),
      context: choice.context,
      timeoutMs: choice.deadlineMs ?? choice.timeoutMs ?? 5000,
      options: optionsIn(choice),
      returnValue: choice.returnValue ?? false,
      details: true,
      ...plainPut,
    });
  }

  get(node: NodeId, key: string, choice: Choice = {}): Request {
    return this.request(node, {
      kind: "Get",
      id: this.requests.length,
      key: keyOf(key),
      timeoutMs: choice.deadlineMs ?? choice.timeoutMs ?? 5000,
      options: optionsIn(choice),
      head: choice.head ?? false,
      details: true,
      ...(choice.resolve === true && { resolve: true }),
    });
  }

  request(node: NodeId, message: ClientRequest): Request {
    const request = new Request();
    this.requests.push(request);
    this.input(node, { kind: "client", connection: this.requests.length - 1, message });
    return request;
  }

  // Messages

  /** Delivers the first message in flight that fits; every one of them that is not there is a mistake in the test. */
  deliver(from: NodeId, to: NodeId, kind?: PeerMessage["kind"]): void {
    const { message } = this.#take(from, to, kind);
    if (this.#machine(to).isServing) this.input(to, { kind: "peer", node: from, message });
  }

  drop(from: NodeId, to: NodeId, kind?: PeerMessage["kind"]): void {
    this.#take(from, to, kind);
  }

  deliverAll(): void {
    let left = deliveriesMax;
    for (let next = this.inFlight[0]; next !== undefined; next = this.inFlight[0]) {
      if (left-- === 0) throw new Error(`still talking after ${deliveriesMax} messages`);
      this.deliver(next.from, next.to);
    }
  }

  /** Whatever is in flight arrives and whatever was written is synced, until nothing happens any more. */
  settle(): void {
    while (this.inFlight.length > 0 || this.#up().some(({ store }) => store.unsynced > 0)) {
      this.deliverAll();
      for (const { id } of this.#up()) this.sync(id);
    }
  }

  // Disks

  /** Makes all batches of a node durable, in order, or the first `count` of them. */
  sync(node: NodeId, count: number = this.#machine(node).store.unsynced): void {
    for (let left = count; left > 0; left--) {
      const batch = this.#machine(node).store.syncOne();
      if (batch !== undefined) this.#run(node, batch.then);
    }
  }

  store(node: NodeId): MemoryStore {
    return this.#machine(node).store;
  }

  /** The record on a node's disk, as bytes. */
  record(node: NodeId, key: string): Uint8Array | undefined {
    return this.#machine(node).store.get("objects", this.#storeKey(key));
  }

  object(node: NodeId, key: string): StoredObject {
    const record = this.record(node, key);
    return record === undefined ? emptyObject : decodeRecord(record);
  }

  forget(node: NodeId, key: string): void {
    this.#machine(node).store.tamper("objects", this.#storeKey(key), undefined);
  }

  /** One bit of the record flips. */
  corrupt(node: NodeId, key: string): void {
    const record = this.record(node, key)!.slice();
    record[record.length - 1]! ^= 1;
    this.#machine(node).store.tamper("objects", this.#storeKey(key), record);
  }

  // Nodes

  crash(node: NodeId): void {
    const machine = this.#machine(node);
    machine.store.crash();
    this.#leave(machine);
  }

  /** Starts a node on its disk, and does not wait for the identity to be durable. */
  start(node: NodeId, mayBeOlder = false): void {
    const machine = this.#machine(node);
    const instant = this.instant(node);
    machine.replica = new Replica(
      { id: node, ring: this.ring, options: this.options, tuning: this.tuning, merges: this.#merges },
      machine.store,
      instant,
    );
    machine.isStopped = false;
    const freshReplicaId = `${node}${startLetters[machine.starts++] ?? "?"}`.trim().padEnd(8, ".");
    this.input(node, { kind: "start", freshReplicaId, mayBeOlder });
  }

  /** Starts a node and links it with all others, as soon as its identity is durable. */
  restart(node: NodeId, mayBeOlder = false): void {
    this.start(node, mayBeOlder);
    this.sync(node);
  }

  /** Asks for a clean stop; it has happened once what is open is over and synced. */
  stop(node: NodeId): void {
    this.input(node, { kind: "stop" });
  }

  isUp(node: NodeId): boolean {
    return this.#machine(node).isServing;
  }

  isStopped(node: NodeId): boolean {
    return this.#machine(node).isStopped;
  }

  /** The node that is down gets another disk: an empty one, or an old copy of its own. */
  replaceDisk(node: NodeId, store: MemoryStore = new MemoryStore()): void {
    this.#machine(node).store = store;
  }

  // Links and time

  linkDown(a: NodeId, b: NodeId): void {
    this.#linksDown.add(linkOf(a, b));
    this.#loseInFlight(({ from, to }) => linkOf(from, to) === linkOf(a, b));
    if (this.#machine(a).isServing) this.input(a, { kind: "linkDown", node: b });
    if (this.#machine(b).isServing) this.input(b, { kind: "linkDown", node: a });
  }

  linkUp(a: NodeId, b: NodeId): void {
    this.#linksDown.delete(linkOf(a, b));
    this.#link(a, b);
  }

  /** Cuts a node off from all others. */
  isolate(node: NodeId): void {
    for (const other of this.#machines.keys()) if (other !== node) this.linkDown(node, other);
  }

  /** Time goes on for all, and each node that is up, and awake, looks at its deadlines. */
  tick(ms: number, isAwake: (node: NodeId) => boolean = () => true): void {
    this.#nowMs += ms;
    for (const { id } of this.#up()) if (isAwake(id)) this.input(id, { kind: "tick", queuedBytes: 0, lagMs: 0 });
  }

  setWall(node: NodeId, offsetMs: number): void {
    this.#machine(node).wallOffsetMs = offsetMs;
  }

  instant(node: NodeId): Instant {
    return { monotonicMs: this.#nowMs, wallMs: epochMs + this.#nowMs + this.#machine(node).wallOffsetMs };
  }

  /** The only way into a node. A node that is down hears nothing. */
  input(node: NodeId, input: Input): void {
    const { replica } = this.#machine(node);
    if (replica !== undefined) this.#run(node, replica.step(this.instant(node), input));
  }

  status(node: NodeId): NodeStatus {
    const { answer } = this.request(node, { kind: "Status", id: 0 });
    if (answer?.kind !== "StatusReply") throw new Error("a node always answers a Status");
    return JSON.parse(answer.status);
  }

  #run(node: NodeId, effects: readonly Effect[]): void {
    for (const effect of effects) {
      this.#observe(node, effect);
      this.#perform(this.#machine(node), effect);
    }
  }

  #perform(machine: Machine, effect: Effect): void {
    switch (effect.kind) {
      case "send":
        if (this.#areLinked(machine.id, effect.node))
          this.inFlight.push({ from: machine.id, to: effect.node, message: effect.message });
        return;
      case "reply":
        this.requests[effect.connection]!.answers.push(effect.message);
        return;
      case "cutLink":
        return this.linkDown(machine.id, effect.node);
      case "persist":
        return machine.store.commit(effect);
      case "deliver":
        return this.input(machine.id, effect.input);
      case "log":
        this.logs.push({ ...effect, node: machine.id });
        return;
      case "ready":
        machine.isServing = true;
        for (const other of this.#machines.keys()) if (other !== machine.id) this.#link(machine.id, other);
        return;
      case "stopped":
        machine.isStopped = true;
        return this.#leave(machine);
    }
  }

  #leave(machine: Machine): void {
    machine.replica = undefined;
    machine.isServing = false;
    this.#loseInFlight(({ from, to }) => from === machine.id || to === machine.id);
    for (const { id } of this.#up()) this.input(id, { kind: "linkDown", node: machine.id });
  }

  #link(a: NodeId, b: NodeId): void {
    if (!this.#areLinked(a, b)) return;
    this.input(a, { kind: "linkUp", node: b });
    this.input(b, { kind: "linkUp", node: a });
  }

  #areLinked(a: NodeId, b: NodeId): boolean {
    return !this.#linksDown.has(linkOf(a, b)) && this.#machine(a).isServing && this.#machine(b).isServing;
  }

  #take(from: NodeId, to: NodeId, kind: PeerMessage["kind"] | undefined): Envelope {
    const at = this.inFlight.findIndex(
      (envelope) =>
        envelope.from === from && envelope.to === to && (kind === undefined || envelope.message.kind === kind),
    );
    const [envelope] = at < 0 ? [] : this.inFlight.splice(at, 1);
    if (envelope === undefined) throw new Error(`no ${kind ?? "message"} is on its way from ${from} to ${to}`);
    return envelope;
  }

  #loseInFlight(isLost: (envelope: Envelope) => boolean): void {
    this.inFlight.splice(0, this.inFlight.length, ...this.inFlight.filter((envelope) => !isLost(envelope)));
  }

  #up(): Machine[] {
    return [...this.#machines.values()].filter(({ replica }) => replica !== undefined);
  }

  #machine(node: NodeId): Machine {
    const machine = this.#machines.get(node);
    if (machine === undefined) throw new Error(`there is no node ${node}`);
    return machine;
  }

  #storeKey(key: string): Uint8Array {
    const partition = partitionOf(Number(hashKey(keyOf(key)) >> 32n), this.ring.table.partitions);
    return Uint8Array.of(partition >>> 8, partition & 0xff, ...keyOf(key));
  }
}

/** `carts/alice`, as people write a bucket and a key. */
export function keyOf(path: string): Uint8Array {
  const slash = path.indexOf("/");
  return makeKey(path.slice(0, slash), path.slice(slash + 1));
}

/** The values that a reader is shown, as text. */
export function valuesOf(object: StoredObject): string[] {
  return visibleSiblings(object)
    .map(({ value }) => new TextDecoder().decode(value))
    .sort();
}

/** `n1.3:1` for the first write of n1 in its epoch 3. */
export function dotsOf(object: StoredObject): string[] {
  return object.siblings.map(({ dot }) => dotText(dot));
}

export function dotText({ actor, counter }: Dot): string {
  return `${actorText(actor)}:${counter}`;
}

export function actorText(actor: string): string {
  return `${actor.slice(0, 8).replace(/\.+$/, "")}.${epochOf(actor)}`;
}

function newMachine(id: NodeId): Machine {
  return {
    id,
    store: new MemoryStore(),
    replica: undefined,
    starts: 0,
    isServing: false,
    isStopped: false,
    wallOffsetMs: 0,
  };
}

function linkOf(a: NodeId, b: NodeId): string {
  return [a, b].sort().join(" ");
}

/** What of a choice are options of the request; nothing if it leaves them all to the configuration. */
function optionsIn(choice: Choice): RequestOptions | undefined {
  const chosen = optionNames.filter((name) => choice[name] !== undefined).map((name) => [name, choice[name]]);
  return chosen.length > 0 ? (Object.fromEntries(chosen) as RequestOptions) : undefined;
}
