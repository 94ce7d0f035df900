/**
 * Stands at every node's door and turns what goes in and out into observations: which dot was issued for which operation, who
 * really holds what it says it holds, and whose answers a coordinator may count.
 *
 * It believes no reply. A vote is an answer that reached the coordinator *and* that its sender had good reason to give to this
 * very request: looked up on the sender's disk at the moment of sending, and entered in a ledger under the coordinator's
 * incarnation. The incarnation matters: a node may number its requests anew after every start.
 */
import { MalformedBytes, toBinary } from "../src/bytes.ts";
import {
  addDot,
  contains,
  dotsOf,
  emptyContext,
  includes,
  joinContexts,
  type CausalContext,
} from "../src/causal-context.ts";
import { formatDot } from "../src/dot.ts";
import { CoterieError } from "../src/errors.ts";
import { bucketOf, formatKey, hashKey } from "../src/key.ts";
import type { Answer, Get, Put, ReplicaGet, ReplicaPut } from "../src/messages.ts";
import { emptyObject, has, isIncluded, sync, type StoredObject } from "../src/object.ts";
import { replicasOf, settleOptions } from "../src/options.ts";
import { decodeRecord, recordProblem } from "../src/record.ts";
import { partitionOf, type NodeId } from "../src/ring.ts";
import { decodeToken } from "../src/token.ts";
import type { Effect, Input, Persist } from "../node/effects.ts";
import type { PeerMessage } from "../src/messages.ts";
import type { NodeConfig } from "../node/self.ts";
import type { Write } from "../node/store.ts";
import type { Observation } from "./observation.ts";

/** A node as the witness sees it. */
export interface Witnessed {
  readonly id: NodeId;
  readonly config: NodeConfig;
  readonly disk: number;
  readonly incarnation: number;
  /** The record of a key as the node reads it. */
  seen(storeKey: Uint8Array): Uint8Array | undefined;
  /** The record of a key that would survive a crash now. */
  durable(storeKey: Uint8Array): Uint8Array | undefined;
  /** The same for the records that it keeps for others. */
  seenHints(storeKey: Uint8Array): readonly Uint8Array[];
  durableHints(storeKey: Uint8Array): readonly Uint8Array[];
}

/** An answer that a node will give: to whom, and about what. */
interface Pledge {
  /** The coordinator's number for its request. */
  readonly number: string;
  readonly key: Uint8Array;
  readonly said: StoredObject | undefined;
}

type Reply = { readonly effect: Effect; readonly message: PeerMessage };

export class Witness {
  readonly #report: (observation: Observation) => void;
  /** Requests under the numbers that replicas answer to, and under those that the askers gave. */
  readonly #byNumber = new Map<string, string>();
  readonly #byAsker = new Map<string, string>();
  readonly #pledges = new WeakMap<Effect, Pledge>();
  /** What was true when it was sent, by `number voter`. */
  readonly #ledger = new Map<string, "memory" | "disk">();
  readonly #decoded = new WeakMap<Uint8Array, StoredObject | "bad record">();
  /** What stand-ins have given to the primaries they stood for, by node and key: they still answer for it. */
  readonly #handedOff = new Map<string, StoredObject>();
  /** All dots that were ever seen to be issued. */
  readonly #issued = new Set<string>();
  #requestCount = 0;

  constructor(report: (observation: Observation) => void) {
    this.#report = report;
  }

  observe(observation: Observation): void {
    this.#report(observation);
  }

  /**
   * A node took a step; its effects have not been applied yet.
   * @param peerIncarnation of the node that a peer's message came from
   */
  stepped(node: Witnessed, input: Input, effects: readonly Effect[], peerIncarnation: number): void {
    if (input.kind === "client") {
      if (input.message.kind !== "Status") this.#asked(node, `c${input.connection}`, input.message, effects);
    } else if (input.kind === "peer") this.#heard(node, input.node, input.message, effects, peerIncarnation);
  }

  /** A batch is about to be handed to the disk. */
  persisting(node: Witnessed, input: Input | undefined, batch: Persist): void {
    for (const write of batch.writes) {
      if (write.table === "objects") this.#storing(node, input, write);
      if (write.table === "hints") this.#keeping(node, input, write);
    }
  }

  /** An effect that speaks to somebody is being applied, at once or after its batch. */
  released(node: Witnessed, effect: Effect): void {
    const pledge = this.#pledges.get(effect);
    if (pledge !== undefined) this.#redeem(node, pledge, messageOf(effect)!);
    if (effect.kind === "reply") this.#answered(`${nameOf(node)} c${effect.connection}`, effect.message);
    if (effect.kind === "send" && isAnswer(effect.message))
      this.#answered(`${nameOf(node)} ${effect.node}`, effect.message);
  }

