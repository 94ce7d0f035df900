/**
 * What last-write-wins left out, as the nodes have noted it: each is asked for its own ledger, page by page, and what several have
 * noted is listed once. Of a long list the latest are kept, so that it takes no more memory than the caller asks for.
 */
import { MalformedBytes, toBinary } from "../src/bytes.ts";
import { decodeConflict, type Conflict } from "../src/conflict.ts";
import { fieldNames } from "../src/crdt/path.ts";
import { formatDot } from "../src/dot.ts";
import { CoterieError, invalidArgument } from "../src/errors.ts";
import { makeKey, textOfKey } from "../src/key.ts";
import type { NodeId } from "../src/ring.ts";
import { decodeValue } from "../src/value.ts";
import { checkNames } from "./options.ts";
import type { Pool } from "./pool.ts";

export interface ConflictsOptions {
  /** List those of one key. */
  readonly key?: string | undefined;
  /** At most so many, the latest. Default 100, at most 10,000. */
  readonly limit?: number | undefined;
  /** Milliseconds until a node that does not answer is given up. Default 2000. */
  readonly timeoutMs?: number | undefined;
}

/** A value that a register does not show, because a later one was written by somebody who had not seen it. */
export interface LostValue {
  readonly key: string;
  /** The names of the fields that lead to it; none: it was the whole of the key. */
  readonly field: readonly string[];
  /** What was lost; `undefined`: a delete. */
  readonly value: unknown;
  /** When a node first noted it, in milliseconds since 1970. */
  readonly notedAtMs: number;
  /** When it was written, and by which coordinator's event. */
  readonly writtenAtMs: number;
  readonly dot: string;
  /** The write that it lost to. */
  readonly winner: { readonly writtenAtMs: number; readonly dot: string };
}

export interface Conflicts {
  /** In the order in which they were noted. */
  readonly conflicts: readonly LostValue[];
  /** There are earlier ones, too: more than `limit`. */
  readonly more: boolean;
  /** Nodes that did not tell, and why: what only they have noted is missing. */
  readonly silent: readonly { readonly node: NodeId; readonly problem: string }[];
}

const limitDefault = 100;
const limitMost = 10_000;
const timeoutMsDefault = 2000;

/** One node's, as far as they were asked for. */
interface Listed {
  readonly entries: readonly Conflict[];
  readonly isCut: boolean;
}

/** @throws INVALID_ARGUMENT, TOO_LARGE on wrong options */
export async function listConflicts(pool: Pool, bucket: string, options: ConflictsOptions): Promise<Conflicts> {
  checkNames("conflicts", options);
  const { limit = limitDefault, timeoutMs = timeoutMsDefault } = options;
  if (!Number.isInteger(limit) || limit < 1 || limit > limitMost)
    throw invalidArgument(`limit is a whole number from 1 to ${limitMost}, not ${String(limit)}`);
  if (!(timeoutMs > 0))
    throw invalidArgument(`timeoutMs is a number of milliseconds above 0, not ${String(timeoutMs)}`);
  const key = options.key === undefined ? undefined : makeKey(bucket, options.key);
  const ask: Question = { bucket, key, limit, timeoutMs };
  const silent: { node: NodeId; problem: string }[] = [];
  const listed = await Promise.all(
    pool.nodes.map(async ({ node }) => {
      try {
        return await askAll(pool, node, ask);
      } catch (error) {
        if (!(error instanceof CoterieError)) throw error;
        silent.push({ node, problem: error.message });
        return { entries: [], isCut: false };
      }
    }),
  );
  const once = onceEach(listed.flatMap(({ entries }) => entries));
  return {
    conflicts: once.slice(-limit).map(shown),
    more: once.length > limit || listed.some(({ isCut }) => isCut),
    silent,
  };
}

interface Question {
  readonly bucket: string;
  readonly key: Uint8Array | undefined;
  readonly limit: number;
  readonly timeoutMs: number;
}

/** Page by page; of a long list the latest are kept. */
async function askAll(pool: Pool, node: NodeId, { bucket, key, limit, timeoutMs }: Question): Promise<Listed> {
  let entries: Conflict[] = [];
  let isCut = false;
  let from: Uint8Array | undefined;
  do {
    const message = { kind: "Conflicts", id: 0, bucket, key, from } as const;
    const reply = await pool.of(node)!.request(message, timeoutMs);
    entries.push(...reply.entries.flatMap(readable));
    isCut ||= entries.length > limit;
    entries = entries.slice(-limit);
    from = reply.end;
  } while (from !== undefined);
  return { entries, isCut };
}

function readable(bytes: Uint8Array): readonly Conflict[] {
  try {
    return [decodeConflict(new Uint8Array(bytes))]; // a copy: a view would keep the whole frame
  } catch (error) {
    if (error instanceof MalformedBytes) return [];
    throw error;
  }
}

/** The first note of each, in the order of time. */
function onceEach(conflicts: readonly Conflict[]): readonly Conflict[] {
  const first = new Map<string, Conflict>();
  for (const conflict of [...conflicts].sort((a, b) => a.atMs - b.atMs)) {
    const name = `${toBinary(conflict.key)} ${conflict.dot.actor} ${conflict.dot.counter}`;
    if (!first.has(name)) first.set(name, conflict);
  }
  return [...first.values()];
}

function shown({ key, path, dot, timestamp, winner, value, atMs }: Conflict): LostValue {
  return {
    key: textOfKey(key),
    field: fieldNames(path),
    value: valueOf(value),
    notedAtMs: atMs,
    writtenAtMs: timestamp.ms,
    dot: formatDot(dot),
    winner: { writtenAtMs: winner.timestamp.ms, dot: formatDot(winner.dot) },
  };
}

/** What no SDK has written is shown as its bytes. */
function valueOf(bytes: Uint8Array | undefined): unknown {
  try {
    return decodeValue(bytes);
  } catch (error) {
    if (error instanceof CoterieError) return bytes;
    throw error;
  }
}
