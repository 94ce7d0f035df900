/**
 * Every frame from where it is sent to where it arrives or is lost. A frame is known by its bytes, the very ones in memory: a session
 * hands over what it was given. One that comes twice is two.
 */
import type { Path } from "./network.ts";
import { isBackground } from "./background.ts";
import type { Lane, RecordedFrame, Step } from "./recorded.ts";
import type { NotedMessage, RecordedMessages } from "./recorded-messages.ts";

/** Of all frames, and of those in which nobody says anything but what is always said. */
const framesMax = 30_000;
const backgroundFramesMax = 10_000;

export interface NotedFrame extends Omit<RecordedFrame, "messages" | "ended" | "lost"> {
  readonly messages: readonly NotedMessage[];
  ended?: Step;
  lost?: string;
}

export class RecordedFrames {
  readonly #messages: RecordedMessages;
  readonly #laneOf: (name: string) => Lane | undefined;
  readonly #known = new WeakMap<Uint8Array, NotedFrame>();
  readonly #frames = new LastOnes<NotedFrame>(framesMax);
  readonly #background = new LastOnes<NotedFrame>(backgroundFramesMax);

  constructor(messages: RecordedMessages, laneOf: (name: string) => Lane | undefined) {
    this.#messages = messages;
    this.#laneOf = laneOf;
  }

  sent(path: Path, frame: Uint8Array, step: Step): void {
    const [from, to] = [this.#laneOf(path.from), this.#laneOf(path.to)];
    if (from === undefined || to === undefined) return;
    const messages = this.#messages.messagesIn(frame, path.from, path.to);
    this.#keep(frame, { sent: step, from, to, messages });
  }

  /** @param lost why nobody heard it; `undefined`: somebody did */
  ended(frame: Uint8Array, step: Step, lost: string | undefined): void {
    let noted = this.#known.get(frame);
    if (noted === undefined) return;
    if (noted.ended !== undefined || noted.lost !== undefined) noted = this.#again(frame, noted);
    noted.ended = step;
    if (lost !== undefined) noted.lost = lost;
  }

  /** It never left. */
  swallowed(path: Path, frame: Uint8Array, step: Step, lost: string): void {
    this.sent(path, frame, step);
    const noted = this.#known.get(frame);
    if (noted !== undefined) noted.lost = lost;
  }

  /** In the order in which they were sent. */
  all(): NotedFrame[] {
    return [...this.#frames.items, ...this.#background.items].sort((a, b) => a.sent - b.sent);
  }

  /** The step before which frames are missing, and how many of the background are. */
  get leftOut(): { readonly first: Step; readonly background: number } {
    const isWhole = this.#frames.leftOut === 0;
    return { first: isWhole ? 0 : this.#frames.items[0]!.sent, background: this.#background.leftOut };
  }

  #again(frame: Uint8Array, { sent, from, to, messages }: NotedFrame): NotedFrame {
    return this.#keep(frame, { sent, from, to, messages });
  }

  #keep(frame: Uint8Array, noted: NotedFrame): NotedFrame {
    const isQuiet = noted.messages.every(isBackground);
    (isQuiet ? this.#background : this.#frames).push(noted);
    this.#known.set(frame, noted);
    return noted;
  }
}

/** The newest of many: at least half as many as may be kept, if there were as many. */
class LastOnes<Item> {
  readonly #itemsMax: number;
  items: Item[] = [];
  leftOut = 0;

  constructor(itemsMax: number) {
    this.#itemsMax = itemsMax;
  }

  push(item: Item): void {
    this.items.push(item);
    if (this.items.length <= this.#itemsMax) return;
    const count = this.#itemsMax >> 1;
    this.items = this.items.slice(count);
    this.leftOut += count;
  }
}
