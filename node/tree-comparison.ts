/**
 * Compares one tree with a peer's, and repairs the keys that differ.
 *
 *   branches ─▶ leaves ─▶ waiting `antiEntropyConfirmMs` ─▶ confirming: the same leaves again ─▶ keys ⇄ repairs ─▶ over
 *      └── no difference, at the first look or the second ────────────────▶ over: equal       any failure ─▶ over: failed
 *
 * - Only leaves that differ in both looks count: what is on its way looks like a difference.
 * - Keys come in pages, repairs run a few at a time, and no page is asked for while too many wait for their repair.
 * - A leaf that both looks saw in the same two states, without a key that differs, is *futile*: one of the two trees is wrong.
 *
 * Whoever owns it calls `proceed` at every tick: what the budget refuses, or must wait, goes on there.
 */
import { fromBinary, toBinary } from "../src/bytes.ts";
import { roughSize } from "../src/codec.ts";
import { branchCount, differingDigests, leavesOf, treeDigestBytes, type MerkleTree } from "../src/merkle.ts";
import type { PeerMessage, ReplicaRequest, TreeName } from "../src/messages.ts";
import type { NodeId } from "../src/ring.ts";
import { KeyRepair, type RepairOwner } from "./key-repair.ts";
import { readLeafPage } from "./leaf-page.ts";
import type { OpenRequest } from "./open-requests.ts";
import { PageJoin, type Difference } from "./page-join.ts";
import type { Partitions } from "./partition.ts";
import type { Self } from "./self.ts";

const answerTimeoutMs = 5000;
const repairsMax = 16;
const queueMax = 256;
/** Past it a request for keys names no leaves: it asks for all. */
const namedLeavesMax = 1024;
/** What an answer is taken for before it is there. */
const pageBytesGuess = 1024;

type State = "branches" | "leaves" | "waiting" | "confirming" | "keys" | "over";
export type ComparisonOutcome = "equal" | "repaired" | "failed";
type TreeRequest = ReplicaRequest & { readonly kind: "TreeNodes" | "TreeKeys" };

export class TreeComparison implements OpenRequest, RepairOwner {
  readonly isBackground = true;
  readonly tree: TreeName;
  readonly #self: Self;
  readonly #partitions: Partitions;
  readonly #peer: NodeId;
  #state: State = "branches";
  /** Once it is over. */
  outcome: ComparisonOutcome | undefined;
  isFutile = false;
  wakeAtMs = 0;
  /** Of the question that is open; 0: none is. */
  #id = 0;
  #confirmAtMs = 0;
  /** Branches that differ. */
  #branches: readonly number[] = [];
  /** Leaves whose digests were asked for. */
  #asked: readonly number[] = [];
  /** Of each leaf that differed at the first look, both digests as they were. */
  #first: ReadonlyMap<number, string> = new Map();
  /** Those that differed at both. */
  #leaves: ReadonlySet<number> | undefined;
  /** Those that did so in the same two states, with ours. */
  #quiet: ReadonlyMap<number, string> = new Map();
  readonly #join = new PageJoin();
  #queue: Difference[] = [];
  #repairing = 0;
  #found = 0;
  #hasFailed = false;

  constructor(self: Self, partitions: Partitions, peer: NodeId, tree: TreeName) {
    this.#self = self;
    this.#partitions = partitions;
    this.#peer = peer;
    this.tree = tree;
  }

