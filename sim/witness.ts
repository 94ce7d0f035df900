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
import { CoterieError } from "../src/errors.ts";
import { bucketOf, formatKey, hashKey } from "../src/key.ts";
import type { Answer, Get, Put, ReplicaGet, ReplicaPut } from "../src/messages.ts";
import { emptyObject, has, isIncluded, type StoredObject } from "../src/object.ts";
import { replicasOf, settleOptions } from "../src/options.ts";
import { decodeRecord, recordProblem } from "../src/record.ts";
import { partitionOf, type NodeId } from "../src/ring.ts";
import { decodeToken } from "../src/token.ts";
import type { Effect, Input, Persist } from "../node/effects.ts";
import type { PeerMessage } from "../src/messages.ts";
import type { NodeConfig } from "../node/self.ts";
import type { Write } from "../node/store.ts";
import type { Observation, Voted } from "./observation.ts";

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
  /** By `node.incarnation#id`: the key that a node has asked for. */
  readonly #questions = new Map<string, string>();
  /** By `node.incarnation key`: the context of all that a node was told of the key. */
  readonly #told = new Map<string, CausalContext>();
  readonly #decoded = new WeakMap<Uint8Array, StoredObject | "bad record">();
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
    this.#learn(node, input, effects);
    if (input.kind === "client") {
      if (input.message.kind !== "Status") this.#asked(node, `c${input.connection}`, input.message, effects);
    } else if (input.kind === "peer") this.#heard(node, input.node, input.message, effects, peerIncarnation);
  }

  /** A batch is about to be handed to the disk. */
  persisting(node: Witnessed, input: Input | undefined, batch: Persist): void {
    for (const write of batch.writes) if (write.table === "objects") this.#storing(node, input, write);
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
        return this.#vote(node, from, message.id, { isDurable: message.durable, object: undefined, isFresh: false });
      case "ReplicaGetReply": {
        const { answer, record, id } = message;
        if (answer === "missing") return;
        return this.#vote(node, from, id, {
          isDurable: false,
          object: this.decode(record),
          isFresh: answer === "fresh",
        });
      }
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
    if (message.kind === "Get") this.#readsItself(node, request, plan, message.key);
    else if (effects.some(isObjectBatch))
      this.#report({ kind: "voted", request, voter: node.id, isDurable: false, object: undefined, isFresh: false });
    const replies = repliesIn(effects);
    // A get may repair somebody in the same step, under another number: only its questions bear its own.
    const number =
      message.kind === "Get"
        ? replies.find((reply) => reply.message.kind === "ReplicaGet")
        : (replies.find((reply) => reply.effect.kind === "deliver") ?? replies.find(isReplicaRequest));
    if (number === undefined || !("id" in number.message)) return;
    const name = `${nameOf(node)}#${number.message.id}`;
    this.#byNumber.set(name, request);
    if (message.kind === "Put") this.#pledgeItself(node, name, message.key, effects);
  }

  /** Counted with the benefit of the doubt: whether its disk is fresh is known to the node alone. */
  #readsItself(node: Witnessed, request: string, { list }: Plan, key: Uint8Array): void {
    if (!list.includes(node.id)) return;
    const local = node.seen(storeKeyOf(node, key));
    const object = this.decode(local);
    if (local === undefined || object !== undefined)
      this.#report({ kind: "voted", request, voter: node.id, isDurable: false, object, isFresh: false });
  }

  #pledgeItself(node: Witnessed, number: string, key: Uint8Array, effects: readonly Effect[]): void {
    const written = effects.flatMap((effect) => (effect.kind === "persist" ? effect.writes : [])).find(isObject)?.value;
    const said = this.decode(written ?? node.seen(storeKeyOf(node, key)));
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
      const held = this.decode(message.durable ? node.durable(storeKey) : node.seen(storeKey));
      this.#report({ kind: "acknowledged", ...about, isDurable: message.durable, said, held });
      if (held !== undefined && isIncluded(said, held) && this.#ledger.get(entry) !== "disk")
        this.#ledger.set(entry, message.durable ? "disk" : "memory");
    } else if (message.kind === "ReplicaGetReply") {
      const record = node.seen(storeKey);
      const held = record === undefined ? "absent" : this.decode(record) === undefined ? "bad record" : "record";
      // Whoever stands in for another answers from its hints.
      if (isReplica(node, key)) this.#report({ kind: "served", ...about, answer: message.answer, held });
      if (held !== "bad record") this.#ledger.set(entry, "memory");
    }
  }

  #vote(node: Witnessed, voter: NodeId, id: number, vote: Pick<Voted, "isDurable" | "object" | "isFresh">): void {
    const number = `${nameOf(node)}#${id}`;
    const request = this.#byNumber.get(number);
    const entry = this.#ledger.get(`${number} ${voter}`);
    if (request === undefined || entry === undefined) return;
    this.#report({ kind: "voted", request, voter, ...vote, isDurable: vote.isDurable && entry === "disk" });
  }

  #answered(asker: string, message: Answer): void {
    const request = this.#byAsker.get(`${asker} #${message.id}`);
    if (request === undefined) return;
    this.#byAsker.delete(`${asker} #${message.id}`);
    this.#report({ kind: "answered", request, message });
  }

  #storing(node: Witnessed, input: Input | undefined, write: Write): void {
    const keyBytes = write.key.subarray(2);
    const key = formatKey(keyBytes);
    const before = this.decode(node.seen(write.key));
    const after = this.decode(write.value);
    if (after !== undefined) this.#findIssues(node, input, { key, keyBytes }, before ?? emptyObject, after);
    this.#report({ kind: "stored", node: node.id, key, before, after });
  }

  /** The dots that are new here and did not come in: they were minted in this step. */
  #findIssues(
    node: Witnessed,
    input: Input | undefined,
    { key, keyBytes }: { readonly key: string; readonly keyBytes: Uint8Array },
    before: StoredObject,
    after: StoredObject,
  ): void {
    const put = putIn(input);
    const seen = put === undefined ? emptyContext : seenBy(put, keyBytes);
    const by = { node: node.id, disk: node.disk, incarnation: node.incarnation, key };
    let known = joinContexts(
      joinContexts(before.context, seen),
      this.#told.get(`${nameOf(node)} ${key}`) ?? emptyContext,
    );
    const op = put === undefined ? undefined : toBinary(put.op);
    for (const { dot, value, op: itsOp } of after.siblings) {
      if (itsOp !== op || has(before, dot)) continue;
      this.#report({ kind: "issue", ...by, dot, op, seen, value });
      known = addDot(known, dot);
    }
    if (includes(known, after.context)) return;
    for (const dot of dotsOf(after.context))
      if (!contains(known, dot))
        this.#report({ kind: "issue", ...by, dot, op: undefined, seen: emptyContext, value: undefined });
  }

  /**
   * What a node has been told it may store later: a read repair stores the join of several answers, when the last of them comes.
   * Only with this can be told what it has minted itself.
   */
  #learn(node: Witnessed, input: Input, effects: readonly Effect[]): void {
    for (const { message } of repliesIn(effects))
      if (message.kind === "ReplicaGet") this.#questions.set(`${nameOf(node)}#${message.id}`, formatKey(message.key));
    if (input.kind !== "peer") return;
    const { message } = input;
    if (message.kind !== "ReplicaPut" && message.kind !== "ReplicaGetReply") return;
    const object = this.decode(message.record);
    const key =
      message.kind === "ReplicaPut" ? formatKey(message.key) : this.#questions.get(`${nameOf(node)}#${message.id}`);
    if (object === undefined || key === undefined) return;
    const name = `${nameOf(node)} ${key}`;
    this.#told.set(name, joinContexts(this.#told.get(name) ?? emptyContext, object.context));
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

