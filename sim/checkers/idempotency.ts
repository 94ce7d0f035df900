/**
 * I9, as far as the store promises it (design §6.5): an operation that is tried again is the same operation.
 *
 * - All tries write the same, to the same key, in the place of the same.
 * - A node that knows what an earlier try wrote, replaced or not, mints no second dot for it, whoever coordinated that try.
 * - Every ok covers what the writer had seen and one dot of the operation, and nothing else: whatever else it covered, the next write
 *   with that context would replace unseen.
 * - A read shows no operation twice, be it stored under two dots.
 *
 * That an operation owns two dots at all is possible: two coordinators that do not know of each other mint one each.
 */
import { addDot, contains, emptyContext, sameContext, type CausalContext } from "../../src/causal-context.ts";
import type { Change } from "../../src/crdt/change.ts";
import { compareDots, formatDot, type Dot } from "../../src/dot.ts";
import type { StoredObject } from "../../src/object.ts";
import type { OpId } from "../../src/op-id.ts";
import type { Accuse, Checker } from "../checker.ts";
import { changesByOp } from "../elements.ts";
import { formatOperation, mustMint, type Operation } from "../history.ts";
import type { Answered, Coordinated, EndOfRun, Issue, Observation } from "../observation.ts";
import { isSameValue } from "../states.ts";
import { Unrecognised } from "../unrecognised.ts";

export class Idempotency implements Checker {
  readonly invariant = "I9";
  readonly #accuse: Accuse;
  readonly #issues = new Map<OpId, Issue[]>();
  /** Puts without an answer yet, by request. */
  readonly #open = new Map<string, Coordinated>();
  /** The dots that a node is about to store. */
  #minted: Issue[] = [];
  readonly #unrecognised = new Unrecognised();

  constructor(accuse: Accuse) {
    this.#accuse = accuse;
  }

  observe(observation: Observation): void {
    this.#unrecognised.observe(observation);
    switch (observation.kind) {
      case "coordinated":
        if (observation.write !== undefined) this.#open.set(observation.request, observation);
        return;
      case "issue":
        return this.#issue(observation);
      case "stored":
      case "hinted":
        return this.#store(observation.before);
      case "answered":
        return this.#answer(observation);
      case "returned":
        return this.#checkShown(observation.operation);
      default:
        return;
    }
  }

  finish(_end: EndOfRun): void {}

  #issue(issue: Issue): void {
    if (issue.op === undefined) return;
    this.#minted.push(issue);
    const issues = this.#issues.get(issue.op) ?? [];
    this.#issues.set(issue.op, [...issues, issue]);
    const [first] = issues;
    if (first !== undefined && !isSameWrite(first, issue))
      this.#accuse(`${formatDot(first.dot)} and ${formatDot(issue.dot)} are one operation and write different things`);
  }

  /** @param before what the node had, when it minted what it stores now */
  #store(before: StoredObject | undefined): void {
    const minted = this.#minted;
    this.#minted = [];
    for (const { op, dot, node, key } of minted) {
      const earlier = this.#issues
        .get(op!)!
        .find((issue) => compareDots(issue.dot, dot) !== 0 && this.#knows(before, issue));
      if (earlier !== undefined)
        this.#accuse(
          `${node} mints ${formatDot(dot)} of ${key} for an operation that it knows as ${formatDot(earlier.dot)}`,
        );
    }
  }

  /** Live or spent, or replaced and forgotten too soon. */
  #knows(object: StoredObject | undefined, { dot, key }: Issue): boolean {
    return object !== undefined && contains(object.context, dot) && !contains(this.#unrecognised.of(key), dot);
  }

  #answer({ request, message, covers }: Answered): void {
    const put = this.#open.get(request);
    this.#open.delete(request);
    if (put?.write === undefined || message.kind !== "PutReply") return;
    const { seen, op, changes } = put.write;
    if (changes !== undefined) return this.#answerChanges(put, op, seen, changes, covers);
    const own = (this.#issues.get(op) ?? []).filter(({ dot, key }) => key === put.key && isNew(dot, seen, covers));
    const isHonest = own.some(({ dot }) => sameContext(covers!, addDot(seen, dot)));
    if (!isHonest)
      this.#accuse(
        `${put.node} says ok to a put of ${put.key}, with a context that is not what its writer had seen and one dot of it`,
      );
  }

  /** Of several elements those that are still there; of none, if it removes, or adds what a grow-only set has. */
  #answerChanges(
    { node, key }: Coordinated,
    op: OpId,
    seen: CausalContext,
    changes: readonly Change[],
    covers: CausalContext = emptyContext,
  ): void {
    const issues = [...changesByOp(op, changes).keys()].flatMap((one) => this.#issues.get(one) ?? []);
    const own = issues.filter(({ dot }) => isNew(dot, seen, covers));
    const isSilent = own.length === 0 && mustMint(changes) && !issues.some(({ dot }) => contains(seen, dot));
    const expected = own.reduce((context, { dot }) => addDot(context, dot), seen);
    if (isSilent || !sameContext(covers, expected))
      this.#accuse(
        `${node} says ok to changes of ${key}, with a context that is not what its writer had seen and dots of theirs`,
      );
  }

  #checkShown(operation: Operation): void {
    const shown = operation.siblings ?? [];
    if (new Set(shown).size < shown.length) this.#accuse(`${formatOperation(operation)} shows one operation twice`);
  }
}

function isNew(dot: Dot, seen: CausalContext, covers: CausalContext | undefined): boolean {
  return covers !== undefined && contains(covers, dot) && !contains(seen, dot);
}

/** What an element of a data type replaces is its coordinator's to say too, and so is what an increment adds up to. */
function isSameWrite(a: Issue, b: Issue): boolean {
  if (a.key !== b.key || a.path !== b.path || a.amount !== b.amount) return false;
  if (a.path !== undefined) return a.amount !== undefined || isSameValue(a.value, b.value);
  return isSameValue(a.value, b.value) && sameContext(a.seen, b.seen);
}
