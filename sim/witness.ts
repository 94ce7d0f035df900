/**
 * Stands at every node's door and turns what goes in and out into observations: which dot was issued for which operation, who
 * really holds what it says it holds, and whose answers a coordinator may count.
 *
 * It believes no reply. A vote is an answer that reached the coordinator *and* that its sender had good reason to give to this
 * very request: looked up on the sender's disk at the moment of sending, and entered in a ledger under the coordinator's
 * incarnation. The incarnation matters: a node may number its requests anew after every start.
 */
import { toBinary } from "../src/bytes.ts";
import {
  addDot,
  contains,
  contextOf,
  dotsOf,
  emptyContext,
  includes,
  joinContexts,
  type CausalContext,
} from "../src/causal-context.ts";
import { CoterieError } from "../src/errors.ts";
import { formatKey, hashKey } from "../src/key.ts";
import type { Answer, Get, Put, ReplicaGet, ReplicaGetReply, ReplicaPut } from "../src/messages.ts";
import { plainPath } from "../src/crdt/path.ts";
import { changesByOp, observedBy, replacedBy, valueOf } from "./elements.ts";
import { emptyObject, has, isIncluded, type StoredObject } from "../src/object.ts";
import { encodeRecord, hasDigest, isSameState } from "../src/record.ts";
import type { NodeId } from "../src/ring.ts";
import { decodeToken } from "../src/token.ts";
import type { Effect, Input, Persist } from "../node/effects.ts";
import type { PeerMessage } from "../src/messages.ts";
import type { NodeConfig } from "../node/self.ts";
import type { Table, Write } from "../node/store.ts";
import type { Issue, Observation, Served, Writing } from "./observation.ts";
import { Decoded } from "./decoded.ts";
import {
  createdInHint,
  hintKeyOf,
  isFresh,
  planOf,
  primariesOf,
  recordInHint,
  storeKeyOf,
  targetAndKeyIn,
} from "./place.ts";
import {
  isAnswer,
  isHint,
  isObject,
  isObjectBatch,
  isReplicaRequest,
  isRequest,
  messageOf,
  repliesIn,
} from "./speech.ts";
import { dotsBeyond, joined, joinOf } from "./states.ts";
import { Told } from "./told.ts";

/** A node as the witness sees it. */
export interface Witnessed {
  readonly id: NodeId;
  readonly config: NodeConfig;
  readonly disk: number;
  readonly incarnation: number;
  /** Names the node in this start of it. */
  readonly life: string;
  /** What its clock says. */
  readonly wallMs: number;
  /** What is under a key as the node reads it. */
  seen(table: Table, key: Uint8Array): Uint8Array | undefined;
  /** What is under a key and would survive a crash now. */
  durable(table: Table, key: Uint8Array): Uint8Array | undefined;
  seenHints(): Iterable<Uint8Array>;
}

/** An answer that a node will give: to whom, and about what. */
interface Pledge {
  /** The coordinator's number for its request. */
  readonly number: string;
  readonly key: Uint8Array;
  readonly said: StoredObject | undefined;
  /** It is the one that should have it, and the node keeps it as a hint. */
  readonly standsFor: NodeId | undefined;
  /** What the node had when it read: its answer may have to wait for the disk. */
  readonly read: Read | undefined;
}

interface Read {
  readonly held: Served["held"];
  readonly isFresh: boolean;
  readonly record: Uint8Array | undefined;
  /** What the coordinator says that it has itself. */
  readonly have: Uint8Array | undefined;
}

/** Of an event. */
const nothingWritten = { op: undefined, seen: emptyContext, value: undefined, timestamp: undefined } as const;

/** Where a node notes which of its partitions are fresh. */
const freshnessKey = Uint8Array.of(2);

export class Witness {
  readonly #report: (observation: Observation) => void;
  /** Requests under the numbers that replicas answer to, and under those that the askers gave. */
  readonly #byNumber = new Map<string, string>();
  readonly #byAsker = new Map<string, { readonly request: string; readonly keyHash: bigint }>();
  /** Until they are redeemed. */
  readonly #pledges = new Map<Effect, Pledge>();
  /** What was true when it was sent, by `number voter`. */
  readonly #ledger = new Map<string, { readonly isDurable: boolean; readonly standsFor: NodeId | undefined }>();
  readonly #decoded = new Decoded();
  readonly #told = new Told();
  /** By node, in this start of it. */
  readonly #latestMs = new Map<string, number>();
  /** What was removed of a node's hints, by node, target and key: it may answer for it a little later. */
  readonly #handedOff = new Map<string, StoredObject>();
  /** Every dot that was issued, by key. */
  readonly #issued = new Map<string, CausalContext>();
  #requestCount = 0;
  #nodes: readonly Witnessed[] = [];

