/**
 * What a node does, in words: one line per effect, what waits for the disk indented under the batch that it waits for.
 *
 *   n1 writes carts/alice = {tea n1.1:1}      tea is the first write of n1 in its epoch 1
 *      on disk: n1 → n2 ReplicaPutReply 1 …   happens when that batch is on disk
 *   {tea n1.1:1 | milk n2.1:1}                two siblings
 *   {milk n2.1:1, seen n1.1:1-3}              one sibling, and three writes of n1 that were replaced
 */
import { hexOf, toBinary } from "../../src/bytes.ts";
import { dotsOf as dotsIn, type CausalContext } from "../../src/causal-context.ts";
import { formatKey, hashKey } from "../../src/key.ts";
import type { StoredObject } from "../../src/object.ts";
import { decodeRecord } from "../../src/record.ts";
import { decodeToken } from "../../src/token.ts";
import type { Effect, Input } from "../../node/effects.ts";
import type { PeerMessage } from "../../src/messages.ts";
import type { Write } from "../../node/store.ts";
import { actorText, dotText, valuesOf } from "../node/cluster.ts";

export class Trace {
  /** Ids begin at a random number at each start: people are shown 1, 2, 3, … in the order in which they come up. */
  readonly #numbers = new Map<number, number>();

  lines(node: string, effect: Effect): string[] {
    switch (effect.kind) {
      case "send":
        return [this.#between(node, effect.node, effect.message)];
      case "reply":
        return [`${node} → client  ${messageText(effect.message, effect.message.id)}`];
      case "deliver":
        return [this.#learned(node, effect.input)];
      case "persist": {
        const writes = effect.writes.map(writeText).join(", and ") || "nothing, and waits for what is under way";
        const then = effect.then.flatMap((one) => this.lines(node, one));
        return [`${node} writes ${writes}`, ...then.map((line) => `   on disk: ${line}`)];
      }
      case "log":
        return [`${node} says  ${effect.level}: ${effect.event} ${JSON.stringify(effect.fields)}`];
      case "cutLink":
        return [`${node} cuts its link to ${effect.node}`];
      case "ready":
        return [`${node} is ready`];
      case "stopped":
        return [`${node} has stopped`];
    }
  }

  #between(from: string, to: string, message: PeerMessage): string {
    const number = this.#numbers.get(message.id) ?? this.#numbers.size + 1;
    this.#numbers.set(message.id, number);
    return `${from} → ${to}  ${messageText(message, number)}`;
  }

  #learned(node: string, input: Input): string {
    if (input.kind === "peer") return this.#between(node, input.node, input.message);
    const news = input.kind === "leased" ? `it may hand out epochs below ${input.lease.epochEnd}` : input.kind;
    return `${node} learns  ${news}`;
  }
}

export function objectText({ siblings, context }: StoredObject): string {
  const live = siblings.map(({ dot, value }) => `${value === undefined ? "(deleted)" : text(value)} ${dotText(dot)}`);
  const shown = new Set(siblings.map(({ dot }) => dotText(dot)));
  const replaced = [...dotsIn(context)].some((dot) => !shown.has(dotText(dot)));
  return `{${live.join(" | ")}${replaced ? `, seen ${contextText(context)}` : ""}}`;
}

function messageText(message: PeerMessage, number: number): string {
  switch (message.kind) {
    case "Put": {
      const change = message.value === undefined ? "deleted" : `= ${text(message.value)}`;
      const seen = message.context === undefined ? "blind" : `having seen ${tokenText(message.key, message.context)}`;
      return `Put ${number}: ${formatKey(message.key)} ${change}, ${seen}, ${message.timeoutMs} ms left`;
    }
    case "PutReply":
      return `PutReply ${number}: answered ${nodes(message.answered)}; its writer has seen ${tokenText(undefined, message.context)}`;
    case "Get":
      return `Get ${number}: ${formatKey(message.key)}, ${message.timeoutMs} ms left`;
    case "GetReply":
      return `GetReply ${number}: ${recordText(message.record)}, answered ${nodes(message.answered)}; shown: ${shownText(message.record)}`;
    case "ReplicaPut": {
      const answer = message.early ? "answer at once and when it is on disk" : "answer when it is on disk";
      const whom = message.standsFor === undefined ? "" : ` (in the place of ${message.standsFor})`;
      return `ReplicaPut ${number}${whom}: ${formatKey(message.key)} = ${recordText(message.record)}; ${answer}, ${message.timeoutMs} ms left`;
    }
    case "ReplicaPutReply":
      return `ReplicaPutReply ${number}: ${message.durable ? "on disk" : "in memory"}`;
    case "ReplicaGet": {
      const have = message.have === undefined ? "nothing" : `the state ${hexOf(toBinary(message.have)).slice(0, 6)}`;
      const answer = message.durable ? "; answer when what you have is on disk" : "";
      return `ReplicaGet ${number}: ${formatKey(message.key)}, here is ${have}${answer}, ${message.timeoutMs} ms left`;
    }
    case "ReplicaGetReply":
      return `ReplicaGetReply ${number}: ${message.answer === "record" ? recordText(message.record) : message.answer}`;
    case "Failure":
      return `Failure ${number}: ${message.code}, outcome ${message.outcome}: ${message.message}`;
    default:
      return `${message.kind} ${number}`;
  }
}

function writeText({ table, key, value }: Write): string {
  if (table === "meta") return "its identity";
  if (table === "hints") return hintText(key, value);
  if (table === "conflicts") return "what last-write-wins left out";
  return `${formatKey(key.subarray(2))} = ${recordText(value)}`;
}

function hintText(key: Uint8Array, value: Uint8Array | undefined): string {
  const target = toBinary(key.subarray(1, 1 + key[0]!));
  const name = formatKey(key.subarray(3 + key[0]!));
  if (value === undefined) return `that ${target} has ${name}: the hint may go`;
  return `a hint for ${target}: ${name} = ${recordText(value.subarray(6))}`;
}

function recordText(record: Uint8Array | undefined): string {
  return record === undefined ? "nothing" : objectText(decodeRecord(record));
}

/** The values that a reader is shown: no deleted ones, and one operation once. */
function shownText(record: Uint8Array | undefined): string {
  return record === undefined ? "nothing" : valuesOf(decodeRecord(record)).join(", ") || "nothing";
}

/** `n1.1:1-3 n2.1:4`: writes 1 to 3 of n1 in its epoch 1, and write 4 of n2. */
function contextText(context: CausalContext): string {
  const parts = context.flatMap(({ actor, base, cloud }) => {
    const range = base === 0 ? [] : [base === 1 ? "1" : `1-${base}`];
    return [...range, ...cloud.map(String)].map((counters) => `${actorText(actor)}:${counters}`);
  });
  return parts.join(" ") || "nothing";
}

/** A token tells its key only as a hash, so without the key it is looked into with the hash that it has. */
function tokenText(key: Uint8Array | undefined, token: Uint8Array): string {
  const hash = key === undefined ? BigInt(`0x${hexOf(toBinary(token.subarray(1, 9)))}`) : hashKey(key);
  return contextText(decodeToken(hash, token).context);
}

function nodes(answered: readonly string[] | undefined): string {
  return answered?.join(" ") ?? "(not asked)";
}

function text(value: Uint8Array): string {
  return new TextDecoder().decode(value);
}
