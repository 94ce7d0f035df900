/**
 * One node as a deterministic machine: `step(now, input)` is the only way in, effects are the only way out. No clock, no
 * chance, no I/O but reads of its store.
 *
 *   serving ──stop──▶ stopping ──nothing open, or `drainMs` over──▶ stopped
 *
 * Until the effect `ready` its driver neither links nor listens; a put that came anyway would be refused by `identity.ts`.
 * While stopping it still serves its peers and finishes what is open, and refuses new requests. Its last batch says that the
 * stop was clean; what comes after it was submitted is ignored.
 */
import { CoterieError, invalidArgument, overloaded, storage, timedOut, tooLarge, unavailable } from "../src/errors.ts";
import { bucketOf, checkKey } from "../src/key.ts";
import { limits } from "../src/limits.ts";
import type {
  Answer,
  ClientRequest,
  Failure,
  Get,
  Put,
  ReplicaGet,
  ReplicaPut,
  ReplicaReply,
} from "../src/messages.ts";
import {
  encodeEffective,
  replicasOf,
  settleOptions,
  type RequestOptions,
  type SettledOptions,
} from "../src/options.ts";
import type { PreferenceEntry } from "../src/preference-list.ts";
import { hasDigest } from "../src/record.ts";
import type { NodeId } from "../src/ring.ts";
import { decodeToken, emptyToken, type Token } from "../src/token.ts";
import type { Effect, Input, Instant, Origin } from "./effects.ts";
import type { PeerMessage } from "../src/messages.ts";
import { ForwardedRequest } from "./forward.ts";
import { GetRequest, type GetPlan } from "./get.ts";
import { Identity } from "./identity.ts";
import { Overload } from "./overload.ts";
import { Partitions } from "./partition.ts";
import { PutRequest, type PutPlan } from "./put.ts";
import { Recoveries } from "./recovery.ts";
import { failureOf, Self, type NodeConfig, type Place } from "./self.ts";
import { statusOf } from "./status.ts";
import type { StoreReader } from "./store.ts";

/** How long a clean stop waits for open requests. */
const drainMs = 5000;

/** Of all requests that choose nothing. */
const noOptions: RequestOptions = {};

export class Replica {
  readonly #self: Self;
  readonly #identity = new Identity();
  readonly #recoveries: Recoveries;
  readonly #partitions: Partitions;
  /** By what requests choose (`decodeOptions` makes one object of each combination), then by kind and configured bucket. */
  readonly #settled = new WeakMap<RequestOptions, Map<string, SettledOptions>>();
  readonly #overload: Overload;
  readonly #refusal: Failure;
  #phase: "serving" | "stopping" | "stopped" = "serving";
  #drainedByMs = 0;

  constructor(config: NodeConfig, store: StoreReader, now: Instant) {
    this.#self = new Self(config, store, now);
    this.#overload = new Overload(config.tuning, now.monotonicMs);
    this.#refusal = failureOf(0, overloaded(`node ${config.id} has more to do than it gets done`));
    this.#recoveries = new Recoveries(this.#self);
    this.#partitions = new Partitions(this.#self, this.#identity, (place) => this.#recoveries.note(place));
  }

  step(now: Instant, input: Input): Effect[] {
    this.#self.now = now;
    if (this.#phase !== "stopped") this.#take(input);
    if (this.#phase === "stopping") this.#stopIfDrained();
    this.#recoveries.start(this.#partitions);
    return this.#self.takeEffects();
  }

  #take(input: Input): void {
    switch (input.kind) {
      case "start":
        this.#self.requests.start(input.freshReplicaId);
        return this.#self.emit(
          this.#identity.start(this.#self.now, this.#self.store, input.freshReplicaId, input.isCopy),
        );
      case "client":
        return this.#request({ connection: input.connection }, input.message);
      case "peer":
        return this.#fromPeer(input.node, input.message);
      case "linkUp":
        return this.#self.link(input.node);
      case "linkDown":
        return this.#self.unlink(input.node);
      case "leased":
        return this.#identity.leased(input.lease);
      case "tick":
        return this.#tick(input.queuedBytes, input.lagMs);
      case "diskFull":
        return this.#diskFull(input.isFull);
      case "stop":
        this.#phase = "stopping";
        this.#drainedByMs = this.#self.now.monotonicMs + drainMs;
        return;
    }
  }

