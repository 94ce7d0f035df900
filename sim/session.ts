/**
 * A connection between two endpoints, as TCP shows it to a program, and a little harsher: frames may vanish, come twice or
 * overtake each other inside a session if the conditions say so.
 *
 *   near: opening ──far accepts──▶ open ──close, the far end's close, or silence──▶ closed
 *            └──nobody listens, or silence──▶ closed
 *
 * An end that closes tells the other, in order behind its last frame. One that vanishes (power cut), or whose words a blocked
 * path swallows, is missed only after a while: that is all that anybody ever learns of a partition.
 */
import { checksum32 } from "../src/hash.ts";
import type { Network, Path } from "./network.ts";

export interface SessionEvents {
  onOpen?(): void;
  onFrame(frame: Uint8Array): void;
  /** Once, unless this end was closed from here. */
  onEnd(reason: string): void;
}

export interface SessionEnd {
  readonly isOpen: boolean;
  /** Which start of its process holds this end, and which the other: for those who must not mix up the two. */
  incarnation: number;
  readonly peerIncarnation: number;
  /**
   * @param isRepeatable whether the network may deliver the frame twice
   * @param isBackground whether the cluster is at rest though the frame is on its way
   */
  send(frame: Uint8Array, isRepeatable: boolean, isBackground?: boolean): void;
  close(): void;
  /** Closes, and tells this end's own events too. */
  fail(reason: string): void;
  /** Stops without a word: the power is cut. */
  vanish(): void;
}

export class Session {
  readonly near: SessionEnd;
  readonly #network: Network;
  readonly #ends: readonly [End, End];

  constructor(
    network: Network,
    from: string,
    to: string,
    events: SessionEvents,
    accept: (end: SessionEnd) => SessionEvents | undefined,
  ) {
    this.#network = network;
    const near = new End(this, network, network.path(from, to));
    const far = new End(this, network, network.path(to, from));
    this.near = near;
    this.#ends = [near, far];
    near.begin(far, events);
    far.beginListening(near, accept);
    near.call();
  }

