/**
 * What a coordinator makes of an operation, as `node/versions.ts` does it, without the node: an operation that is there already is
 * not minted again, others get the next dots of the actor, and what they replace is spent unless its client has vouched for it.
 */
import { contextOf, emptyContext, eventsOf, joinContexts, type CausalContext } from "../../src/causal-context.ts";
import { applyChanges, dotsOfChanges, type Change } from "../../src/crdt/change.ts";
import { registerPath } from "../../src/crdt/path.ts";
import { makeActor, type Actor } from "../../src/dot.ts";
import { addEvent, write, type StoredObject } from "../../src/object.ts";
import { makeOpId, sequenceOf, type OpId } from "../../src/op-id.ts";
import { spendUnless } from "../../src/spent.ts";
import type { Timestamp } from "../../src/timestamp.ts";

export interface Minting {
  readonly actor: Actor;
  readonly op: OpId;
  readonly timestamp: Timestamp;
  readonly isSettled: (op: OpId) => boolean;
}

/** The object after the changes; the same one if the operation is there already. */
export function applyAt(object: StoredObject, changes: readonly Change[], minting: Minting): StoredObject {
  const { actor, op, timestamp, isSettled } = minting;
  const ops = new Set(Array.from({ length: dotsOfChanges(changes) }, (_, at) => opAfter(op, at)));
  if ([...object.siblings, ...object.spent].some((sibling) => ops.has(sibling.op))) return object;
  const first = { actor, counter: (eventsOf(object.context, actor)?.base ?? 0) + 1 };
  const changed = applyChanges(object, changes, ops.size === 0 ? undefined : first);
  const added = changed.added.map((element, at) => ({ ...element, timestamp, op: opAfter(op, at) }));
  const written = write(object, changed.seen, added, spendUnless(isSettled), changed.dropped);
  return added.length === 0 && ops.size > 0 ? addEvent(written, first) : written;
}

/** A put of a whole key under `lww`, by somebody who has seen so much. */
export function putAt(
  object: StoredObject,
  value: Uint8Array | undefined,
  minting: Minting,
  seen: CausalContext = emptyContext,
): StoredObject {
  const { actor, op, timestamp, isSettled } = minting;
  if ([...object.siblings, ...object.spent].some((sibling) => sibling.op === op)) return object;
  const dot = { actor, counter: (eventsOf(object.context, actor)?.base ?? 0) + 1 };
  const replaced = joinContexts(seen, contextOf(object.siblings.map((sibling) => sibling.dot)));
  return write(object, replaced, [{ dot, path: registerPath, value, timestamp, op }], spendUnless(isSettled));
}

export function opAfter(op: OpId, distance: number): OpId {
  return makeOpId(op.slice(0, 8), sequenceOf(op) + distance);
}

export function opOf(client: string, sequence: number): OpId {
  return makeOpId(client.padEnd(8, "."), sequence);
}

export function actorOf(replica: string, epoch: number): Actor {
  return makeActor(replica.padEnd(8, "."), epoch);
}
