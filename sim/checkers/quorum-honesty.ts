/**
 * I12: a coordinator says "ok" only if as many distinct primaries of the request's own list have answered as the request
 * asked for, and as many from disk. Counted on the votes that really reached it, never on what it says of itself.
 *
 * - A get's reply is the join of the answers that it counted, so it lacks nothing of any of them.
 * - A replica that cannot read its record says so: "absent" is an answer, "missing" is none.
 */
import { isIncluded, type StoredObject } from "../../src/object.ts";
import { decodeRecord } from "../../src/record.ts";
import type { NodeId } from "../../src/ring.ts";
import type { Accuse, Checker } from "../checker.ts";
import type { Answered, Coordinated, EndOfRun, Observation, Served, Voted } from "../observation.ts";

interface Tally {
  readonly request: Coordinated;
  readonly voters: Set<NodeId>;
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
          voters: new Set(),
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

  #vote({ request, voter, isDurable, object }: Voted): void {
    const tally = this.#open.get(request);
    if (tally === undefined || !tally.request.list.includes(voter)) return;
    tally.voters.add(voter);
    if (isDurable) tally.durable.add(voter);
    if (object !== undefined) tally.objects.push(object);
  }

  #answer({ request, message }: Answered): void {
    const tally = this.#open.get(request);
    this.#open.delete(request);
    if (tally === undefined || message.kind === "Failure" || message.kind === "StatusReply") return;
    const { node, key, what, needs } = tally.request;
    const who = `${node} says ok to a ${what} of ${key}`;
    const primaries = tally.request.primaries.filter((node) => tally.voters.has(node)).length;
    if (tally.voters.size < needs.answers)
      this.#accuse(`${who} that needs ${needs.answers} answers, and has ${tally.voters.size}`);
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
