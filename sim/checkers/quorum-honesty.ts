/**
 * I12: a coordinator says "ok" only if as many distinct nodes have answered as the request asked for, as many of them primaries
 * of its own list, and as many from disk. Counted on the votes that really reached it, never on what it says of itself.
 *
 * - Only a sloppy request may count stand-ins, and none of them is a primary.
 * - A primary and all that keep a put for it are one: what they keep will soon lie there once.
 * - "Fresh" is an answer once all primaries have answered, and not before. Stand-ins never count towards "not found".
 * - A get's reply is the join of the answers: it lacks nothing of any of them, and has nothing that none of them had.
 * - A replica says all that it has: "same" only where it is the same.
 * - A replica that cannot read its record says so: "absent" is an answer, "missing" is none.
 */
import { isIncluded, type StoredObject } from "../../src/object.ts";
import { decodeRecord } from "../../src/record.ts";
import type { NodeId } from "../../src/ring.ts";
import type { Accuse, Checker } from "../checker.ts";
import type { Answered, Coordinated, EndOfRun, Observation, Served, Voted } from "../observation.ts";
import { joinOf } from "../states.ts";

interface Tally {
  readonly request: Coordinated;
  readonly voters: Set<NodeId>;
  /** As `voters`, but for whom: themselves, or a primary that they keep a put for. */
  readonly targets: Set<NodeId>;
  readonly durable: Set<NodeId>;
  readonly objects: StoredObject[];
  /** Voters that have nothing, and may only have lost it. */
  readonly fresh: Set<NodeId>;
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
          targets: new Set(),
          durable: new Set(),
          objects: [],
          fresh: new Set(),
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

  #vote({ request, voter, isDurable, object, isFresh, standsFor = voter }: Voted): void {
    const tally = this.#open.get(request);
    if (tally === undefined || !(tally.request.isSloppy || tally.request.list.includes(voter))) return;
    if (isFresh !== true) tally.fresh.delete(voter);
    else if (!tally.voters.has(voter)) tally.fresh.add(voter);
    const target = tally.request.list.includes(voter) ? voter : standsFor;
    tally.voters.add(voter);
    tally.targets.add(target);
    if (isDurable) tally.durable.add(target);
    if (object !== undefined) tally.objects.push(object);
  }

  #answer({ request, message }: Answered): void {
    const tally = this.#open.get(request);
    this.#open.delete(request);
    if (tally === undefined || message.kind === "Failure" || message.kind === "StatusReply") return;
    const { node, key, what, needs, list } = tally.request;
    const who = `${node} says ok to a ${what} of ${key}`;
    const isNotFound = message.kind === "GetReply" && message.record === undefined;
    const hasAll = list.every((primary) => tally.voters.has(primary));
    const primaries = list.filter((one) => tally.voters.has(one) && (hasAll || !tally.fresh.has(one))).length;
    const others = [...tally.targets].filter((one) => !(list.includes(one) && tally.voters.has(one))).length;
    const answers = isNotFound ? primaries : primaries + others;
    if (answers < needs.answers) this.#accuse(`${who} that needs ${needs.answers} answers, and has ${answers}`);
    if (primaries < needs.primaries)
      this.#accuse(`${who} that needs ${needs.primaries} primaries, and has ${primaries}`);
    if (tally.durable.size < needs.durable)
      this.#accuse(`${who} that needs ${needs.durable} answers from disk, and has ${tally.durable.size}`);
    if (message.kind === "GetReply") this.#checkJoin(who, tally, message.record);
  }

  #checkJoin(who: string, { objects }: Tally, record: Uint8Array | undefined): void {
    const told = record === undefined ? undefined : decodeRecord(record);
    const all = joinOf(objects);
    if (all !== undefined && (told === undefined || !isIncluded(all, told)))
      this.#accuse(`${who}, and leaves out something that a replica had told it`);
    if (told !== undefined && (all === undefined || !isIncluded(told, all)))
      this.#accuse(`${who}, and tells something that no replica had told it`);
  }

  #checkServed({ node, key, answer, held, isFresh, isWhole }: Served): void {
    if ((answer === "same" || answer === "record") && isWhole === false)
      this.#accuse(`${node} answers "${answer}" for ${key}, and that is not what it has`);
    if (answer === "absent" && isFresh === true)
      this.#accuse(`${node} answers "absent" for ${key}, though its disk began empty and has not caught up`);
    const honest = answer === "same" || answer === "record" ? "record" : answer === "missing" ? "bad record" : "absent";
    if (held !== honest) this.#accuse(`${node} answers "${answer}" for ${key}, where its disk has: ${held}`);
  }
}