  #diskFull(isFull: boolean): void {
    this.#self.isDiskFull = isFull;
    if (isFull) this.#self.log("warn", "disk full", { refused: "writes" });
    else this.#self.log("warn", "disk has room again", {});
  }

  #tick(queuedBytes: number, lagMs: number): void {
    this.#self.requests.wakeDue(this.#self.now.monotonicMs);
    this.#watchLoad(queuedBytes, lagMs);
    const renewal = this.#identity.renewIfLow();
    if (renewal !== undefined) this.#self.emit(renewal);
  }

  #watchLoad(queuedBytes: number, lagMs: number): void {
    const { requests, now } = this.#self;
    const load = { lagMs, queuedBytes, openRequests: requests.size, finishedRequests: requests.finished };
    const isOverloaded = this.#overload.tick(now.monotonicMs, load);
    if (isOverloaded && !this.#self.isOverloaded)
      this.#self.warnRarely("overloaded", { lagMs: Math.round(lagMs), queuedBytes, openRequests: requests.size });
    this.#self.isOverloaded = isOverloaded;
  }

  #stopIfDrained(): void {
    if (this.#self.requests.size > 0 && this.#self.now.monotonicMs < this.#drainedByMs) return;
    this.#phase = "stopped";
    this.#self.emit(this.#identity.stop());
  }

  #fromPeer(node: NodeId, message: PeerMessage): void {
    switch (message.kind) {
      case "ReplicaPut":
      case "ReplicaGet":
        return this.#asReplica(node, message);
      case "Get":
      case "Put":
        return this.#request({ node }, message);
      case "Ping":
      case "PingReply":
      case "TreeRoots":
      case "TreeNodes":
      case "TreeKeys":
      case "TombstoneCheck":
      case "TombstoneDrop":
        return;
      default:
        return this.#answer(node, message);
    }
  }

  #answer(node: NodeId, message: ReplicaReply | Answer): void {
    const request = this.#self.requests.find(message.id);
    if (request === undefined) this.#self.counters.lateReplies++;
    else request.receive(node, message);
  }

  #request(origin: Origin, message: ClientRequest): void {
    try {
      if (message.kind === "Status") this.#status(origin, message.id);
      else if (this.#isTooMuch(origin)) this.#shed(origin, message.id);
      else this.#coordinate(origin, message);
    } catch (error) {
      if (!(error instanceof CoterieError)) throw error;
      this.#self.fail(origin, message.id, error);
    }
  }

  /** What another node has forwarded has been let in there, and half of its work is done. */
  #isTooMuch(origin: Origin): boolean {
    const { isOverloaded, requests } = this.#self;
    return (isOverloaded && "connection" in origin) || requests.size >= limits.requestsPerNodeMax;
  }

  /** No `throw`: an error with its stack costs as much as a request. */
  #shed(origin: Origin, id: number): void {
    this.#self.counters.shed++;
    this.#self.counters.failures++;
    this.#self.answer(origin, { ...this.#refusal, id });
  }

  /** @throws whatever refuses the request before anything of it was done */
  #coordinate(origin: Origin, message: Get | Put): void {
    if (this.#phase !== "serving") throw unavailable(`node ${this.#self.id} is stopping`, "none");
    if (message.timeoutMs <= 0) throw timedOut("no time was left for this request when it arrived", "none");
    checkKey(message.key);
    const options = this.#settle(message);
    const place = this.#self.locate(message.key);
    const primaries = this.#self.ring.primaries(place.partition, options.n);
    if (!primaries.some(({ node }) => node === this.#self.id)) return this.#forward(origin, message, primaries);
    if (message.kind === "Get") this.#get({ origin, message, place, options, primaries });
    else this.#put({ origin, message, place, options, primaries, token: tokenOf(message, place) });
  }

  #get(plan: GetPlan): void {
    this.#self.counters.gets++;
    new GetRequest(this.#self, plan).start(this.#partitions);
  }

  #put(plan: PutPlan): void {
    this.#self.counters.puts++;
    this.#refuseIfFull();
    const { value } = plan.message;
    if (value !== undefined && value.length > limits.valueBytesMax)
      throw tooLarge(`the value has ${value.length} bytes, the limit is ${limits.valueBytesMax}`);
    new PutRequest(this.#self, plan).start(this.#partitions);
  }

  #forward(origin: Origin, message: Get | Put, primaries: readonly PreferenceEntry[]): void {
    if ("node" in origin)
      throw unavailable(`${origin.node} forwarded a request for a key that ${this.#self.id} has no replica of`, "none");
    new ForwardedRequest(this.#self, origin, message, primaries).start();
  }

  #asReplica(node: NodeId, message: ReplicaPut | ReplicaGet): void {
    if (message.timeoutMs <= 0) return;
    try {
      if (message.kind === "ReplicaPut") this.#replicaPut(node, message);
      else this.#replicaGet(node, message);
    } catch (error) {
      if (!(error instanceof CoterieError)) throw error;
      this.#self.send(node, failureOf(message.id, error));
    }
  }

  #replicaPut(node: NodeId, { id, key, record, early }: ReplicaPut): void {
    this.#self.counters.replicaPuts++;
    this.#refuseIfFull();
    const durable = { kind: "ReplicaPutReply", id, durable: true } as const;
    this.#partitions.sync(this.#ownPlace(key), record, [{ kind: "send", node, message: durable }]);
    if (early) this.#self.send(node, { kind: "ReplicaPutReply", id, durable: false });
  }

  #replicaGet(node: NodeId, { id, key, have }: ReplicaGet): void {
    this.#self.counters.replicaGets++;
    const local = this.#partitions.read(this.#ownPlace(key));
    const isSame = typeof local !== "string" && have !== undefined && hasDigest(local, have);
    const answer = typeof local === "string" ? local : isSame ? "same" : "record";
    const record = typeof local === "string" || isSame ? undefined : local;
    this.#self.send(node, { kind: "ReplicaGetReply", id, answer, record });
  }

  /** Before anything is written, so that another node can be asked at once. @throws STORAGE */
  #refuseIfFull(): void {
    if (this.#self.isDiskFull) throw storage(`the disk of ${this.#self.id} is full`, { retryable: true });
  }

  /** @throws INVALID_ARGUMENT if it is no key, or this node no primary of it: then its sender's ring is not ours; TOO_LARGE */
  #ownPlace(key: Uint8Array): Place {
    checkKey(key);
    const place = this.#self.locate(key);
    const { ring, id, options } = this.#self;
    if (!ring.isPrimary(id, place.partition, replicasOf(bucketOf(key), options)))
      throw invalidArgument(`${id} is no replica of partition ${place.partition} in ring epoch ${ring.table.epoch}`);
    return place;
  }

  #settle(message: Get | Put): SettledOptions {
    const kind = message.kind === "Get" ? "get" : "put";
    const bucket = bucketOf(message.key);
    const chosen = message.options ?? noOptions;
    const slot = `${kind} ${Object.hasOwn(this.#self.options.buckets, bucket) ? bucket : ""}`;
    const known = this.#settled.get(chosen)?.get(slot);
    if (known !== undefined) return known;
    const effective = settleOptions(kind, chosen, bucket, this.#self.options);
    const settled = { ...effective, echo: encodeEffective(effective) };
    this.#settled.set(chosen, (this.#settled.get(chosen) ?? new Map<string, SettledOptions>()).set(slot, settled));
    return settled;
  }

  #status(origin: Origin, id: number): void {
    this.#self.answer(origin, {
      kind: "StatusReply",
      id,
      status: JSON.stringify(statusOf(this.#self, this.#identity)),
    });
  }
}

/** @throws BAD_CONTEXT, TOO_LARGE */
function tokenOf(message: Put, place: Place): Token {
  return message.context === undefined ? emptyToken : decodeToken(place.hash, message.context);
}
