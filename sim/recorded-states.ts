/** The states of objects that a recording tells of, each listed once, with the actors in them by short names. */
import type { CausalContext } from "../src/causal-context.ts";
import { decodeValue } from "../src/value.ts";
import { formatActor, type Actor, type Dot } from "../src/dot.ts";
import { hash64 } from "../src/hash.ts";
import type { Sibling, StoredObject } from "../src/object.ts";
import type { OpId } from "../src/op-id.ts";
import { Decoded } from "./decoded.ts";
import type {
  RecordedActor,
  RecordedContext,
  RecordedDot,
  RecordedSibling,
  RecordedState,
  StatePlace,
} from "./recorded.ts";

/** Of a value, as much as a person wants to see. */
const valueCharactersMax = 40;

export class RecordedStates {
  readonly #decoded = new Decoded();
  readonly #states: StoredObject[] = [];
  readonly #places = new Map<bigint, number>();
  readonly #actors = new Map<Actor, number>();
  /** Which node uses an actor: known from its first dot. */
  readonly #owners = new Map<Actor, string>();

  /** `undefined`: there is nothing. */
  placeOf(record: Uint8Array | undefined): StatePlace | undefined {
    if (record === undefined) return undefined;
    const object = this.#decoded.object(record);
    if (object === undefined) return "bad";
    const name = hash64(record);
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    this.#places.set(name, this.#states.length);
    return this.#states.push(object) - 1;
  }

  issued(actor: Actor, node: string): void {
    this.#owners.set(actor, node);
  }

  dot({ actor, counter }: Dot): RecordedDot {
    return { actor: this.#actor(actor), counter };
  }

  context(context: CausalContext): RecordedContext {
    return context.map(({ actor, base, cloud }) => ({ actor: this.#actor(actor), base, cloud }));
  }

  /** @param operations the numbers of those that are known */
  states(operations: ReadonlyMap<OpId, number>): RecordedState[] {
    return this.#states.map(({ siblings, context }) => ({
      siblings: siblings.map((sibling) => this.#sibling(sibling, operations)),
      context: this.context(context),
    }));
  }

  /** After everything else: it names those that were asked for. */
  actors(): RecordedActor[] {
    const counts = new Map<string, number>();
    return [...this.#actors.keys()].map((actor) => {
      const owner = this.#owners.get(actor) ?? "?";
      const count = counts.get(owner) ?? 0;
      counts.set(owner, count + 1);
      return { name: `${owner}${letters(count)}`, actor: formatActor(actor) };
    });
  }

  #sibling({ dot, value, op }: Sibling, operations: ReadonlyMap<OpId, number>): RecordedSibling {
    const operation = operations.get(op);
    return {
      ...this.dot(dot),
      ...(value !== undefined && { value: formatValue(value) }),
      ...(operation !== undefined && { operation }),
    };
  }

  #actor(actor: Actor): number {
    const known = this.#actors.get(actor);
    if (known !== undefined) return known;
    this.#actors.set(actor, this.#actors.size);
    return this.#actors.size - 1;
  }
}

/** A value of an application, shortened: what fills it up says nothing. */
export function formatValue(bytes: Uint8Array): string {
  try {
    const value = decodeValue(bytes);
    return shorten(typeof value === "string" ? value : JSON.stringify(value));
  } catch {
    return `${bytes.length} bytes`;
  }
}

export function shorten(text: string): string {
  const short = text.replaceAll(/(.)\1{5,}/g, "…");
  return short.length <= valueCharactersMax ? short : `${short.slice(0, valueCharactersMax)}…`;
}

/** a, b, … z, aa, ab, … */
function letters(count: number): string {
  const last = String.fromCharCode(97 + (count % 26));
  return count < 26 ? last : letters(Math.floor(count / 26) - 1) + last;
}
