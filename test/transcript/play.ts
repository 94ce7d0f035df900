/**
 * Commands in, trace out. A transcript is a text file of steps, each a command, a line of dashes and what came of it:
 *
 *   put n1 carts/alice tea
 *   ----
 *   n1 writes carts/alice = {tea n1.1:1}
 *
 * Commands (words in brackets may be left out):
 *   nodes COUNT                          a new cluster; keys live on n1, n2, n3, whatever the count
 *   put NODE KEY VALUE [w=1 dw=0 …]      [after=3]: having seen what the reply to request 3 carried; [op=7]: as operation 7
 *   delete NODE KEY [after=3 …]
 *   get NODE KEY [r=1 fanout=all …]
 *   deliver FROM TO [KIND]               the first message on its way between them; drop loses it
 *   sync NODE [COUNT]                    its oldest batches reach the disk, all of them if no count is given
 *   crash NODE, restart NODE, stop NODE
 *   forget NODE KEY, corrupt NODE KEY    its disk loses the record, or one bit of it flips
 *   link-down A B, link-up A B
 *   tick MS                              time goes on, and everybody looks at the clock
 *   settle                               everything arrives and is synced, until nothing happens any more
 *   state KEY                            what every node has
 */
import { Cluster, type Choice } from "../node/cluster.ts";
import { recordProblem } from "../../src/record.ts";
import type { Effect } from "../../node/effects.ts";
import type { PeerMessage } from "../../src/messages.ts";
import { objectText, Trace } from "./trace.ts";

export class Play {
  #cluster = new Cluster();
  #trace: string[] = [];
  #nodes: string[] = [];

  /** Runs one command. @returns what came of it, line by line */
  run(command: string): string[] {
    this.#trace = [];
    const [verb = "", ...words] = command.split(" ");
    const act = this.#acts[verb];
    if (act === undefined) throw new Error(`no such command: ${command}`);
    act(
      words.filter((word) => !word.includes("=")),
      choiceOf(words, this.#cluster),
    );
    return this.#trace.length === 0 ? ["(nothing)"] : this.#trace;
  }

  readonly #acts: Readonly<Record<string, (words: readonly string[], choice: Choice) => void>> = {
    nodes: ([count]) => this.#begin(Number(count)),
    put: ([node, key, value], choice) => void this.#cluster.put(node!, key!, value, choice),
    delete: ([node, key], choice) => void this.#cluster.put(node!, key!, undefined, choice),
    get: ([node, key], choice) => void this.#cluster.get(node!, key!, choice),
    deliver: ([from, to, kind]) => this.#cluster.deliver(from!, to!, kind as PeerMessage["kind"]),
    drop: ([from, to, kind]) => this.#cluster.drop(from!, to!, kind as PeerMessage["kind"]),
    sync: ([node, count]) => this.#cluster.sync(node!, count === undefined ? undefined : Number(count)),
    crash: ([node]) => this.#cluster.crash(node!),
    restart: ([node]) => this.#cluster.restart(node!),
    stop: ([node]) => this.#cluster.stop(node!),
    forget: ([node, key]) => this.#cluster.forget(node!, key!),
    corrupt: ([node, key]) => this.#cluster.corrupt(node!, key!),
    "link-down": ([a, b]) => this.#cluster.linkDown(a!, b!),
    "link-up": ([a, b]) => this.#cluster.linkUp(a!, b!),
    tick: ([ms]) => this.#cluster.tick(Number(ms)),
    settle: () => this.#cluster.settle(),
    state: ([key]) => this.#showState(key!),
  };

  #begin(count: number): void {
    const trace = new Trace();
    const observe = (node: string, effect: Effect): void => void this.#trace.push(...trace.lines(node, effect));
    this.#cluster = new Cluster({ nodes: count, observe });
    this.#nodes = Array.from({ length: count }, (_, at) => `n${at + 1}`);
    this.#trace = [
      `${this.#nodes.join(" ")} are up and linked; every key lives on ${this.#nodes.slice(0, 3).join(" ")}`,
    ];
  }

  #showState(key: string): void {
    for (const node of this.#nodes) {
      const record = this.#cluster.record(node, key);
      const problem = record === undefined ? "nothing" : recordProblem(record);
      this.#trace.push(`${node} has ${problem ?? objectText(this.#cluster.object(node, key))}`);
    }
  }
}

/** `w=1` and the like; `after=3` is the context that request 3 was answered. */
function choiceOf(words: readonly string[], cluster: Cluster): Choice {
  const choice: Record<string, unknown> = {};
  for (const word of words) {
    const [name, value] = word.split("=");
    if (name === undefined || value === undefined) continue;
    if (name === "after") choice["context"] = cluster.requests[Number(value)]!.context;
    else choice[name] = Number.isNaN(Number(value)) ? value : Number(value);
  }
  return choice;
}
