/**
 * I12: a coordinator says "ok" only if as many distinct nodes have answered as the request asked for, as many of them from disk, and
 * as many of them primaries of the request's own list. Counted on the votes that really reached it, never on what it says of itself.
 *
 * - A get's reply is the join of the answers that it counted, so it lacks nothing of any of them.
 * - A replica that cannot read its record says so: "absent" is an answer, "missing" is none.
 * - "Fresh" is an answer once all primaries have answered, and not before.
 * - Others than primaries count where the request is sloppy, and never towards "not found".
 */
import { isIncluded, type StoredObject } from "../../src/object.ts";
import { decodeRecord } from "../../src/record.ts";
import type { NodeId } from "../../src/ring.ts";
import type { Accuse, Checker } from "../checker.ts";
import type { Answered, Coordinated, EndOfRun, Observation, Served, Voted } from "../observation.ts";

interface Tally {
  readonly request: Coordinated;
  /** Whoever has answered, and whether it counts by itself. */
  readonly voters: Map<NodeId, "counts" | "fresh">;
  readonly durable: Set<NodeId>;
  readonly objects: StoredObject[];
}

export class QuorumHonesty implements Checker {
  readonly invariant = "I12";
  readonly #accuse: Accuse;
  readonly #open = new Map<string, Tally>();

  constructor(accuse: Accuse) {
    this.#accuse = accuse;
  }

  observe(observation: Observation): void {
    switch (observation.kind) {
      case "coordinated":
        this.#open.set(observation.request, {
          request: observation,
          voters: new Map(),
          durable: new Set(),
          objects: [],
        });
        return;
      case "voted":
        return this.#vote(observation);
      case "answered":
        return this.#answer(observation);
      case "served":
        return this.#checkServed(observation);
      default:
        return;
    }
  }

  finish(_end: EndOfRun): void {}

  #vote({ request, voter, isDurable, object, isFresh }: Voted): void {
    const tally = this.#open.get(request);
    if (tally === undefined) return;
    const { list, isSloppy } = tally.request;
    if (!list.includes(voter) && !isSloppy) return;
    if (tally.voters.get(voter) !== "counts") tally.voters.set(voter, isFresh ? "fresh" : "counts");
    if (isDurable) tally.durable.add(voter);
    if (object !== undefined) tally.objects.push(object);
  }

  #answer({ request, message }: Answered): void {
    const tally = this.#open.get(request);
    this.#open.delete(request);
    if (tally === undefined || message.kind === "Failure" || message.kind === "StatusReply") return;
    const { node, key, what, needs } = tally.request;
    const who = `${node} says ok to a ${what} of ${key}`;
    const isNothing = message.kind === "GetReply" && message.record === undefined;
    const primaries = primariesIn(tally);
    const answers = isNothing ? primaries : primaries + standInsIn(tally);
    if (answers < needs.answers) this.#accuse(`${who} that needs ${needs.answers} answers, and has ${answers}`);
    if (primaries < needs.primaries)
      this.#accuse(`${who} that needs answers of ${needs.primaries} primaries, and has ${primaries}`);
    if (tally.durable.size < needs.durable)
      this.#accuse(`${who} that needs ${needs.durable} answers from disk, and has ${tally.durable.size}`);
    if (message.kind === "GetReply") this.#checkJoin(who, tally, message.record);
  }

  #checkJoin(who: string, { objects }: Tally, record: Uint8Array | undefined): void {
    const told = record === undefined ? undefined : decodeRecord(record);
    for (const object of objects)
      if (told === undefined || !isIncluded(object, told))
        this.#accuse(`${who}, and leaves out something that a replica had told it`);
  }

  #checkServed({ node, key, answer, held }: Served): void {
    const honest = answer === "same" || answer === "record" ? "record" : answer === "missing" ? "bad record" : "absent";
    if (held !== honest) this.#accuse(`${node} answers "${answer}" for ${key}, where its disk has: ${held}`);
  }
}

function primariesIn({ request: { list }, voters }: Tally): number {
  const all = list.every((node) => voters.has(node));
  return list.filter((node) => voters.get(node) === "counts" || (all && voters.has(node))).length;
}

function standInsIn({ request: { list }, voters }: Tally): number {
  return [...voters.keys()].filter((node) => !list.includes(node)).length;
}