  /** A record that is sound; `undefined` also for one that is not. */
  decode(record: Uint8Array | undefined): StoredObject | undefined {
    const decoded = record === undefined ? undefined : this.#decodedOf(record);
    return decoded === "bad record" ? undefined : decoded;
  }

  #heard(node: Witnessed, from: NodeId, message: PeerMessage, effects: readonly Effect[], incarnation: number): void {
    switch (message.kind) {
      case "Get":
      case "Put":
        return this.#asked(node, from, message, effects);
      case "ReplicaPut":
      case "ReplicaGet":
        return this.#pledge(`${from}.${incarnation}#${message.id}`, message, effects);
      case "ReplicaPutReply":
        return this.#vote(node, from, message.id, message.durable, undefined);
      case "ReplicaGetReply":
        if (message.answer !== "missing") this.#vote(node, from, message.id, false, this.decode(message.record));
        return;
      default:
        return;
    }
  }

  #asked(node: Witnessed, asker: string, message: Get | Put, effects: readonly Effect[]): void {
    const isForwarded = effects.some((effect) => effect.kind === "send" && isRequest(effect.message));
    const plan = isForwarded ? undefined : planOf(node, message);
    if (plan === undefined) return;
    const request = `${nameOf(node)}/${++this.#requestCount}`;
    this.#byAsker.set(`${nameOf(node)} ${asker} #${message.id}`, request);
    this.#report({ kind: "coordinated", request, node: node.id, key: formatKey(message.key), ...plan });
    if (message.kind === "Get") this.#readsItself(node, request, message.key);
    else if (effects.some(isObjectBatch))
      this.#report({ kind: "voted", request, voter: node.id, isDurable: false, object: undefined });
    const replies = repliesIn(effects);
    const number = replies.find((reply) => reply.effect.kind === "deliver") ?? replies.find(isReplicaRequest);
    if (number === undefined || !("id" in number.message)) return;
    const name = `${nameOf(node)}#${number.message.id}`;
    this.#byNumber.set(name, request);
    if (message.kind === "Put") this.#pledgeItself(node, name, message.key, effects);
  }

  #readsItself(node: Witnessed, request: string, key: Uint8Array): void {
    const own = isPrimary(node, key) ? this.decode(node.seen(storeKeyOf(node, key))) : undefined;
    const object = isPrimary(node, key) ? own : this.#held(node, key, false);
    if (node.seen(storeKeyOf(node, key)) === undefined || object !== undefined)
      this.#report({ kind: "voted", request, voter: node.id, isDurable: false, object });
  }

  #pledgeItself(node: Witnessed, number: string, key: Uint8Array, effects: readonly Effect[]): void {
    const writes = effects.flatMap((effect) => (effect.kind === "persist" ? effect.writes : []));
    const written = writes.find(isObject)?.value ?? recordOfHint(writes.find(isHint)?.value);
    const said = written === undefined ? this.#held(node, key, false) : this.decode(written);
    for (const { effect } of repliesIn(effects))
      if (effect.kind === "deliver") this.#pledges.set(effect, { number, key, said });
  }

  #pledge(number: string, message: ReplicaPut | ReplicaGet, effects: readonly Effect[]): void {
    const said = message.kind === "ReplicaPut" ? this.decode(message.record) : undefined;
    for (const { effect } of repliesIn(effects)) this.#pledges.set(effect, { number, key: message.key, said });
  }

  /** What the node says now is compared with what it has now. */
  #redeem(node: Witnessed, { number, key, said }: Pledge, message: PeerMessage): void {
    const storeKey = storeKeyOf(node, key);
    const entry = `${number} ${node.id}`;
    const about = { node: node.id, key: formatKey(key) };
    if (message.kind === "ReplicaPutReply" && said !== undefined) {
      const held = joined(this.#held(node, key, message.durable), this.#handedOff.get(`${node.id} ${about.key}`));
      this.#report({ kind: "acknowledged", ...about, isDurable: message.durable, said, held });
      if (held !== undefined && isIncluded(said, held) && this.#ledger.get(entry) !== "disk")
        this.#ledger.set(entry, message.durable ? "disk" : "memory");
    } else if (message.kind === "ReplicaGetReply") {
      const isBad =
        isPrimary(node, key) && node.seen(storeKey) !== undefined && this.decode(node.seen(storeKey)) === undefined;
      const held = isBad ? "bad record" : this.#held(node, key, false) === undefined ? "absent" : "record";
      this.#report({ kind: "served", ...about, answer: message.answer, held });
      if (held !== "bad record") this.#ledger.set(entry, "memory");
    }
  }

  #vote(node: Witnessed, voter: NodeId, id: number, isDurable: boolean, object: StoredObject | undefined): void {
    const number = `${nameOf(node)}#${id}`;
    const request = this.#byNumber.get(number);
    const entry = this.#ledger.get(`${number} ${voter}`);
    if (request === undefined || entry === undefined) return;
    this.#report({ kind: "voted", request, voter, isDurable: isDurable && entry === "disk", object });
  }

  #answered(asker: string, message: Answer): void {
    const request = this.#byAsker.get(`${asker} #${message.id}`);
    if (request === undefined) return;
    this.#byAsker.delete(`${asker} #${message.id}`);
    this.#report({ kind: "answered", request, message });
  }

  /** All that a node has of a key: as a primary, and for others. */
  #held(node: Witnessed, key: Uint8Array, isDurable: boolean): StoredObject | undefined {
    const storeKey = storeKeyOf(node, key);
    const own = isDurable ? node.durable(storeKey) : node.seen(storeKey);
    const kept = isDurable ? node.durableHints(storeKey) : node.seenHints(storeKey);
    const objects = [own, ...kept].map((record) => this.decode(record)).filter((object) => object !== undefined);
    return objects.length === 0 ? undefined : objects.reduce(sync);
  }

  /** A stand-in may mint dots on top of what it keeps; and what its target has is no longer its to keep. */
  #keeping(node: Witnessed, input: Input | undefined, write: Write): void {
    const keyBytes = write.key.subarray(3 + write.key[0]!);
    const key = formatKey(keyBytes);
    const after = this.decode(recordOfHint(write.value));
    const before = this.#held(node, keyBytes, false) ?? emptyObject;
    if (after !== undefined) this.#findIssues(node, input, { key, keyBytes, isHint: true }, before, after);
    else if (!isPrimary(node, keyBytes)) {
      const name = `${node.id} ${key}`;
      this.#handedOff.set(name, sync(this.#handedOff.get(name) ?? emptyObject, before));
      this.#report({ kind: "handedOff", node: node.id, key, object: before });
    }
  }

  #storing(node: Witnessed, input: Input | undefined, write: Write): void {
    const keyBytes = write.key.subarray(2);
    const key = formatKey(keyBytes);
    const before = this.decode(node.seen(write.key));
    if (write.value === undefined) return this.#report({ kind: "collected", node: node.id, key, before });
    const after = this.decode(write.value);
    if (after !== undefined)
      this.#findIssues(node, input, { key, keyBytes, isHint: false }, before ?? emptyObject, after);
    this.#report({ kind: "stored", node: node.id, key, before, after });
  }

  /** The dots that are new here and did not come in: they were minted in this step. */
  #findIssues(
    node: Witnessed,
    input: Input | undefined,
    { key, keyBytes, isHint }: { readonly key: string; readonly keyBytes: Uint8Array; readonly isHint: boolean },
    before: StoredObject,
    after: StoredObject,
  ): void {
    const put = putIn(input);
    const seen = put === undefined ? emptyContext : seenBy(put, keyBytes);
    const by = { node: node.id, disk: node.disk, incarnation: node.incarnation, key };
    let known = joinContexts(joinContexts(before.context, seen), this.#incoming(input).context);
    const op = put === undefined ? undefined : toBinary(put.op);
    for (const { dot, value, op: itsOp } of after.siblings) {
      if (itsOp !== op || has(before, dot)) continue;
      this.#report({ kind: "issue", ...by, dot, op, seen, value });
      this.#issued.add(formatDot(dot));
      known = addDot(known, dot);
    }
    if (includes(known, after.context)) return;
    for (const dot of dotsOf(after.context)) {
      // A hint may tell of dots that the node minted for another one, which it has handed off and forgotten since.
      if (contains(known, dot) || (isHint && this.#issued.has(formatDot(dot)))) continue;
      this.#issued.add(formatDot(dot));
      this.#report({ kind: "issue", ...by, dot, op: undefined, seen: emptyContext, value: undefined });
    }
  }

  #incoming(input: Input | undefined): StoredObject {
    if (input?.kind !== "peer") return emptyObject;
    const { message } = input;
    if (message.kind !== "ReplicaPut" && message.kind !== "ReplicaGetReply") return emptyObject;
    return this.decode(message.record) ?? emptyObject;
  }

  #decodedOf(record: Uint8Array): StoredObject | "bad record" {
    const known = this.#decoded.get(record);
    if (known !== undefined) return known;
    const decoded = decodedOrBad(record);
    this.#decoded.set(record, decoded);
    return decoded;
  }
}

