/** A counter under one key, and the steps that plays about operations are made of. */
import { fromBinary } from "../../src/bytes.ts";
import { counterValue } from "../../src/crdt/counter.ts";
import { rootPath } from "../../src/crdt/path.ts";
import { plainPut } from "../../src/messages.ts";
import { makeOpId } from "../../src/op-id.ts";
import type { NodeId } from "../../src/ring.ts";
import { keyOf, type Cluster, type Request } from "./cluster.ts";

export const key: string = "likes/post";
const path = rootPath("pnCounter");

export interface Try {
  /** Sequence of the operation id: the same one is a retry. */
  readonly op: number;
  readonly amount: number;
  /** Since the first try. */
  readonly ageMs?: number;
  readonly timeoutMs?: number;
}

/** Asks a node to count, and does not wait for anything. */
export function count(cluster: Cluster, node: NodeId, { op, amount, ageMs = 0, timeoutMs = 1000 }: Try): Request {
  return cluster.request(node, {
    ...plainPut,
    kind: "Put",
    id: op,
    op: fromBinary(makeOpId("counter.", op)),
    key: keyOf(key),
    value: undefined,
    context: undefined,
    timeoutMs,
    options: { w: 1 },
    returnValue: false,
    details: false,
    changes: [{ kind: "increment", path, amount }],
    ageMs,
  });
}

export function valueAt(cluster: Cluster, node: NodeId): number {
  return counterValue(cluster.object(node, key), path);
}