  /** Does what can be done now. */
  proceed(): void {
    if (this.#state === "keys") return this.#compareKeys();
    if (this.#id !== 0) return;
    if (this.#state === "branches") return this.#askNodes(undefined, undefined);
    if (this.#state === "leaves") return this.#askNodes(this.#branches, undefined);
    if (this.#state === "over" || this.#self.now.monotonicMs < this.#confirmAtMs) return;
    this.#state = "confirming";
    this.#askNodes(undefined, this.#asked);
  }

  receive(node: NodeId, message: PeerMessage): void {
    if (node !== this.#peer) return;
    this.#close();
    if (message.kind === "TreeNodesReply" && this.#state !== "keys") this.#look(message.digests);
    else if (message.kind !== "TreeKeysReply" || !this.#join.theirs.add(message)) return this.fail();
    this.proceed();
  }

  lose(node: NodeId): void {
    if (node === this.#peer) this.fail();
  }

  wake(): void {
    this.fail();
  }

  /** Repairs that are under way end by themselves. */
  fail(): void {
    this.#end("failed");
  }

  repairEnded(isRepaired: boolean): void {
    this.#repairing--;
    if (!isRepaired) this.#hasFailed = true;
    this.proceed();
  }

  // Two looks

  #look(theirs: Uint8Array): void {
    const mine = this.#self.trees.ready(this.tree);
    const count = this.#state === "branches" ? branchCount : this.#asked.length;
    if (mine === undefined || theirs.length !== count * treeDigestBytes) return this.fail();
    if (this.#state === "branches") {
      this.#branches = differingDigests(mine.branches, theirs);
      this.#asked = this.#branches.flatMap(leavesOf);
      this.#state = "leaves";
      if (this.#branches.length === 0) this.#end("equal");
    } else if (this.#state === "leaves") this.#firstLook(this.#differing(mine, theirs));
    else this.#secondLook(this.#differing(mine, theirs));
  }

  #firstLook(differing: ReadonlyMap<number, string>): void {
    this.#first = differing;
    this.#asked = [...differing.keys()];
    this.#confirmAtMs = this.#self.now.monotonicMs + this.#self.tuning.antiEntropyConfirmMs;
    this.#state = "waiting";
    if (differing.size === 0) this.#end("equal");
  }

  #secondLook(differing: ReadonlyMap<number, string>): void {
    const both = [...differing].filter(([leaf]) => this.#first.has(leaf));
    this.#leaves = both.length > namedLeavesMax ? undefined : new Set(both.map(([leaf]) => leaf));
    this.#quiet = new Map(both.filter(([leaf, pair]) => this.#first.get(leaf) === pair));
    this.#state = "keys";
    if (both.length === 0) this.#end("equal");
  }

  /** Of each leaf that differs, our digest and theirs. */
  #differing(mine: MerkleTree, theirs: Uint8Array): Map<number, string> {
    const places = differingDigests(mine.digestsOf(this.#asked), theirs);
    return new Map(
      places.map((place) => {
        const leaf = this.#asked[place]!;
        const digest = theirs.subarray(place * treeDigestBytes, (place + 1) * treeDigestBytes);
        return [leaf, toBinary(mine.leaf(leaf)) + toBinary(digest)];
      }),
    );
  }

  // Keys

  #compareKeys(): void {
    this.#repair();
    if (this.#queue.length < queueMax) this.#readOn();
    this.#repair();
    if (!this.#join.isOver || this.#queue.length > 0 || this.#repairing > 0) return;
    this.isFutile = this.#found === 0 && this.#isStillQuiet();
    this.#end(this.#hasFailed ? "failed" : "repaired");
  }

  #readOn(): void {
    const { mine, theirs } = this.#join;
    if (mine.isAwaited && this.#self.background.take("anti-entropy", 0))
      mine.add(readLeafPage(this.#self, this.tree, this.#leaves, mine.end));
    if (theirs.isAwaited && this.#id === 0) this.#askKeys(theirs.end);
    const differences = this.#join.take();
    this.#found += differences.length;
    this.#queue.push(...differences);
  }

  #repair(): void {
    while (this.#repairing < repairsMax && this.#queue.length > 0 && !this.#self.isDiskFull) {
      const difference = this.#queue[0]!;
      const place = this.#self.locate(difference.key);
      const isOurs = place.partition === this.tree.partition;
      const repair = new KeyRepair(this.#self, this.#partitions, this.#peer, place, this);
      if (isOurs && !repair.start(difference)) return;
      if (isOurs) this.#repairing++;
      else this.#hasFailed = true;
      this.#queue.shift();
    }
  }

  #isStillQuiet(): boolean {
    const tree = this.#self.trees.ready(this.tree);
    return [...this.#quiet].some(
      ([leaf, pair]) => differingDigests(tree!.leaf(leaf), fromBinary(pair.slice(0, treeDigestBytes))).length === 0,
    );
  }

  // Questions

  #askNodes(branches: readonly number[] | undefined, leaves: readonly number[] | undefined): void {
    const count = leaves?.length ?? branchCount * (branches?.length ?? 1);
    if (!this.#self.background.take("anti-entropy", count * treeDigestBytes)) return;
    this.#ask({ kind: "TreeNodes", id: this.#open(), tree: this.tree, branches, leaves });
  }

  #askKeys(after: Uint8Array | undefined): void {
    if (!this.#self.background.take("anti-entropy", pageBytesGuess)) return;
    const leaves = this.#leaves === undefined ? undefined : [...this.#leaves];
    this.#ask({ kind: "TreeKeys", id: this.#open(), tree: this.tree, leaves, after });
  }

  #ask(message: TreeRequest): void {
    this.#self.counters.antiEntropyBytes += roughSize(message);
    this.#self.send(this.#peer, message);
  }

  #open(): number {
    this.wakeAtMs = this.#self.now.monotonicMs + answerTimeoutMs;
    this.#id = this.#self.requests.open(this);
    return this.#id;
  }

  #close(): void {
    this.#self.requests.close(this.#id);
    this.#id = 0;
  }

  #end(outcome: ComparisonOutcome): void {
    if (this.#state === "over") return;
    if (this.#id !== 0) this.#close();
    this.#state = "over";
    this.outcome = outcome;
  }
}