  constructor(report: (observation: Observation) => void) {
    this.#report = report;
  }

  /** All nodes there are. */
  watch(nodes: readonly Witnessed[]): void {
    this.#nodes = nodes;
  }

  observe(observation: Observation): void {
    this.#report(observation);
  }

  /**
   * A node took a step; its effects have not been applied yet.
   * @param peerIncarnation of the node that a peer's message came from
   */
  stepped(node: Witnessed, input: Input, effects: readonly Effect[], peerIncarnation: number): void {
    this.#latestMs.set(node.life, Math.max(this.#latestMs.get(node.life) ?? 0, node.wallMs));
    this.#told.hear(node.life, input, effects, (record) => this.decode(record)?.context);
    if (input.kind === "client") {
      const { message } = input;
      if (message.kind === "Get" || message.kind === "Put") this.#asked(node, `c${input.connection}`, message, effects);
    } else if (input.kind === "peer") this.#heard(node, input.node, input.message, effects, peerIncarnation);
  }

  /** A record is about to rot or to vanish: a request that has read it may still hold it, and write it again (seed 30847). */
  damaging(node: Witnessed, key: Uint8Array): void {
    const object = this.decode(node.seen("objects", storeKeyOf(node, key)));
    if (object !== undefined) this.#told.learn(node.life, formatKey(key), object.context);
  }

  /** A batch is about to be handed to the disk. */
  persisting(node: Witnessed, input: Input | undefined, batch: Persist): void {
    for (const write of batch.writes) {
      if (write.table === "objects") this.#storing(node, input, write);
      if (write.table === "hints") this.#hinting(node, input, write);
    }
  }

  /** An effect that speaks to somebody is being applied, at once or after its batch. */
  released(node: Witnessed, effect: Effect): void {
    const pledge = this.#pledges.get(effect);
    if (pledge !== undefined) {
      this.#pledges.delete(effect);
      this.#redeem(node, pledge, messageOf(effect)!);
    }
    if (effect.kind === "reply") this.#answered(`${node.life} c${effect.connection}`, effect.message);
    if (effect.kind === "send" && isAnswer(effect.message))
      this.#answered(`${node.life} ${effect.node}`, effect.message);
  }

  /** A record that is sound; `undefined` also for one that is not. */
  decode(record: Uint8Array | undefined): StoredObject | undefined {
    return record === undefined ? undefined : this.#decoded.object(record);
  }

  /** Equal for records of the same bytes. */
  hash(record: Uint8Array): bigint {
    return this.#decoded.hash(record);
  }

