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
import { toBinary } from "../src/bytes.ts";
import { checkChanges } from "../src/crdt/change.ts";
import { CoterieError, overloaded, retryExpired, timedOut, tooLarge, unavailable } from "../src/errors.ts";
import { checkKey } from "../src/key.ts";
import { limits } from "../src/limits.ts";
import type {
  Answer,
  ClientRequest,
  Conflicts,
  Failure,
  Get,
  PeerMessage,
  Put,
  ReplicaGet,
  ReplicaPut,
  ReplicaReply,
  Status,
  LeftoverCheck,
  LeftoverDrop,
} from "../src/messages.ts";
import { replicasMax, type SettledOptions } from "../src/options.ts";
import type { OpId } from "../src/op-id.ts";
import type { PreferenceEntry } from "../src/preference-list.ts";
import { hasDigest } from "../src/record.ts";
import type { ReplicaId } from "../src/dot.ts";
import type { NodeId } from "../src/ring.ts";
import { decodeToken, emptyToken, type Token } from "../src/token.ts";
import type { Effect, Input, Instant, Origin } from "./effects.ts";
import { ForwardedRequest } from "./forward.ts";
import { AntiEntropy } from "./anti-entropy.ts";
import { GetRequest, type GetParts, type GetPlan } from "./get.ts";
import { Hedges } from "./hedge.ts";
import { Hints } from "./hints.ts";
import { Holdings } from "./holdings.ts";
import { Identity, identityKey } from "./identity.ts";
import { Leftovers } from "./leftovers.ts";
import { Liveness } from "./liveness.ts";
import { NodeMerges } from "./merges.ts";
import { OptionSettler } from "./option-settler.ts";
import { Overload } from "./overload.ts";
import { Partitions } from "./partition.ts";
import { PutRequest, type PutPlan } from "./put.ts";
import { ReadRepairs } from "./read-repair.ts";
import { Recoveries } from "./recovery.ts";
import { Scrub } from "./scrub.ts";
import { failureOf, Self, type NodeConfig, type Place } from "./self.ts";
import { statusOf } from "./status.ts";
import type { StoreReader } from "./store.ts";
import { Versions } from "./versions.ts";

/** How long a clean stop waits for open requests. */
const drainMs = 5000;

export class Replica {
  readonly #self: Self;
  readonly #identity = new Identity();
  readonly #recoveries: Recoveries;
  readonly #partitions: Partitions;
  readonly #hints: Hints;
  readonly #holdings: Holdings;
  readonly #scrub: Scrub;
  readonly #antiEntropy: AntiEntropy;
  readonly #leftovers: Leftovers;
  readonly #liveness: Liveness;
  readonly #getParts: GetParts;
  readonly #optionSettler: OptionSettler;
  readonly #overload: Overload;
  readonly #refusal: Failure;
  #phase: "serving" | "stopping" | "stopped" = "serving";
  #drainedByMs = 0;