/** Computed here from the request and the cluster's options, never taken from what the coordinator says of itself. */
function planOf(node: Witnessed, message: Get | Put): Plan | undefined {
  const { ring, options } = node.config;
  const what = message.kind === "Get" ? "get" : "put";
  try {
    const {
      n,
      r,
      w,
      pr,
      pw,
      dw,
      sloppy: isSloppy,
    } = settleOptions(what, message.options ?? {}, bucketOf(message.key), options);
    const list = ring
      .preferenceList(partitionOfKey(node, message.key), n)
      .slice(0, n)
      .map((entry) => entry.node);
    const needs =
      what === "get" ? { answers: r, primaries: pr, durable: 0 } : { answers: w, primaries: pw, durable: dw };
    return { what, list, isSloppy, needs };
  } catch (error) {
    if (error instanceof CoterieError) return undefined;
    throw error;
  }
}

interface Plan {
  readonly what: "get" | "put";
  readonly list: readonly NodeId[];
  readonly isSloppy: boolean;
  readonly needs: { readonly answers: number; readonly primaries: number; readonly durable: number };
}

function isReplica(node: Witnessed, key: Uint8Array): boolean {
  const { ring, options } = node.config;
  return ring.isPrimary(node.id, partitionOfKey(node, key), replicasOf(bucketOf(key), options));
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
  return effect.kind === "persist" && (effect.writes.length === 0 || effect.writes.some(isObject));
}

function isObject(write: Write): boolean {
  return write.table === "objects";
}
