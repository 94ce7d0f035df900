/** Where the disks of a cluster differ from what convergence asks for (I3). */
import { equalBytes } from "../src/bytes.ts";
import { includes } from "../src/causal-context.ts";
import { formatKey } from "../src/key.ts";
import type { Burials } from "./burials.ts";
import type { Cluster } from "./cluster.ts";
import type { NodeProcess } from "./node-process.ts";
import { primariesOf, storeKeyOf } from "./place.ts";
import { isDead } from "./states.ts";
import type { Witness } from "./witness.ts";

export interface Expectation {
  /** Tombstones that somebody has removed: where one is left it may be missing elsewhere. */
  readonly burials: Burials;
  /** Somebody finds records that have gone bad, though nobody reads them. */
  readonly isScrubbing: boolean;
}

/** @returns one sentence each, the first few of them */
export function differencesIn(cluster: Cluster, witness: Witness, expected: Expectation): string[] {
  const sentences: string[] = [];
  for (const [name, key] of cluster.keys()) {
    const problem = differenceOf(cluster, witness, key, expected);
    if (problem !== undefined) sentences.push(`${name}: ${problem}`);
    if (sentences.length >= sentencesMax) return sentences;
  }
  for (const node of cluster.nodes) {
    const [first] = node.hints().keys();
    if (first !== undefined) sentences.push(`${node.id} still keeps hints, one of them for ${first}`);
  }
  return sentences;
}

const sentencesMax = 3;

function differenceOf(
  cluster: Cluster,
  witness: Witness,
  key: Uint8Array,
  { burials, isScrubbing }: Expectation,
): string | undefined {
  const owners = new Set(primariesOf(cluster.nodes[0]!, key));
  const stranger = cluster.nodes.find((node) => !owners.has(node.id) && recordAt(node, key) !== undefined);
  if (stranger !== undefined) return `${stranger.id} has a record, and is none of ${[...owners].join(", ")}`;
  const primaries = cluster.nodes.filter(({ id }) => owners.has(id));
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
    if (other === undefined || equalBytes(record, other)) continue;
    const isBad = !good.includes(node);
    if (isBad && isScrubbing) return `${node.id} has a bad record, and ${first.id} a good one`;
    if (!isBad) return `${first.id} and ${node.id} have different records`;
  }
  return undefined;
}

function recordAt(node: NodeProcess, key: Uint8Array): Uint8Array | undefined {
  return node.seen("objects", storeKeyOf(node, key));
}
