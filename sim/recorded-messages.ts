/**
 * What is said, as a recording keeps it. Replies bear the number of their request and not its key: here both are brought together
 * again, by who asked whom under which number.
 */
import { decodeFrame } from "../src/codec.ts";
import { toBinary } from "../src/bytes.ts";
import { CoterieError } from "../src/errors.ts";
import { hashKey } from "../src/key.ts";
import type { Message, Put } from "../src/messages.ts";
import type { OpId } from "../src/op-id.ts";
import { decodeToken } from "../src/token.ts";
import type { KeyPlace, RecordedMessage } from "./recorded.ts";
import { formatValue, type RecordedStates } from "./recorded-states.ts";
import { formatContext, formatMessage } from "./trace.ts";

/** A message whose operation is still known by its id alone: its number comes with the history, at the end of the run. */
export interface NotedMessage extends RecordedMessage {
  readonly op?: OpId;
}

type Asked = Pick<NotedMessage, "keys" | "op">;

export class RecordedMessages {
  readonly #states: RecordedStates;
  readonly #placeOfKey: (key: Uint8Array) => KeyPlace;
  /** By `asker>asked#number`: what the reply will be about. */
  readonly #asked = new Map<string, Asked>();

  constructor(states: RecordedStates, placeOfKey: (key: Uint8Array) => KeyPlace) {
    this.#states = states;
    this.#placeOfKey = placeOfKey;
  }

  messagesIn(frame: Uint8Array, from: string, to: string): NotedMessage[] {
    try {
      return decodeFrame(frame).map((message) => this.#note(message, from, to));
    } catch (error) {
      if (!(error instanceof CoterieError)) throw error;
      return [{ kind: "Cut off", text: "its end is missing: it cannot be decoded" }];
    }
  }

  #note(message: Message, from: string, to: string): NotedMessage {
    const noted = { kind: kindOf(message), ...("id" in message && { id: message.id }), ...this.#contentOf(message) };
    if (!("id" in message)) return noted;
    if (isReply(message)) return { ...this.#asked.get(`${to}>${from}#${message.id}`), ...noted };
    this.#asked.set(`${from}>${to}#${message.id}`, { ...(noted.keys && { keys: noted.keys }), ...opIn(noted) });
    return noted;
  }

  #contentOf(message: Message): Omit<NotedMessage, "kind"> {
    switch (message.kind) {
      case "Settled":
        return { op: toBinary(message.op) };
      case "Get":
      case "ReplicaGet":
        return { keys: [this.#placeOfKey(message.key)] };
      case "Put":
        return { keys: [this.#placeOfKey(message.key)], op: toBinary(message.op), text: textOfPut(message) };
      case "ReplicaPut":
        return {
          keys: [this.#placeOfKey(message.key)],
          ...this.#state(message.record),
          ...(message.standsFor !== undefined && { text: `as a hint for ${message.standsFor}` }),
        };
      case "GetReply":
      case "PutReply":
        return this.#state(message.record);
      case "ReplicaGetReply":
        return { ...this.#state(message.record), text: message.answer };
      case "ReplicaPutReply":
        return { text: message.durable ? "durable" : "in memory" };
      case "TreeKeysReply":
      case "LeftoverCheck":
      case "LeftoverDrop":
        return { keys: message.states.map(({ key }) => this.#placeOfKey(key)) };
      case "Failure":
        return { text: `${message.code}, outcome ${message.outcome}: ${message.message}` };
      case "Ping":
      case "PingReply":
        return textOf(formatMessage(message).replace(/^\w+ #\d+ ?/, ""));
      case "Hello":
      case "Welcome":
      case "Status":
      case "StatusReply":
      case "Conflicts":
      case "ConflictsReply":
      case "TreeRoots":
      case "TreeRootsReply":
      case "TreeNodes":
      case "TreeNodesReply":
      case "TreeKeys":
      case "LeftoverCheckReply":
      case "LeftoverDropReply":
      case "Unknown":
        return {};
    }
  }

  #state(record: Uint8Array | undefined): Pick<RecordedMessage, "state"> {
    const state = this.#states.placeOf(record);
    return state === undefined ? {} : { state };
  }
}

function kindOf(message: Message): string {
  return message.kind === "Put" && message.value === undefined ? "Delete" : message.kind;
}

function isReply({ kind }: Message): boolean {
  return kind === "Failure" || kind.endsWith("Reply");
}

function opIn({ op }: Asked): Asked {
  return op === undefined ? {} : { op };
}

function textOf(text: string): Pick<RecordedMessage, "text"> {
  return text === "" ? {} : { text };
}

function textOfPut({ value, key, context }: Put): string {
  const what = value === undefined ? "" : `${formatValue(value)}, `;
  if (context === undefined) return `${what}replaces nothing`;
  return `${what}replaces ${formatContext(decodeToken(hashKey(key), context).context)}`;
}
