/**
 * Virtual time: one queue of events and one clock that jumps from each to the next. Everything that happens in a run happens
 * inside an event, and every event is folded into the hash.
 *
 * Nodes run without a promise. Clients have some, so an event that spoke to a client says so (`touchClients`), and the next
 * event waits until their microtasks are done; otherwise the order of things would be the JavaScript engine's and not ours.
 */
import { Random } from "../src/random.ts";
import { Dice } from "./dice.ts";
import { EventQueue, eventKinds, type Event, type EventKind } from "./event-queue.ts";
import { RollingHash } from "./rolling-hash.ts";

/**
 * The two things that the simulator needs of its host. A tick that is asked for in a microtask runs when no microtask is left; a turn of
 * the event loop would wait for the same at ten times the cost, and comes once in every `run`, so that signals and timers of the host have theirs.
 */
declare const process: { nextTick(run: () => void): void };
declare const setImmediate: (run: () => void) => unknown;
const nextMacrotask = setImmediate;

/** Moments are rounded up to a multiple of one of these: coarse ones make many things happen at the same moment. */
const granularitiesUs = [1, 100, 1000, 5000] as const;

/** More events than this in one virtual second are a storm: something feeds on itself, and time would never get on. */
const stormEventsDefault = 200_000;

/** Messages that beget messages without end. */
export class Storm extends Error {}

export class Simulator {
  readonly seed: number;
  readonly hash: RollingHash = new RollingHash();
  readonly granularityUs: number;
  eventCount = 0;
  /** For whoever wants to see what each event has changed. */
  afterEvent: (() => void) | undefined;
  #nowUs = 0;
  readonly #queue = new EventQueue();
  readonly #root: Random;
  /** One for each kind of event: a fault more or less does not reshuffle the messages. */
  readonly #ties: Readonly<Record<EventKind, Dice>>;
  #sequence = 0;
  #hasTouchedClients = false;
  #isHalted = false;
  #second = 0;
  #eventsAtSecond = 0;
  readonly #stormEvents: number;

  /** @param stormEvents in a virtual second: hundreds of nodes have more to do than the few of a seed */
  constructor(seed: number, stormEvents: number = stormEventsDefault) {
    this.seed = seed;
    this.#stormEvents = stormEvents;
    this.#root = new Random(seed);
    const ties = eventKinds.map((kind) => [kind, this.dice(`ties:${kind}`)] as const);
    this.#ties = Object.fromEntries(ties) as Record<EventKind, Dice>;
    this.granularityUs = this.stream("granularity").pick(granularitiesUs);
  }

  get nowMs(): number {
    return this.#nowUs / 1000;
  }

  get isHalted(): boolean {
    return this.#isHalted;
  }

  /** Dice for one purpose. The same purpose gives the same dice from the start: ask once and keep them. */
  stream(purpose: string): Random {
    return this.#root.stream(purpose);
  }

  /** Dice for one purpose that begin anew at every moment. */
  dice(purpose: string): Dice {
    return new Dice(this.stream(purpose), () => this.#nowUs);
  }

  schedule(delayMs: number, kind: EventKind, run: () => void): Event {
    const exactUs = this.#nowUs + Math.max(0, Math.round(delayMs * 1000));
    const atUs = Math.ceil(exactUs / this.granularityUs) * this.granularityUs;
    const event = { atUs, tie: this.#ties[kind].now.next(), sequence: this.#sequence++, kind, run, isCancelled: false };
    this.#queue.push(event);
    return event;
  }

  /** Says that a client was spoken to in this event. */
  touchClients(): void {
    this.#hasTouchedClients = true;
  }

  /** Ends the run after this event: something is wrong, and what follows would only bury it. */
  halt(): void {
    this.#isHalted = true;
  }

  /** Lets time pass up to `untilMs`, or until `isDone` says so after an event. */
  async run(untilMs: number, isDone: () => boolean = () => false): Promise<void> {
    await new Promise<void>((resolve) => void nextMacrotask(resolve));
    this.#hasTouchedClients = false;
    while (!this.#isHalted && !isDone()) {
      const event = this.#queue.next;
      if (event === undefined || event.atUs > untilMs * 1000) break;
      this.#queue.pop();
      if (event.isCancelled) continue;
      this.#happen(event);
      if (this.#hasTouchedClients) await this.#settleClients();
    }
    if (!this.#isHalted && !isDone()) this.#nowUs = Math.max(this.#nowUs, Math.round(untilMs * 1000));
  }

  #happen(event: Event): void {
    this.#nowUs = event.atUs;
    this.eventCount++;
    this.#watchStorm();
    this.hash.fold(event.atUs);
    this.hash.fold(eventKinds.indexOf(event.kind));
    event.run();
    this.afterEvent?.();
  }

  /** @throws Storm */
  #watchStorm(): void {
    const second = Math.floor(this.#nowUs / 1_000_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#eventsAtSecond = this.eventCount;
    } else if (this.eventCount - this.#eventsAtSecond > this.#stormEvents)
      throw new Storm(`more than ${this.#stormEvents} events in the second from ${second * 1000} ms on: a storm`);
  }

  #settleClients(): Promise<void> {
    this.#hasTouchedClients = false;
    return new Promise((resolve) => process.nextTick(resolve));
  }
}