/** A sound checksum is no proof: a broken node may have sealed what is no object. */
function decodedOrBad(record: Uint8Array): StoredObject | "bad record" {
  try {
    return recordProblem(record) === undefined ? decodeRecord(record) : "bad record";
  } catch (error) {
    if (error instanceof MalformedBytes) return "bad record";
    throw error;
  }
}

function nameOf(node: Witnessed): string {
  return `${node.id}.${node.incarnation}`;
}

function joined(a: StoredObject | undefined, b: StoredObject | undefined): StoredObject | undefined {
  return a === undefined || b === undefined ? (a ?? b) : sync(a, b);
}

function isPrimary(node: Witnessed, key: Uint8Array): boolean {
  const { ring, options, id } = node.config;
  return ring.isPrimary(id, partitionOfKey(node, key), replicasOf(bucketOf(key), options));
}

/** Six bytes say when it was made. */
function recordOfHint(value: Uint8Array | undefined): Uint8Array | undefined {
  return value?.subarray(6);
}

/** Computed here from the request and the cluster's options, never taken from what the coordinator says of itself. */
function planOf(node: Witnessed, message: Get | Put): Plan | undefined {
  const { ring, options } = node.config;
  const what = message.kind === "Get" ? "get" : "put";
  try {
    const { n, r, w, pr, pw, dw, sloppy } = settleOptions(what, message.options ?? {}, bucketOf(message.key), options);
    const order = ring.preferenceList(partitionOfKey(node, message.key), n).map((entry) => entry.node);
    const primaries = order.slice(0, n);
    const list = sloppy ? order : primaries;
    const needs =
      what === "get" ? { answers: r, primaries: pr, durable: 0 } : { answers: w, primaries: pw, durable: dw };
    return { what, list, primaries, needs };
  } catch (error) {
    if (error instanceof CoterieError) return undefined;
    throw error;
  }
}