  /** `path` has become blocked: the end that it leads to, and the one that sends into it, will notice if it stays so. */
  watchSilence(path: Path): void {
    for (const end of this.#ends) if (end.sendsOver(path) || end.hearsOver(path)) end.watchSilence(path);
  }

  ended(): void {
    if (this.#ends.every((end) => !end.isOpen)) this.#network.drop(this);
  }
}

type Item =
  | { readonly frame: Uint8Array; readonly isBackground: boolean }
  | { readonly end: string }
  | { readonly call: true }
  | { readonly accepted: true };

class End implements SessionEnd {
  isOpen = true;
  incarnation = 0;
  #isEstablished = false;
  #hasVanished = false;
  readonly #session: Session;
  readonly #network: Network;
  /** From here to the other end. */
  readonly #path: Path;
  #other!: End;
  #events: SessionEvents | undefined;
  #accept: ((end: SessionEnd) => SessionEvents | undefined) | undefined;
  /** On their way to the other end, in order. Arrivals take from the front, so that no draw of a delay can reorder them. */
  readonly #inFlight: Item[] = [];
  #lastArrivalMs = 0;

  constructor(session: Session, network: Network, path: Path) {
    this.#session = session;
    this.#network = network;
    this.#path = path;
  }

  begin(other: End, events: SessionEvents): void {
    this.#other = other;
    this.#events = events;
  }

  beginListening(other: End, accept: (end: SessionEnd) => SessionEvents | undefined): void {
    this.#other = other;
    this.#accept = accept;
  }

  get peerIncarnation(): number {
    return this.#other.incarnation;
  }

  sendsOver(path: Path): boolean {
    return this.#path === path;
  }

  hearsOver(path: Path): boolean {
    return this.#other.#path === path;
  }

  call(): void {
    this.#enqueue({ call: true });
    this.#network.simulator.schedule(this.#silenceMs(), "silence", () => {
      if (!this.#isEstablished) this.#endBy("no answer");
    });
  }

  send(frame: Uint8Array, isRepeatable: boolean, isBackground: boolean = false): void {
    if (!this.isOpen) return;
    const { loss, reorder, duplication } = this.#network.conditions;
    if (this.#path.isBlocked || this.#happens(loss) || this.#happens(this.#path.loss))
      return this.#network.recording?.swallowed(this.#path, frame);
    const item = { frame: this.#damaged(frame), isBackground };
    this.#network.recording?.sent(this.#path, item.frame);
    if (this.#happens(reorder)) this.#fly(item);
    else this.#enqueue(item);
    if (isRepeatable && this.#happens(duplication)) this.#fly(item);
  }

  close(): void {
    if (!this.isOpen) return;
    this.#closeHere();
    this.#enqueue({ end: "closed by the other side" });
  }

  fail(reason: string): void {
    if (!this.isOpen) return;
    this.close();
    this.#events?.onEnd(reason);
  }

  vanish(): void {
    this.#closeHere();
    this.#hasVanished = true;
    this.#missedLater();
  }

  watchSilence(path: Path): void {
    if (!this.isOpen) return;
    this.#network.simulator.schedule(this.#silenceMs(), "silence", () => {
      if (path.isBlocked) this.#endBy("silence");
    });
  }

  /** Not asked where there is no chance: the draws of a quiet network would be the larger part of all. */
  #happens(probability: number): boolean {
    return probability > 0 && this.#path.dice.now.chance(probability);
  }

  #damaged(frame: Uint8Array): Uint8Array {
    const { truncation, corruption } = this.#network.conditions;
    const { now } = this.#path.dice;
    if (this.#happens(truncation)) return frame.subarray(0, now.between(0, frame.length - 1));
    if (!this.#happens(corruption)) return frame;
    // Not `frame.slice()`: of a Buffer that is a view.
    const corrupt = new Uint8Array(frame);
    corrupt[now.between(0, corrupt.length - 1)]! ^= 1 << now.between(0, 7);
    return corrupt;
  }

  #delayMs(item: Item): number {
    const { delayMinMs, delayMeanMs } = this.#network.conditions;
    const waitMs = Math.max(0, this.#path.cloggedUntilMs - this.#network.simulator.nowMs);
    if ("frame" in item && this.#path.delayMs !== undefined) return waitMs + this.#path.delayMs(item.frame);
    return waitMs + delayMinMs + this.#path.dice.now.exponential(delayMeanMs);
  }

  #silenceMs(): number {
    const { silenceMinMs, silenceMeanMs } = this.#network.conditions;
    return silenceMinMs + this.#path.dice.now.exponential(silenceMeanMs);
  }

  #enqueue(item: Item): void {
    const { simulator } = this.#network;
    this.#inFlight.push(item);
    const busyMs = "frame" in item ? item.frame.length / this.#network.conditions.bytesPerMs : 0;
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, simulator.nowMs + this.#delayMs(item)) + busyMs;
    this.#network.inFlight += weightOf(item);
    simulator.schedule(this.#lastArrivalMs - simulator.nowMs, "arrival", () => this.#arrive(this.#inFlight.shift()!));
  }

  /** Outside of the order. */
  #fly(item: Item): void {
    this.#network.inFlight += weightOf(item);
    this.#network.simulator.schedule(this.#delayMs(item), "arrival", () => this.#arrive(item));
  }

  #arrive(item: Item): void {
    this.#network.inFlight -= weightOf(item);
    if (!this.#path.isBlocked) return this.#other.#receive(item);
    if ("frame" in item) this.#network.recording?.lost(item.frame, "the path is blocked");
    if ("end" in item) this.#missedLater();
  }

  /** The other end hears nothing any more, and in the end draws its conclusion. */
  #missedLater(): void {
    this.#network.simulator.schedule(this.#silenceMs(), "silence", () => this.#other.#endBy("silence"));
  }

  #receive(item: Item): void {
    if (!this.isOpen) return this.#refuse(item);
    if ("frame" in item) {
      this.#network.simulator.hash.fold(checksum32(item.frame));
      this.#network.recording?.arrived(item.frame);
      this.#events?.onFrame(item.frame);
    } else if ("end" in item) this.#endBy(item.end);
    else if ("call" in item) this.#called();
    else this.#opened();
  }

  /** Whoever speaks to a closed end learns that it is closed: an end that was lost on a blocked path is made good. */
  #refuse(item: Item): void {
    if ("frame" in item) this.#network.recording?.lost(item.frame, "nobody listens any more");
    if ("frame" in item && !this.#hasVanished) this.#enqueue({ end: "reset" });
  }

  #opened(): void {
    this.#isEstablished = true;
    this.#events?.onOpen?.();
  }

  #called(): void {
    this.#events = this.#accept?.(this);
    if (this.#events !== undefined) return this.#enqueue({ accepted: true });
    this.#closeHere();
    this.#enqueue({ end: "refused" });
  }

  #endBy(reason: string): void {
    if (!this.isOpen) return;
    this.#closeHere();
    if (reason === "silence" || reason === "no answer") this.#enqueue({ end: "closed by the other side" });
    this.#events?.onEnd(reason);
  }

  #closeHere(): void {
    this.isOpen = false;
    this.#session.ended();
  }
}

/** What the cluster's rest waits for. */
function weightOf(item: Item): number {
  return "frame" in item && item.isBackground ? 0 : 1;
}
