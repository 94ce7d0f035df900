/** Where the disks of some nodes differ from what convergence asks of these among themselves (I3). */
import { includes } from "../src/causal-context.ts";
import { formatKey } from "../src/key.ts";
import type { NodeId } from "../src/ring.ts";
import type { Burials } from "./burials.ts";
import type { Cluster } from "./cluster.ts";
import type { NodeProcess } from "./node-process.ts";
import { primariesOf, storeKeyOf } from "./place.ts";
import { hasForgotten, isDead } from "./states.ts";
import type { Witness } from "./witness.ts";

/** The first few say enough. */
const sentencesMax = 3;

export interface Expectation {
  /** Tombstones that somebody has removed: where one is left it may be missing elsewhere. */
  readonly burials: Burials;
  /** Somebody finds records that have gone bad, though nobody reads them. */
  readonly isScrubbing: boolean;
}

/** @returns one sentence each, the first few of them */
export function differencesIn(
  cluster: Cluster,
  nodes: readonly NodeProcess[],
  witness: Witness,
  expected: Expectation,
): string[] {
  const sentences: string[] = [];
  for (const [name, key] of cluster.keys()) {
    const problem = differenceOf(nodes, witness, key, expected);
    if (problem !== undefined) sentences.push(`${name}: ${problem}`);
    if (sentences.length >= sentencesMax) return sentences;
  }
  const ids = new Set(nodes.map(({ id }) => id));
  for (const node of nodes) {
    const first = [...node.platter.hints().keys()].find((name) => ids.has(targetIn(name)));
    if (first !== undefined) sentences.push(`${node.id} still keeps hints, one of them for ${first}`);
  }
  return sentences;
}

/** `target key` */
function targetIn(hint: string): NodeId {
  return hint.slice(0, hint.indexOf(" "));
}

function differenceOf(
  nodes: readonly NodeProcess[],
  witness: Witness,
  key: Uint8Array,
  { burials, isScrubbing }: Expectation,
): string | undefined {
  const owners = new Set(primariesOf(nodes[0]!, key));
  const stranger = nodes.find((node) => !owners.has(node.id) && recordAt(node, key) !== undefined);
  if (stranger !== undefined) return `${stranger.id} has a record, and is none of ${[...owners].join(", ")}`;
  const primaries = nodes.filter(({ id }) => owners.has(id));
  const good = primaries.filter((node) => witness.decode(recordAt(node, key)) !== undefined);
  const [first] = good;
  // The only copies are bad: nobody can help, and I1 says whether that may be.
  if (first === undefined) return undefined;
  const record = recordAt(first, key)!;
  const object = witness.decode(record)!;
  const mayBeGone = isDead(object) && includes(burials.of(formatKey(key)), object.context);
  for (const node of primaries) {
    const other = recordAt(node, key);
    if (other === undefined && !mayBeGone) return `${first.id} has a record, and ${node.id} has none`;
    if (other === undefined || witness.hash(record) === witness.hash(other)) continue;
    const isBad = !good.includes(node);
    if (isBad && isScrubbing) return `${node.id} has a bad record, and ${first.id} a good one`;
    const theirs = witness.decode(other);
    if (theirs !== undefined && (hasForgotten(object, theirs) || hasForgotten(theirs, object))) continue;
    if (!isBad) return `${first.id} and ${node.id} have different records`;
  }
  return undefined;
}

function recordAt(node: NodeProcess, key: Uint8Array): Uint8Array | undefined {
  return node.seen("objects", storeKeyOf(node, key));
}
