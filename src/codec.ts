/**
 * The wire: a frame is one MessagePack array of messages, a message an array that begins with its kind's number and its id.
 * Foreign bytes become messages here and nowhere else. Shapes are checked here, what they hold where it is used: options by
 * `settleOptions`, keys by `checkKey`, contexts by `decodeToken`, records by `openRecord`.
 *
 * - Fields are told by their place; further ones at the end are ignored, so that a newer sender may add some.
 * - A kind that is not known comes out as `Unknown`; anything malformed condemns the frame, and with it the link.
 */
import { errorCodes, protocol, type CoterieError, type ErrorCode } from "./errors.ts";
import { limits } from "./limits.ts";
import type { Message } from "./messages.ts";
import { pack, unpack } from "./msgpack.ts";
import { checkOptions, decodeOptions, encodeOptions, type ClusterOptions, type RequestOptions } from "./options.ts";
import { digestBytes } from "./record.ts";
import { encodeRingTable, parseRingTable } from "./ring.ts";

/** One number per kind, for ever: a retired kind leaves a gap. */
const kinds = {
  Hello: 1,
  Welcome: 2,
  Get: 3,
  GetReply: 4,
  Put: 5,
  PutReply: 6,
  Status: 7,
  StatusReply: 8,
  Failure: 9,
  ReplicaPut: 10,
  ReplicaPutReply: 11,
  ReplicaGet: 12,
  ReplicaGetReply: 13,
} as const;

const answers = ["same", "record", "absent", "missing"] as const;

export function encodeFrame(messages: readonly Message[]): Uint8Array {
  return pack(messages.map(toFields));
}

/** @throws PROTOCOL with a reason */
export function decodeFrame(bytes: Uint8Array): Message[] {
  let frame: unknown;
  try {
    frame = unpack(bytes);
  } catch (error) {
    throw malformed((error as Error).message);
  }
  const messages = array(frame, "a frame");
  if (messages.length > limits.frameMessagesMax)
    throw malformed(`${messages.length} messages, the limit is ${limits.frameMessagesMax}`);
  return messages.map((fields) => fromFields(array(fields, "a message")));
}

/** Bytes that a message will roughly take: enough to close a frame in time. */
export function roughSize(message: Message): number {
  const fixed = 64;
  switch (message.kind) {
    case "Put":
      return fixed + message.key.length + (message.value?.length ?? 0);
    case "ReplicaPut":
    case "GetReply":
    case "PutReply":
    case "ReplicaGetReply":
      return fixed + (message.record?.length ?? 0);
    default:
      return fixed;
  }
}

function toFields(message: Message): unknown[] {
  switch (message.kind) {
    case "Hello":
      return [kinds.Hello, 0, message.version, message.features, message.role, message.identity, message.credential];
    case "Welcome": {
      const { version, features, node, ring, options } = message;
      return [kinds.Welcome, 0, version, features, node, encodeRingTable(ring), encodeClusterOptions(options)];
    }
    case "Get": {
      const { id, key, timeoutMs, options, head, details } = message;
      return [kinds.Get, id, key, timeoutMs, optionFields(options), head, details];
    }
    case "GetReply":
      return [kinds.GetReply, message.id, message.record, message.effective, message.answered];
    case "Put": {
      const { id, op, key, value, context, timeoutMs, options, returnValue, details } = message;
      return [kinds.Put, id, op, key, value, context, timeoutMs, optionFields(options), returnValue, details];
    }
    case "PutReply":
      return [kinds.PutReply, message.id, message.context, message.record, message.effective, message.answered];
    case "Status":
      return [kinds.Status, message.id];
    case "StatusReply":
      return [kinds.StatusReply, message.id, message.status];
    case "Failure": {
      const { id, code, message: text, outcome, retryable, details } = message;
      return [
        kinds.Failure,
        id,
        code,
        text,
        outcome,
        retryable,
        details.need,
        details.got,
        details.of,
        details.answered,
      ];
    }
    case "ReplicaPut":
      return [kinds.ReplicaPut, message.id, message.key, message.record, message.timeoutMs, message.early];
    case "ReplicaPutReply":
      return [kinds.ReplicaPutReply, message.id, message.durable];
    case "ReplicaGet":
      return [kinds.ReplicaGet, message.id, message.key, message.have, message.timeoutMs];
    case "ReplicaGetReply":
      return [kinds.ReplicaGetReply, message.id, answers.indexOf(message.answer), message.record];
    case "Unknown":
      return [message.number, message.id];
  }
}