  constructor(config: NodeConfig, store: StoreReader, now: Instant) {
    this.#self = new Self(config, store, now);
    this.#optionSettler = new OptionSettler(config.options);
    this.#liveness = new Liveness(this.#self);
    this.#overload = new Overload(config.tuning, now.monotonicMs);
    this.#refusal = failureOf(0, overloaded(`node ${config.id} has more to do than it gets done`));
    this.#recoveries = new Recoveries(this.#self);
    const versions = new Versions(this.#self, this.#identity);
    const recover = (place: Place): void => this.#recoveries.note(place);
    this.#partitions = new Partitions(this.#self, versions, recover, (place, record, leftover) =>
      this.#leftovers.stored(place, record, leftover),
    );
    const mayTake = (bytes: number): boolean => this.#self.background.take("hints", bytes);
    this.#hints = new Hints(this.#self, versions, mayTake, (place) => this.#leftovers.hinted(place));
    this.#leftovers = new Leftovers(this.#self, this.#partitions, (place) => this.#hints.hasAny(place));
    this.#holdings = new Holdings(this.#self, this.#partitions, this.#hints);
    this.#scrub = new Scrub(this.#self, recover, (place, record) => this.#leftovers.noteRecord(place, record));
    this.#antiEntropy = new AntiEntropy(this.#self, this.#partitions);
    const repairs = new ReadRepairs(this.#self, this.#partitions);
    const merges = new NodeMerges(this.#self, config.merges);
    this.#getParts = { self: this.#self, hedges: new Hedges(this.#self), repairs, merges };
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
        return this.#start(input.freshReplicaId, input.mayBeOlder);
      case "client":
        return this.#request({ connection: input.connection }, input.message);
      case "peer":
        return this.#fromPeer(input.node, input.message);
      case "linkUp":
        this.#self.link(input.node);
        return this.#liveness.linkUp(input.node);
      case "linkDown":
        this.#self.unlink(input.node);
        return this.#liveness.linkDown(input.node);
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

  #start(freshReplicaId: ReplicaId, mayBeOlder: boolean): void {
    const { id, store, freshness, ring, options, now } = this.#self;
    this.#self.start(freshReplicaId);
    this.#liveness.start();
    this.#hints.start();
    this.#self.conflicts.start();
    const isHeld = (partition: number): boolean => ring.isPrimary(id, partition, replicasMax(options));
    const isNew = store.get("meta", identityKey) === undefined;
    const fresh = freshness.start(store, ring.table.partitions, isNew, isHeld);
    const identity = this.#identity.start(now, store, freshReplicaId, mayBeOlder);
    // One batch: an identity without it would be that of a node which has served before.
    this.#self.emit({ ...identity, writes: [...(fresh?.writes ?? []), ...identity.writes] });
  }

  #diskFull(isFull: boolean): void {
    this.#self.isDiskFull = isFull;
    if (isFull) this.#self.log("warn", "disk full", { refused: "writes" });
    else this.#self.log("warn", "disk has room again", {});
  }

  #tick(queuedBytes: number, lagMs: number): void {
    this.#self.background.refill(this.#self.now, this.#self.isOverloaded);
    this.#scrub.tick();
    // Before requests are woken: what is kept now, for somebody who was silent, is sent at a later tick.
    this.#hints.tick();
    this.#self.conflicts.tick();
    this.#self.requests.wakeDue(this.#self.now.monotonicMs);
    this.#watchLoad(queuedBytes, lagMs);
    this.#liveness.tick();
    if (this.#phase === "serving") this.#antiEntropy.tick();
    const renewal = this.#identity.renewIfLow(this.#self.now);
    if (renewal !== undefined) this.#self.emit(renewal);
    if (this.#phase === "serving") this.#leftovers.tick();
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
    const { requests, now } = this.#self;
    if (requests.size > 0 && now.monotonicMs < this.#drainedByMs) return;
    requests.wakeReleased();
    this.#phase = "stopped";
    this.#self.emit(this.#identity.stop());
  }

  #fromPeer(node: NodeId, message: PeerMessage): void {
    switch (message.kind) {
      case "ReplicaPut":
      case "ReplicaGet":
      case "LeftoverCheck":
      case "LeftoverDrop":
        return this.#asReplica(node, message);
      case "Get":
      case "Put":
        return this.#request({ node }, message);
      case "Ping":
        return this.#liveness.ping(node, message);
      case "PingReply":
        return this.#liveness.pingReply(node, message);
      case "TreeRoots":
      case "TreeNodes":
      case "TreeKeys":
        return this.#antiEntropy.answer(node, message);
      default:
        return this.#answer(node, message);
    }
  }

  #answer(node: NodeId, message: ReplicaReply | Answer): void {
    this.#liveness.heard(node);
    const request = this.#self.requests.find(message.id);
    if (request === undefined) this.#self.counters.lateReplies++;
    else request.receive(node, message);
  }

  #request(origin: Origin, message: ClientRequest): void {
    try {
      if (message.kind === "Status") this.#status(origin, message);
      else if (message.kind === "Settled") this.#self.settledOperations.note(toBinary(message.op), message.settled);
      else if (this.#isTooMuch(origin)) this.#shed(origin, message.id);
      else if (message.kind === "Conflicts") this.#listConflicts(origin, message);
      else this.#coordinate(origin, message);
    } catch (error) {
      if (!(error instanceof CoterieError)) throw error;
      this.#self.fail(origin, message.id, error);
    }
  }

  /** What another node has forwarded has been let in there, and half of its work is done. */
  #isTooMuch(origin: Origin): boolean {
    const { isOverloaded, requests } = this.#self;
    const isRefused = isOverloaded || this.#self.whim("refuses for overload");
    return (isRefused && "connection" in origin) || requests.unanswered >= limits.requestsPerNodeMax;
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
    const options = this.#optionSettler.settle(message);
    const place = this.#self.locate(message.key);
    const primaries = this.#self.ring.primaries(place.partition, options.n);
    if (!this.#mayCoordinate(primaries, options)) return this.#forward(origin, message, primaries);
    if (message.kind === "Get")
      this.#get({ origin, message, place, options, primaries, local: this.#holdings.read(place) });
    else this.#put({ origin, message, place, options, primaries });
  }

  /** As a primary; and, when the request is sloppy and none of them can be reached, as a stand-in. */
  #mayCoordinate(primaries: readonly PreferenceEntry[], { sloppy }: SettledOptions): boolean {
    if (primaries.some(({ node }) => node === this.#self.id)) return true;
    return sloppy && !primaries.some(({ node }) => this.#self.canReach(node));
  }

  #get(plan: GetPlan): void {
    this.#self.counters.gets++;
    new GetRequest(this.#getParts, plan).start();
  }

  #put(plan: PutPlan): void {
    const { message, place, options } = plan;
    const { value, changes } = message;
    const token = tokenOf(message, place);
    const op = toBinary(message.op);
    this.#self.counters.puts++;
    this.#self.refuseIfFull();
    this.#refuseIfOver(op, message);
    if (changes !== undefined) checkChanges(changes);
    if (value !== undefined && value.length > limits.valueBytesMax)
      throw tooLarge(`the value has ${value.length} bytes, the limit is ${limits.valueBytesMax}`);
    const update = { op, value, token, changes, isLww: options.resolver === "lww" };
    new PutRequest(this.#self, plan, this.#holdings).start(update);
  }

  /** @throws RETRY_EXPIRED on a try that comes when nobody remembers any more whether there were others */
  #refuseIfOver(op: OpId, { ageMs, settled }: Put): void {
    const { settledOperations, tuning } = this.#self;
    settledOperations.note(op, settled);
    if (ageMs > tuning.retryWindowMs)
      throw retryExpired(
        `this operation was begun ${ageMs} ms ago, and can be tried again for ${tuning.retryWindowMs} ms`,
      );
    if (settledOperations.isSettled(op)) throw retryExpired("its client has said that this operation is over");
  }

  #forward(origin: Origin, message: Get | Put, primaries: readonly PreferenceEntry[]): void {
    if ("node" in origin)
      throw unavailable(`${origin.node} forwarded a request for a key that ${this.#self.id} has no replica of`, "none");
    new ForwardedRequest(this.#self, origin, message, primaries).start();
  }

  #asReplica(node: NodeId, message: ReplicaPut | ReplicaGet | LeftoverCheck | LeftoverDrop): void {
    if ("timeoutMs" in message && message.timeoutMs <= 0) return;
    try {
      if (message.kind === "ReplicaPut") this.#replicaPut(node, message);
      else if (message.kind === "ReplicaGet") this.#replicaGet(node, message);
      else this.#leftovers.receive(node, message);
    } catch (error) {
      if (!(error instanceof CoterieError)) throw error;
      this.#self.send(node, failureOf(message.id, error));
    }
  }

  #replicaPut(node: NodeId, { id, key, record, early, standsFor }: ReplicaPut): void {
    this.#self.counters.replicaPuts++;
    checkKey(key);
    this.#self.refuseIfFull();
    const durable = { kind: "ReplicaPutReply", id, durable: true } as const;
    this.#holdings.sync(this.#self.locate(key), record, standsFor, [{ kind: "send", node, message: durable }]);
    if (early) this.#self.send(node, { kind: "ReplicaPutReply", id, durable: false });
  }

