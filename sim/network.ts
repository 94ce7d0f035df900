/**
 * The weather between the endpoints, nodes and clients alike: one path per direction, each with its own dice, over which
 * sessions (session.ts) send their frames.
 */
import type { Dice } from "./dice.ts";
import type { Recording } from "./recording.ts";
import type { Simulator } from "./simulator.ts";
import { Session, type SessionEnd, type SessionEvents } from "./session.ts";

/** What holds for every path, until it is changed. Probabilities are per frame. */
export interface NetworkConditions {
  delayMinMs: number;
  delayMeanMs: number;
  /** What a session carries one way, beside the delay; `Infinity`: as much as one likes. */
  bytesPerMs: number;
  loss: number;
  duplication: number;
  reorder: number;
  /** The end of the frame is cut off, or a bit in it turned: its checksum is wrong. */
  truncation: number;
  corruption: number;
  /** How long a session lasts over a blocked path before its ends give it up. */
  silenceMinMs: number;
  silenceMeanMs: number;
}

/** Conditions under which every frame arrives, once, whole and in its turn. */
export const soundFrames = { loss: 0, duplication: 0, reorder: 0, truncation: 0, corruption: 0 } as const;

/** One direction between two endpoints. */
export class Path {
  readonly from: string;
  readonly to: string;
  readonly dice: Dice;
  /** Frames vanish, and nobody is told. */
  isBlocked = false;
  /** Beside the network's own: how many of the frames on this path are lost. */
  loss = 0;
  /** Frames wait until then. */
  cloggedUntilMs = 0;
  /** How long a frame takes here, where that is not left to the network: each kind of message may have a law of its own. */
  delayMs: ((frame: Uint8Array) => number) | undefined;

  constructor(from: string, to: string, dice: Dice) {
    this.from = from;
    this.to = to;
    this.dice = dice;
  }
}

/** What an endpoint does with somebody who wants to talk; `undefined`: nobody is listening. */
export type Accept = (end: SessionEnd, from: string) => SessionEvents | undefined;

export class Network {
  readonly simulator: Simulator;
  readonly conditions: NetworkConditions;
  /** Frames on their way, by whatever session, but for those of the background. */
  inFlight = 0;
  recording: Recording | undefined;
  readonly #paths = new Map<string, Path>();
  readonly #listeners = new Map<string, Accept>();
  readonly #sessions = new Set<Session>();

  constructor(simulator: Simulator, conditions: NetworkConditions) {
    this.simulator = simulator;
    this.conditions = conditions;
  }

  /** Those that have been asked for. */
  get paths(): Iterable<Path> {
    return this.#paths.values();
  }

  path(from: string, to: string): Path {
    const name = `${from}>${to}`;
    const known = this.#paths.get(name);
    if (known !== undefined) return known;
    const path = new Path(from, to, this.simulator.dice(`net:${name}`));
    this.#paths.set(name, path);
    return path;
  }

  listen(endpoint: string, accept: Accept): void {
    this.#listeners.set(endpoint, accept);
  }

  /** Opens a session; `events` says when it is open, and when it has ended or never came about. */
  open(from: string, to: string, events: SessionEvents): SessionEnd {
    const session = new Session(this, from, to, events, (end) => this.#listeners.get(to)?.(end, from));
    this.#sessions.add(session);
    return session.near;
  }

  block(from: string, to: string): void {
    const path = this.path(from, to);
    if (path.isBlocked) return;
    path.isBlocked = true;
    for (const session of this.#sessions) session.watchSilence(path);
  }

  unblock(from: string, to: string): void {
    this.path(from, to).isBlocked = false;
  }

  clog(from: string, to: string, durationMs: number): void {
    const path = this.path(from, to);
    path.cloggedUntilMs = Math.max(path.cloggedUntilMs, this.simulator.nowMs + durationMs);
  }

  /** All ways between these ends are open again. */
  clear(isInside: (end: string) => boolean): void {
    for (const path of this.#paths.values()) {
      if (!isInside(path.from) || !isInside(path.to)) continue;
      path.isBlocked = false;
      path.cloggedUntilMs = 0;
      path.loss = 0;
    }
  }

  /** Both ends are closed: nothing more to do for it. */
  drop(session: Session): void {
    this.#sessions.delete(session);
  }
}