function fromFields(f: readonly unknown[]): Message {
  const number = natural(f[0], "kind");
  const id = natural(f[1], "id");
  switch (number) {
    case kinds.Hello:
      return {
        kind: "Hello",
        version: natural(f[2], "version"),
        features: texts(f[3], "features"),
        role: oneOf(f[4], ["client", "node"] as const, "role"),
        identity: bytes(f[5], 64, "identity"),
        credential: optional(f[6], (value) => text(value, "credential")),
      };
    case kinds.Welcome:
      return {
        kind: "Welcome",
        version: natural(f[2], "version"),
        features: texts(f[3], "features"),
        node: text(f[4], "node"),
        ring: checked(() => parseRingTable(f[5])),
        options: checked(() => decodeClusterOptions(f[6])),
      };
    case kinds.Get:
      return {
        kind: "Get",
        id,
        key: key(f[2]),
        timeoutMs: timeout(f[3]),
        options: optionsOf(f[4]),
        head: f[5] === true,
        details: f[6] === true,
      };
    case kinds.GetReply:
      return {
        kind: "GetReply",
        id,
        record: optional(f[2], record),
        effective: numbers(f[3], "effective options"),
        answered: optional(f[4], (value) => texts(value, "answered")),
      };
    case kinds.Put:
      return {
        kind: "Put",
        id,
        op: exactly(f[2], 14, "op"),
        key: key(f[3]),
        value: optional(f[4], (value) => bytes(value, limits.frameBytesMax, "value")),
        context: optional(f[5], (value) => bytes(value, limits.frameBytesMax, "context")),
        timeoutMs: timeout(f[6]),
        options: optionsOf(f[7]),
        returnValue: f[8] === true,
        details: f[9] === true,
      };
    case kinds.PutReply:
      return {
        kind: "PutReply",
        id,
        context: bytes(f[2], limits.frameBytesMax, "context"),
        record: optional(f[3], record),
        effective: numbers(f[4], "effective options"),
        answered: optional(f[5], (value) => texts(value, "answered")),
      };
    case kinds.Status:
      return { kind: "Status", id };
    case kinds.StatusReply:
      return { kind: "StatusReply", id, status: text(f[2], "status") };
    case kinds.Failure:
      return decodeFailure(id, f);
    case kinds.ReplicaPut:
      return {
        kind: "ReplicaPut",
        id,
        key: key(f[2]),
        record: record(f[3]),
        timeoutMs: timeout(f[4]),
        early: f[5] === true,
      };
    case kinds.ReplicaPutReply:
      return { kind: "ReplicaPutReply", id, durable: f[2] === true };
    case kinds.ReplicaGet:
      return {
        kind: "ReplicaGet",
        id,
        key: key(f[2]),
        have: optional(f[3], (value) => exactly(value, digestBytes, "have")),
        timeoutMs: timeout(f[4]),
      };
    case kinds.ReplicaGetReply: {
      const answer = answers[natural(f[2], "answer")];
      if (answer === undefined) throw malformed("answer is none of those known");
      const found = answer === "record" ? record(f[3]) : undefined;
      return { kind: "ReplicaGetReply", id, answer, record: found };
    }
    default:
      return { kind: "Unknown", id, number };
  }
}

function decodeFailure(id: number, f: readonly unknown[]): Message {
  const need = optional(f[6], (value) => natural(value, "need"));
  const got = optional(f[7], (value) => natural(value, "got"));
  const of = optional(f[8], (value) => text(value, "of"));
  const answered = optional(f[9], (value) => texts(value, "answered"));
  return {
    kind: "Failure",
    id,
    code: errorCode(f[2]),
    message: text(f[3], "message"),
    outcome: oneOf(f[4], ["none", "unknown"] as const, "outcome"),
    retryable: f[5] === true,
    details: {
      ...(need !== undefined && { need }),
      ...(got !== undefined && { got }),
      ...(of !== undefined && { of }),
      ...(answered && { answered }),
    },
  };
}

function optionFields(options: RequestOptions | undefined): unknown {
  return options === undefined ? undefined : encodeOptions(options);
}

function optionsOf(value: unknown): RequestOptions | undefined {
  return value === null || value === undefined ? undefined : decodeOptions(array(value, "options"));
}

function encodeClusterOptions({ defaults, buckets }: ClusterOptions): unknown {
  return [encodeOptions(defaults), Object.entries(buckets).map(([name, options]) => [name, encodeOptions(options)])];
}

function decodeClusterOptions(value: unknown): ClusterOptions {
  const [defaults, buckets] = array(value, "cluster options");
  const named = array(buckets, "buckets").map((entry) => {
    const [name, options] = array(entry, "bucket");
    return [text(name, "bucket"), optionsOf(options) ?? {}] as const;
  });
  const options = { defaults: optionsOf(defaults) ?? {}, buckets: Object.fromEntries(named) };
  for (const one of [options.defaults, ...Object.values(options.buckets)]) checkOptions(one);
  return options;
}

function malformed(reason: string): CoterieError {
  return protocol(`not a frame of this protocol: ${reason}`);
}

function checked<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw malformed((error as Error).message);
  }
}

function optional<T>(value: unknown, parse: (value: unknown) => T): T | undefined {
  return value === null || value === undefined ? undefined : parse(value);
}

function natural(value: unknown, name: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw malformed(`${name} is no whole number`);
  return value;
}

function timeout(value: unknown): number {
  return Math.min(natural(value, "timeoutMs"), limits.timeoutMsMax);
}

function text(value: unknown, name: string): string {
  if (typeof value !== "string") throw malformed(`${name} is no text`);
  return value;
}

function array(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(`${name} is no array`);
  return value;
}

function texts(value: unknown, name: string): readonly string[] {
  return array(value, name).map((item) => text(item, name));
}

function numbers(value: unknown, name: string): readonly number[] {
  return array(value, name).map((item) => natural(item, name));
}

function bytes(value: unknown, most: number, name: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw malformed(`${name} is no byte string`);
  if (value.length > most) throw malformed(`${name} has ${value.length} bytes, the limit is ${most}`);
  return value;
}

function exactly(value: unknown, length: number, name: string): Uint8Array {
  const found = bytes(value, length, name);
  if (found.length !== length) throw malformed(`${name} has ${found.length} bytes instead of ${length}`);
  return found;
}

function record(value: unknown): Uint8Array {
  return bytes(value, limits.frameBytesMax, "record");
}

/** Keys, values and contexts of clients are let in up to a frame's size: the coordinator refuses what is too large by its name. */
function key(value: unknown): Uint8Array {
  return bytes(value, limits.frameBytesMax, "key");
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[], name: string): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw malformed(`${name} is none of ${allowed.join(", ")}`);
  return found;
}

/** A code that a newer node invented is still an error; of ours, `UNAVAILABLE` promises least. */
function errorCode(value: unknown): ErrorCode {
  return errorCodes.find((code) => code === value) ?? "UNAVAILABLE";
}
