/** One call of a client that a story has made, and what came of it. */
import type { Call, Told } from "./call.ts";
import type { ScriptedCall } from "./script.ts";
import type { Worker } from "./worker.ts";

export class Called {
  /** For people: `c1's put of b/k`. */
  readonly title: string;
  readonly #worker: Worker;
  /** The how manyeth call of its client it is. */
  readonly #at: number;

  constructor(worker: Worker, at: number, call: Call) {
    this.title = `${worker.name}'s ${call.kind}${call.kind === "leave" ? "" : ` of ${call.bucket}/${call.key}`}`;
    this.#worker = worker;
    this.#at = at;
  }

  /** Whether it has returned. */
  get isOver(): boolean {
    return this.#made?.toldAtMs !== undefined;
  }

  /** What the client was told; `undefined` while the call is under way, and of one that left. */
  get told(): Told | undefined {
    return this.#made?.told;
  }

  get #made(): ScriptedCall | undefined {
    return this.#worker.made[this.#at];
  }
}