  /** A node that is no replica of the key may be asked as well: it may stand in for one. */
  #replicaGet(node: NodeId, { id, key, have, durable }: ReplicaGet): void {
    this.#self.counters.replicaGets++;
    checkKey(key);
    const local = this.#holdings.read(this.#self.locate(key));
    const mayBeSame = have !== undefined && !this.#self.whim("answers in full");
    const isSame = mayBeSame && typeof local !== "string" && hasDigest(local, have);
    const answer = typeof local === "string" ? local : isSame ? "same" : "record";
    const record = typeof local === "string" || isSame ? undefined : local;
    const message = { kind: "ReplicaGetReply", id, answer, record } as const;
    if (durable) this.#self.emit({ kind: "persist", writes: [], then: [{ kind: "send", node, message }] });
    else this.#self.send(node, message);
  }

  #listConflicts(origin: Origin, { id, bucket, key, from }: Conflicts): void {
    this.#self.answer(origin, { kind: "ConflictsReply", id, ...this.#self.conflicts.page(bucket, key, from) });
  }

  #status(origin: Origin, { id, partitions }: Status): void {
    const parts = {
      identity: this.#identity,
      liveness: this.#liveness,
      hints: this.#hints,
      antiEntropy: this.#antiEntropy,
      scrub: this.#scrub,
      leftovers: this.#leftovers,
    };
    const status = JSON.stringify(statusOf(this.#self, parts, partitions === true));
    this.#self.answer(origin, { kind: "StatusReply", id, status });
  }
}

/** @throws BAD_CONTEXT, TOO_LARGE */
function tokenOf(message: Put, place: Place): Token {
  return message.context === undefined ? emptyToken : decodeToken(place.hash, message.context);
}