  #heard(node: Witnessed, from: NodeId, message: PeerMessage, effects: readonly Effect[], incarnation: number): void {
    switch (message.kind) {
      case "Get":
      case "Put":
        return this.#asked(node, from, message, effects);
      case "ReplicaPut":
      case "ReplicaGet":
        return this.#pledge(node, `${from}.${incarnation}#${message.id}`, message, effects);
      case "ReplicaPutReply":
        return this.#vote(node, from, message.id, message.durable, undefined);
      case "ReplicaGetReply":
        if (message.answer !== "missing")
          this.#vote(node, from, message.id, false, this.decode(message.record), message.answer === "fresh");
        return;
      default:
        return;
    }
  }

  #asked(node: Witnessed, asker: string, message: Get | Put, effects: readonly Effect[]): void {
    const isForwarded = effects.some((effect) => effect.kind === "send" && isRequest(effect.message));
    const plan = isForwarded ? undefined : planOf(node, message);
    if (plan === undefined) return;
    const request = `${node.life}/${++this.#requestCount}`;
    this.#byAsker.set(`${node.life} ${asker} #${message.id}`, { request, keyHash: hashKey(message.key) });
    const write = message.kind === "Put" && { write: writingOf(message) };
    this.#report({ kind: "coordinated", request, node: node.id, key: formatKey(message.key), ...plan, ...write });
    if (message.kind === "Get") this.#readsItself(node, request, message.key);
    else if (effects.some(isObjectBatch)) this.#writesItself(node, request, message.key, effects);
    const replies = repliesIn(effects);
    // A get may repair somebody in the same step, under another number: only its questions bear its own.
    const number =
      message.kind === "Get"
        ? replies.find((reply) => reply.message.kind === "ReplicaGet")
        : (replies.find((reply) => reply.effect.kind === "deliver") ?? replies.find(isReplicaRequest));
    if (number === undefined || !("id" in number.message)) return;
    const name = `${node.life}#${number.message.id}`;
    this.#byNumber.set(name, request);
    if (message.kind === "Put") this.#pledgeItself(node, name, message.key, effects);
  }

  #readsItself(node: Witnessed, request: string, key: Uint8Array): void {
    const held = this.#held(node, key);
    if (held === "bad record") return;
    const object = held === "absent" ? undefined : held;
    const isFreshHere = held === "absent" && this.#isFresh(node, key);
    this.#report({ kind: "voted", request, voter: node.id, isDurable: false, object, isFresh: isFreshHere });
  }

  #writesItself(node: Witnessed, request: string, key: Uint8Array, effects: readonly Effect[]): void {
    const standsFor = this.#standsFor(node, key, writesIn(effects));
    this.#report({ kind: "voted", request, voter: node.id, isDurable: false, object: undefined, standsFor });
  }

  /** What a node holds of a key for whoever asks: as its primary, or in the place of others. */
  #held(node: Witnessed, key: Uint8Array): StoredObject | "bad record" | "absent" {
    if (!primariesOf(node, key).includes(node.id)) return joinOf(this.#hintsOf(node, key)) ?? "absent";
    const record = node.seen("objects", storeKeyOf(node, key));
    return record === undefined ? "absent" : (this.decode(record) ?? "bad record");
  }

  #hintsOf(node: Witnessed, key: Uint8Array): (StoredObject | undefined)[] {
    return primariesOf(node, key).map((target) => this.#hint(node.seen("hints", hintKeyOf(node, target, key))));
  }

  #hint(value: Uint8Array | undefined): StoredObject | undefined {
    return value === undefined ? undefined : this.decode(recordInHint(value));
  }

  #isFresh(node: Witnessed, key: Uint8Array): boolean {
    const isPrimary = primariesOf(node, key).includes(node.id);
    return isPrimary && isFresh(node, node.seen("meta", freshnessKey), key);
  }

  #pledgeItself(node: Witnessed, number: string, key: Uint8Array, effects: readonly Effect[]): void {
    const writes = writesIn(effects);
    const standsFor = this.#standsFor(node, key, writes);
    const written = writes.find(isObject)?.value;
    const said =
      standsFor === undefined
        ? this.decode(written ?? node.seen("objects", storeKeyOf(node, key)))
        : this.#hint(writes.find(isHint)?.value ?? node.seen("hints", hintKeyOf(node, standsFor, key)));
    for (const { effect } of repliesIn(effects))
      if (effect.kind === "deliver") this.#pledges.set(effect, { number, key, said, standsFor, read: undefined });
  }

  /** Whom a node that coordinates a put writes it for; nobody if it is a primary itself. */
  #standsFor(node: Witnessed, key: Uint8Array, writes: readonly Write[]): NodeId | undefined {
    const primaries = primariesOf(node, key);
    if (primaries.includes(node.id)) return undefined;
    const written = writes.find(isHint);
    if (written !== undefined) return targetAndKeyIn(written.key)[0];
    return primaries.find((target) => node.seen("hints", hintKeyOf(node, target, key)) !== undefined);
  }

  #pledge(node: Witnessed, number: string, message: ReplicaPut | ReplicaGet, effects: readonly Effect[]): void {
    const said = message.kind === "ReplicaPut" ? this.decode(message.record) : undefined;
    const standsFor = message.kind === "ReplicaPut" ? message.standsFor : undefined;
    const read = message.kind === "ReplicaGet" ? this.#readOf(node, message) : undefined;
    for (const { effect } of repliesIn(effects))
      this.#pledges.set(effect, { number, key: message.key, said, standsFor, read });
  }

  #readOf(node: Witnessed, { key, have }: ReplicaGet): Read {
    const state = this.#held(node, key);
    const isPrimary = primariesOf(node, key).includes(node.id);
    const joined = isPrimary || typeof state === "string" ? undefined : encodeRecord(hashKey(key), state);
    const record = isPrimary ? node.seen("objects", storeKeyOf(node, key)) : joined;
    return { held: typeof state === "string" ? state : "record", isFresh: this.#isFresh(node, key), record, have };
  }

  /** What the node says now is compared with what it has now, or had when it read. */
  #redeem(node: Witnessed, pledge: Pledge, message: PeerMessage): void {
    if (message.kind === "ReplicaPutReply" && pledge.said !== undefined)
      this.#redeemPut(node, pledge, pledge.said, message.durable);
    else if (message.kind === "ReplicaGetReply") this.#redeemGet(node, pledge, message);
  }

  #redeemPut(node: Witnessed, { number, key, standsFor }: Pledge, said: StoredObject, isDurable: boolean): void {
    const entry = `${number} ${node.id}`;
    const read = (table: Table, at: Uint8Array): Uint8Array | undefined =>
      isDurable ? node.durable(table, at) : node.seen(table, at);
    const held =
      standsFor === undefined
        ? this.decode(read("objects", storeKeyOf(node, key)))
        : joinOf([
            this.#hint(read("hints", hintKeyOf(node, standsFor, key))),
            this.#handedOff.get(`${node.id} ${standsFor} ${formatKey(key)}`),
          ]);
    this.#report({ kind: "acknowledged", node: node.id, key: formatKey(key), isDurable, said, held, standsFor });
    if (held !== undefined && isIncluded(said, held) && this.#ledger.get(entry)?.isDurable !== true)
      this.#ledger.set(entry, { isDurable, standsFor });
  }

  #redeemGet(node: Witnessed, { number, key, read }: Pledge, { answer, record }: ReplicaGetReply): void {
    if (read === undefined) return;
    const { held, isFresh: isFreshHere, record: own, have } = read;
    const isWhole =
      own !== undefined &&
      (answer === "same"
        ? have !== undefined && hasDigest(own, have)
        : record !== undefined && isSameState(own, record));
    const said = { answer, held, isFresh: isFreshHere, isWhole };
    this.#report({ kind: "served", node: node.id, key: formatKey(key), ...said });
    if (read.held !== "bad record")
      this.#ledger.set(`${number} ${node.id}`, { isDurable: false, standsFor: undefined });
  }

  #vote(
    node: Witnessed,
    voter: NodeId,
    id: number,
    isDurable: boolean,
    object: StoredObject | undefined,
    isFreshThere: boolean = false,
  ): void {
    const number = `${node.life}#${id}`;
    const request = this.#byNumber.get(number);
    const entry = this.#ledger.get(`${number} ${voter}`);
    if (request === undefined || entry === undefined) return;
    this.#report({
      kind: "voted",
      request,
      voter,
      isDurable: isDurable && entry.isDurable,
      object,
      standsFor: entry.standsFor,
      isFresh: isFreshThere,
    });
  }

  #answered(asker: string, message: Answer): void {
    const asked = this.#byAsker.get(`${asker} #${message.id}`);
    if (asked === undefined) return;
    this.#byAsker.delete(`${asker} #${message.id}`);
    const { request, keyHash } = asked;
    const covers = message.kind === "PutReply" && { covers: contextIn(keyHash, message.context) };
    this.#report({ kind: "answered", request, message, ...covers });
  }

  #storing(node: Witnessed, input: Input | undefined, write: Write): void {
    const keyBytes = write.key.subarray(2);
    const key = formatKey(keyBytes);
    const before = this.decode(node.seen("objects", write.key));
    const after = this.decode(write.value);
    if (write.value === undefined) return this.#collecting(node, keyBytes, before);
    const own = before ?? emptyObject;
    if (after !== undefined) this.#findIssues(node, input, key, own, after, own.context);
    const isHealing = before === undefined && node.seen("objects", write.key) !== undefined;
    this.#report({ kind: "stored", node: node.id, key, before, after, isHealing });
  }

  #collecting(node: Witnessed, key: Uint8Array, before: StoredObject | undefined): void {
    const owners = new Set(primariesOf(node, key));
    const primaries = this.#nodes
      .filter(({ id }) => owners.has(id))
      .map((other) => [other.id, this.decode(other.seen("objects", storeKeyOf(node, key)))] as const);
    const hinting = this.#nodes.filter((other) => this.#hintsOf(other, key).some((hint) => hint !== undefined));
    this.#report({
      kind: "collected",
      node: node.id,
      key: formatKey(key),
      before,
      primaries: new Map(primaries),
      hinting: hinting.map(({ id }) => id),
    });
  }

  #hinting(node: Witnessed, input: Input | undefined, write: Write): void {
    const [target, keyBytes] = targetAndKeyIn(write.key);
    const key = formatKey(keyBytes);
    const old = node.seen("hints", write.key);
    const before = this.#hint(old);
    const after = this.#hint(write.value);
    // Whoever mints on hints sees all of them, whomever they are for, and as a primary its own record too.
    const own = this.decode(node.seen("objects", storeKeyOf(node, keyBytes)));
    const held = joinOf([...this.#hintsOf(node, keyBytes), own]) ?? emptyObject;
    // A request keeps its record in memory too: what it makes a hint of later may have left this disk meanwhile.
    const known = { ...held, context: joinContexts(held.context, this.#issued.get(key) ?? emptyContext) };
    if (after !== undefined) this.#findIssues(node, input, key, known, after, held.context);
    if (before !== undefined && after === undefined) {
      const name = `${node.id} ${target} ${key}`;
      this.#handedOff.set(name, joined(this.#handedOff.get(name), before));
    }
    let bytes = sizeOf(write.value) - sizeOf(old);
    for (const hint of node.seenHints()) bytes += sizeOf(hint);
    const { hintAgeMsMax: ageMsMax, hintBytesMax: bytesMax } = node.config.tuning;
    // By the latest that its clock has ever shown: it may have gone back since the hint was found too old.
    const ageMs = old === undefined ? 0 : (this.#latestMs.get(node.life) ?? node.wallMs) - createdInHint(old);
    this.#report({ kind: "hinted", node: node.id, target, key, before, after, ageMs, ageMsMax, bytes, bytesMax });
  }

  /** The dots that are new here and did not come in: they were minted in this step. */
  #findIssues(
    node: Witnessed,
    input: Input | undefined,
    key: string,
    before: StoredObject,
    after: StoredObject,
    held: CausalContext,
  ): void {
    const put = putIn(input);
    const seen = put === undefined ? emptyContext : seenBy(put);
    const by = { node: node.id, disk: node.disk, incarnation: node.incarnation, key };
    const told = this.#told.of(node.life, key);
    let known = joinContexts(joinContexts(before.context, seen), told);
    if (put?.changes !== undefined) {
      const observed = observedBy(put.changes);
      this.#report({
        kind: "dropped",
        node: node.id,
        key,
        op: toBinary(put.op),
        observed,
        unheld: unheldIn(observed, held),
      });
      known = joinContexts(known, observed);
    }
    for (const issue of put === undefined ? [] : issuesOf(put, seen, before, after)) {
      this.#issue({ kind: "issue", ...by, ...issue, unheld: unheldIn(issue.seen, held) });
      known = addDot(known, issue.dot);
    }
    if (includes(known, after.context)) return;
    for (const dot of dotsOf(after.context))
      if (!contains(known, dot)) this.#issue({ kind: "issue", ...by, dot, ...nothingWritten });
  }

  #issue(issue: Issue): void {
    this.#issued.set(issue.key, addDot(this.#issued.get(issue.key) ?? emptyContext, issue.dot));
    this.#report(issue);
  }
}

