/**
 * A run for people: one line per event, a column per node.
 *
 *      812.430 ms  ○ ● · ×   n2  gets ReplicaPut b/k1 {9f03a1c2.5:1} from n1
 *
 * ● the node that the line is about, ○ a node that serves, · one that is starting or paused, × one that is down.
 */
import { decodeRecord, recordProblem } from "../src/record.ts";
import { dotsOf, type CausalContext } from "../src/causal-context.ts";
import { formatDot } from "../src/dot.ts";
import { formatKey } from "../src/key.ts";
import type { MemberNews, Message } from "../src/messages.ts";
import { sequenceOf, type OpId } from "../src/op-id.ts";
import { toBinary, hexOf } from "../src/bytes.ts";
import type { Write } from "../node/store.ts";
import { recordInHint, targetAndKeyIn } from "./place.ts";

export type NodeMark = "○" | "·" | "×";

/** Dots of a context that a line still shows. */
const dotsShown = 4;

export class Trace {
  readonly #print: ((line: string) => void) | undefined;
  readonly #nowMs: () => number;
  #marks: () => readonly (readonly [node: string, mark: NodeMark])[] = () => [];

  /** @param print `undefined`: nobody looks, and no line is made */
  constructor(print: ((line: string) => void) | undefined, nowMs: () => number) {
    this.#print = print;
    this.#nowMs = nowMs;
  }

  get isOn(): boolean {
    return this.#print !== undefined;
  }

  /** Where the columns come from, once there are nodes. */
  watch(marks: () => readonly (readonly [node: string, mark: NodeMark])[]): void {
    this.#marks = marks;
  }

  /** @param text made only if somebody looks */
  line(who: string, text: () => string): void {
    if (this.#print === undefined) return;
    const columns = this.#marks().map(([node, mark]) => (node === who ? "●" : mark));
    const time = this.#nowMs().toFixed(3).padStart(12);
    this.#print(`${time} ms  ${columns.join(" ")}  ${who.padEnd(7)} ${text()}`);
  }
}

export function formatMessage(message: Message): string {
  switch (message.kind) {
    case "Get":
      return `Get #${message.id} ${formatKey(message.key)}`;
    case "Put":
      return `${message.value === undefined ? "Delete" : "Put"} #${message.id} ${formatKey(message.key)} op ${formatOp(toBinary(message.op))}`;
    case "GetReply":
      return `GetReply #${message.id} ${formatRecord(message.record)}`;
    case "PutReply":
      return `PutReply #${message.id}`;
    case "Failure":
      return `Failure #${message.id} ${message.code} outcome ${message.outcome}: ${message.message}`;
    case "ReplicaPut":
      return `ReplicaPut #${message.id} ${formatKey(message.key)} ${formatRecord(message.record)}`;
    case "ReplicaPutReply":
      return `ReplicaPutReply #${message.id} ${message.durable ? "durable" : "from memory"}`;
    case "ReplicaGet":
      return `ReplicaGet #${message.id} ${formatKey(message.key)}`;
    case "ReplicaGetReply":
      return `ReplicaGetReply #${message.id} ${message.answer} ${message.record === undefined ? "" : formatRecord(message.record)}`;
    case "Ping":
      return `Ping #${message.id}${message.target === undefined ? "" : ` ${message.target}`} ${formatNews(message.news)}`;
    case "PingReply":
      return `PingReply #${message.id} ${message.isAlive ? "" : "not reached "}${formatNews(message.news)}`;
    default:
      return message.kind;
  }
}

function formatNews(news: readonly MemberNews[]): string {
  return news.map(({ node, state, incarnation }) => `${node} ${state} ${incarnation}`).join(", ");
}

/** The live dots, and how many dots the record has seen in all. */
export function formatRecord(record: Uint8Array | undefined): string {
  if (record === undefined) return "nothing";
  const problem = recordProblem(record);
  if (problem !== undefined) return `a bad record (${problem})`;
  const { siblings, context } = decodeRecord(record);
  const live = siblings.map(({ dot, value }) => (value === undefined ? `†${formatDot(dot)}` : formatDot(dot)));
  return `{${live.join(", ")}} of ${formatContext(context)}`;
}

/** Of an object, a hint or a conflict. */
export function formatWrite({ table, key, value }: Write): string {
  if (table === "objects")
    return value === undefined ? `removes ${formatKey(key.subarray(2))}` : `writes ${formatRecord(value)}`;
  if (table === "conflicts") return value === undefined ? "forgets a conflict" : "notes a conflict";
  const [target, name] = targetAndKeyIn(key);
  const hint = `hint of ${formatKey(name)} for ${target}`;
  return value === undefined ? `removes its ${hint}` : `keeps a ${hint}: ${formatRecord(recordInHint(value))}`;
}

export function formatContext(context: CausalContext): string {
  const dots = [...dotsOf(context)];
  const shown = dots.slice(-dotsShown).map(formatDot).join(" ");
  return dots.length > dotsShown ? `[… ${shown}]` : `[${shown}]`;
}

export function formatOp(op: OpId): string {
  return `${hexOf(op.slice(0, 4))}/${sequenceOf(op)}`;
}
