/**
 * Reachable states, and the naive model to compare them with. Random events are played on a few replicas; the model keeps every event
 * for ever, and for each one the events that its writer had seen.
 *
 *   live at a replica = the events that it has heard of, without those that another one that it has heard of had seen
 *
 * Reachable, because the laws hold only for states that can come about: a dot always stands for the same value, and the dots of every
 * sibling are in its context.
 */
import * as fc from "fast-check";
import { addDot, emptyContext, type CausalContext } from "../../src/causal-context.ts";
import { makeActor, type Dot } from "../../src/dot.ts";
import { addEvent, emptyObject, sync, type Sibling, type StoredObject } from "../../src/object.ts";
import { makeOpId } from "../../src/op-id.ts";
import { plainWrite } from "../plain-write.ts";

export const replicas = 3;

/** One write, or an event that wrote nothing. */
interface Event {
  readonly dot: Dot;
  readonly seen: ReadonlySet<Event>;
  readonly isWrite: boolean;
}

/** An object, and the events that it stands for. */
export interface State {
  readonly object: StoredObject;
  readonly events: ReadonlySet<Event>;
}

/** What a client holds: what it may replace by its next write. */
interface Client {
  readonly context: CausalContext;
  readonly events: ReadonlySet<Event>;
}

const place = fc.nat(replicas - 1);
export const commands = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom("put" as const, "delete" as const), at: place, client: place }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom("blind" as const, "event" as const), at: place, client: place }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("read" as const), at: place, client: place }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("send" as const), at: place, client: place }) },
  // Whatever was ever sent may arrive, in any order, more than once or never.
  { weight: 4, arbitrary: fc.record({ do: fc.constant("receive" as const), at: place, client: fc.nat() }) },
);
type Command = typeof commands extends fc.Arbitrary<infer C> ? C : never;

const nothing: State = { object: emptyObject, events: new Set() };
const nobody: Client = { context: emptyContext, events: new Set() };

export class History {
  readonly states: State[] = Array.from({ length: replicas }, () => nothing);
  readonly sent: State[] = [];
  readonly #clients: Client[] = Array.from({ length: replicas }, () => nobody);
  readonly #counters: number[] = Array.from({ length: replicas }, () => 0);

  constructor(script: readonly Command[]) {
    for (const command of script) this.#take(command);
  }

  /** Every state that came about on the way and was sent, and every one at the end. */
  get all(): readonly State[] {
    return [...this.sent, ...this.states];
  }

  #take({ do: what, at, client }: Command): void {
    const state = this.states[at]!;
    switch (what) {
      case "put":
      case "delete":
        return this.#write(at, client, this.#clients[client]!, what === "put");
      case "blind":
        return this.#write(at, client, nobody, true);
      case "event":
        return this.#addEvent(at);
      case "read":
        this.#clients[client] = { context: state.object.context, events: withSeen(state.events) };
        return;
      case "send":
        this.sent.push(state);
        return;
      case "receive": {
        const other = this.sent[client % Math.max(1, this.sent.length)];
        if (other !== undefined) this.states[at] = syncStates(state, other);
      }
    }
  }

  #write(at: number, client: number, seen: Client, hasValue: boolean): void {
    const dot = this.#mint(at);
    const event: Event = { dot, seen: seen.events, isWrite: true };
    const { object, events } = this.states[at]!;
    this.states[at] = {
      object: plainWrite(object, seen.context, siblingOf(dot, hasValue)),
      events: new Set([...events, event]),
    };
    this.#clients[client] = {
      context: addDot(seen.context, dot),
      events: new Set([...seen.events, event]),
    };
  }

  #addEvent(at: number): void {
    const { object, events } = this.states[at]!;
    const dot = this.#mint(at);
    this.states[at] = {
      object: addEvent(object, dot),
      events: new Set([...events, { dot, seen: new Set(), isWrite: false }]),
    };
  }

  /** A replica holds all that it issued, so the counters of its actor are contiguous in its own object. */
  #mint(at: number): Dot {
    return { actor: actorOf(at), counter: ++this.#counters[at]! };
  }
}

/** Histories of about 30 commands: long enough for siblings of siblings, short enough to read when shrunk. */
export const histories = fc.array(commands, { maxLength: 40, size: "max" }).map((script) => new History(script));

export function syncStates(a: State, b: State): State {
  return { object: sync(a.object, b.object), events: new Set([...a.events, ...b.events]) };
}

/** The model's siblings. */
export function liveDots({ events }: State): Dot[] {
  const covered = new Set([...events].flatMap((event) => [...event.seen]));
  return [...events].filter((event) => event.isWrite && !covered.has(event)).map(({ dot }) => dot);
}

/** The model's context. */
export function seenDots({ events }: State): Dot[] {
  return [...withSeen(events)].map(({ dot }) => dot);
}

function withSeen(events: ReadonlySet<Event>): ReadonlySet<Event> {
  return new Set([...events, ...[...events].flatMap((event) => [...event.seen])]);
}

/** The value is a function of the dot, as it is where no dot is issued twice. */
export function siblingOf(dot: Dot, hasValue: boolean): Sibling {
  const number = dot.counter * 16 + dot.actor.charCodeAt(0) - 97;
  return {
    dot,
    path: "",
    value: hasValue ? Uint8Array.of(number & 0xff, number >>> 8) : undefined,
    timestamp: { ms: 1_700_000_000_000 + number, counter: number % 7 },
    op: makeOpId("client..", number),
  };
}

export function actorOf(at: number): string {
  return makeActor(`${"abc"[at]}.......`, at + 1);
}