function putIn(input: Input | undefined): Put | undefined {
  if (input?.kind !== "client" && input?.kind !== "peer") return undefined;
  return input.message.kind === "Put" ? input.message : undefined;
}

/** The elements of a put that are new here. The client's value, not the record's: whether that is the same, I1 and I6 say. */
function issuesOf(
  put: Put,
  seen: CausalContext,
  before: StoredObject,
  after: StoredObject,
): Omit<Issue, "kind" | "node" | "disk" | "incarnation" | "key">[] {
  const op = toBinary(put.op);
  const changes = put.changes && changesByOp(op, put.changes);
  const added = after.siblings.filter((sibling) => !has(before, sibling.dot));
  const own = added.filter((sibling) => (changes === undefined ? sibling.op === op : changes.has(sibling.op)));
  if (own.length === 0) return [];
  const replaced = replacedBy(put, seen, before, after);
  return own.map(({ dot, op: its, path, value, timestamp }) => {
    const change = changes?.get(its);
    const expected = change === undefined ? put.value : valueOf(change, value);
    const amount = change?.kind === "increment" && { amount: change.amount };
    return { dot, op: its, seen: replaced, value: expected, timestamp, ...(path !== plainPath && { path }), ...amount };
  });
}

function unheldIn(seen: CausalContext, held: CausalContext): CausalContext | undefined {
  return includes(held, seen) ? undefined : contextOf(dotsBeyond(held, seen));
}

function writingOf(put: Put): Writing {
  const { op, changes, ageMs } = put;
  return { op: toBinary(op), seen: seenBy(put), changes, ageMs };
}

/** What cannot be read a node refuses. */
function seenBy({ key, context }: Put): CausalContext {
  return (context === undefined ? undefined : contextIn(hashKey(key), context)) ?? emptyContext;
}

function contextIn(keyHash: bigint, token: Uint8Array): CausalContext | undefined {
  try {
    return decodeToken(keyHash, token).context;
  } catch (error) {
    if (error instanceof CoterieError) return undefined;
    throw error;
  }
}

function writesIn(effects: readonly Effect[]): readonly Write[] {
  return effects.flatMap((effect) => (effect.kind === "persist" ? effect.writes : []));
}

function sizeOf(hint: Uint8Array | undefined): number {
  return hint === undefined ? 0 : recordInHint(hint).length;
}
