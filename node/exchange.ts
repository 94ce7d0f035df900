/**
 * One round with one peer: asks which of the trees that both keep are different there, a bounded number of roots in a message, and
 * compares those that are, a few at a time.
 *
 *   roots of the first trees ─▶ roots of the next ─▶ … ─▶ all asked for
 *        └─▶ those that differ ─▶ comparisons (tree-comparison.ts) ─▶ all over ─▶ over
 *
 * A peer that does not answer, or is lost, ends it. What was not reached is reached in the next round.
 */
import { roughSize } from "../src/codec.ts";
import { differingDigests, treeDigestBytes } from "../src/merkle.ts";
import type { PeerMessage, TreeName, TreeRoots } from "../src/messages.ts";
import type { NodeId } from "../src/ring.ts";
import type { OpenRequest } from "./open-requests.ts";
import type { Partitions } from "./partition.ts";
import type { Self } from "./self.ts";
import { TreeComparison } from "./tree-comparison.ts";

const answerTimeoutMs = 5000;
const treesPerMessage = 512;
/** Most of them wait for their second look. */
const comparisonsMax = 32;

/** Who wants to know what became of the trees. */
export interface ExchangeOwner {
  /** What the peer holds of this tree is here, and what is here is there. */
  treeSettled(peer: NodeId, tree: TreeName): void;
  /** It differs, and no key does. */
  treeFutile(peer: NodeId, tree: TreeName): void;
}

export interface ExchangePlan {
  readonly peer: NodeId;
  readonly trees: readonly TreeName[];
  /** Trees that were futile in the last round. */
  readonly doubted: readonly TreeName[];
}

export class Exchange implements OpenRequest {
  readonly isBackground = true;
  readonly #self: Self;
  readonly #partitions: Partitions;
  readonly #owner: ExchangeOwner;
  readonly #plan: ExchangePlan;
  /** Of the plan, how many trees the peer was asked about. */
  #asked = 0;
  #page: readonly TreeName[] = [];
  #differing: TreeName[] = [];
  #running: TreeComparison[] = [];
  wakeAtMs = 0;
  #id = 0;
  /** Trees that could not be compared, and those whose comparison failed. */
  left = 0;
  isOver = false;

  constructor(self: Self, partitions: Partitions, owner: ExchangeOwner, plan: ExchangePlan) {
    this.#self = self;
    this.#partitions = partitions;
    this.#owner = owner;
    this.#plan = plan;
  }

  /** At every tick. */
  proceed(): void {
    if (this.isOver) return;
    if (!this.#self.canReach(this.#plan.peer)) return this.#fail();
    this.#askRoots();
    while (this.#running.length < comparisonsMax && this.#differing.length > 0)
      this.#running.push(new TreeComparison(this.#self, this.#partitions, this.#plan.peer, this.#differing.shift()!));
    for (const comparison of this.#running) comparison.proceed();
    this.#collect();
    const isAllAsked = this.#asked === this.#plan.trees.length && this.#id === 0;
    if (isAllAsked && this.#differing.length === 0 && this.#running.length === 0) this.isOver = true;
  }

  receive(node: NodeId, message: PeerMessage): void {
    if (node !== this.#plan.peer) return;
    this.#self.requests.close(this.#id);
    this.#id = 0;
    if (message.kind !== "TreeRootsReply") return this.#fail();
    this.left += message.notReady.length;
    const skipped = new Set([...message.differing, ...message.notReady]);
    for (const [place, tree] of this.#page.entries())
      if (!skipped.has(place)) this.#owner.treeSettled(this.#plan.peer, tree);
    this.#differing.push(...message.differing.flatMap((place) => this.#page[place] ?? []));
    this.proceed();
  }

  lose(node: NodeId): void {
    if (node === this.#plan.peer) this.#fail();
  }

  wake(): void {
    this.#fail();
  }

  #askRoots(): void {
    if (this.#id !== 0) return;
    while (this.#asked < this.#plan.trees.length) {
      const page = this.#plan.trees.slice(this.#asked, this.#asked + treesPerMessage);
      const roots = page.map((tree) => this.#self.trees.ready(tree)?.root);
      const known = page.filter((_, place) => roots[place] !== undefined);
      if (!this.#self.background.take("anti-entropy", page.length * treeDigestBytes)) return;
      this.#asked += page.length;
      this.left += page.length - known.length;
      this.#page = known;
      if (known.length > 0) return this.#send(known, roots);
    }
  }

  #send(trees: readonly TreeName[], roots: readonly (Uint8Array | undefined)[]): void {
    const digests = new Uint8Array(trees.length * treeDigestBytes);
    let at = 0;
    for (const root of roots) if (root !== undefined) digests.set(root, treeDigestBytes * at++);
    const doubted = trees.flatMap((tree, place) =>
      this.#plan.doubted.some((one) => isSame(one, tree)) ? [place] : [],
    );
    this.wakeAtMs = this.#self.now.monotonicMs + answerTimeoutMs;
    this.#id = this.#self.requests.open(this);
    const message: TreeRoots = { kind: "TreeRoots", id: this.#id, trees, digests, doubted };
    this.#self.counters.antiEntropyBytes += roughSize(message);
    this.#self.send(this.#plan.peer, message);
  }

  /** Takes those that are over out of the running ones. */
  #collect(): void {
    const { peer } = this.#plan;
    for (const { outcome, tree, isFutile } of this.#running) {
      if (outcome === "failed") this.left++;
      else if (outcome !== undefined) this.#owner.treeSettled(peer, tree);
      if (isFutile) this.#owner.treeFutile(peer, tree);
    }
    this.#running = this.#running.filter(({ outcome }) => outcome === undefined);
  }

  #fail(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.left++;
    if (this.#id !== 0) this.#self.requests.close(this.#id);
    for (const comparison of this.#running) comparison.fail();
  }
}

/** What a peer says to the roots of another. */
export function compareRoots(
  { trees, digests }: TreeRoots,
  rootOf: (tree: TreeName) => Uint8Array | undefined,
): { readonly differing: number[]; readonly notReady: number[] } {
  const differing: number[] = [];
  const notReady: number[] = [];
  for (const [place, tree] of trees.entries()) {
    const root = rootOf(tree);
    const theirs = digests.subarray(place * treeDigestBytes, (place + 1) * treeDigestBytes);
    if (root === undefined) notReady.push(place);
    else if (differingDigests(root, theirs).length > 0) differing.push(place);
  }
  return { differing, notReady };
}

function isSame(a: TreeName, b: TreeName): boolean {
  return a.partition === b.partition && a.n === b.n;
}