interface Plan {
  readonly what: "get" | "put";
  readonly list: readonly NodeId[];
  readonly primaries: readonly NodeId[];
  readonly needs: { readonly answers: number; readonly primaries: number; readonly durable: number };
}

function partitionOfKey(node: Witnessed, key: Uint8Array): number {
  return partitionOf(Number(hashKey(key) >> 32n), node.config.ring.table.partitions);
}

/** As `Self.locate` has it: two bytes of partition, then the key. */
export function storeKeyOf(node: Witnessed, key: Uint8Array): Uint8Array {
  const partition = partitionOfKey(node, key);
  return Uint8Array.of(partition >>> 8, partition & 0xff, ...key);
}

function putIn(input: Input | undefined): Put | undefined {
  if (input?.kind !== "client" && input?.kind !== "peer") return undefined;
  return input.message.kind === "Put" ? input.message : undefined;
}

function seenBy(put: Put, key: Uint8Array): CausalContext {
  return put.context === undefined ? emptyContext : decodeToken(hashKey(key), put.context).context;
}

/** Everything that the effects will say to nodes, this one among them, at once or after a batch. */
function repliesIn(effects: readonly Effect[]): Reply[] {
  return effects.flatMap((effect): Reply[] => {
    if (effect.kind === "persist") return repliesIn(effect.then);
    const message = messageOf(effect);
    return message === undefined ? [] : [{ effect, message }];
  });
}

function messageOf(effect: Effect): PeerMessage | undefined {
  if (effect.kind === "send") return effect.message;
  return effect.kind === "deliver" && effect.input.kind === "peer" ? effect.input.message : undefined;
}

function isReplicaRequest({ message }: Reply): boolean {
  return message.kind === "ReplicaPut" || message.kind === "ReplicaGet";
}

function isRequest(message: PeerMessage): boolean {
  return message.kind === "Get" || message.kind === "Put";
}

function isAnswer(message: PeerMessage): message is Exclude<Answer, { kind: "StatusReply" }> {
  return message.kind === "GetReply" || message.kind === "PutReply" || message.kind === "Failure";
}

/** A batch for an object, or the barrier for one that is there already. */
function isObjectBatch(effect: Effect): boolean {
  return (
    effect.kind === "persist" &&
    (effect.writes.length === 0 || effect.writes.some((write) => isObject(write) || isHint(write)))
  );
}

function isObject(write: Write): boolean {
  return write.table === "objects";
}

function isHint(write: Write): boolean {
  return write.table === "hints";
}
