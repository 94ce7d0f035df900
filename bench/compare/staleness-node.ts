/**
 * One node of the cluster whose staleness is measured: `node staleness-node.js CHOICE`, a `NodeChoice` as JSON. It says `ready` to its
 * parent, gives its notes each time that it is asked for them, and ends when the parent does, with its data.
 */
import { Random } from "../../src/random.ts";
import { startNode, type NodeOptions } from "../../node/io/index.ts";
import { legsNamed } from "../../sim/delay-laws.ts";
import { DelayInjection } from "./delay-injection.ts";
import { DueQueue } from "./due-queue.ts";
import { LegRecorder } from "./leg-recorder.ts";
import { removeOwnData } from "./own-data.ts";

export interface NodeChoice {
  readonly options: NodeOptions;
  /** Delays to be put on the links, by name of their laws. */
  readonly injected?: string;
  readonly seed: number;
}

const { options, injected, seed } = JSON.parse(process.argv[2]!) as NodeChoice;
const injection =
  injected === undefined ? undefined : new DelayInjection(new Random(seed), legsNamed(injected), new DueQueue());
const members = options.members.map(({ id }) => id);
const recorder = new LegRecorder(members, injection);
if (!process.connected) process.exit(0); // the parent has gone, and nobody would say so again
process.on("SIGINT", () => undefined); // Ctrl-C reaches the whole group: the parent ends its cluster in order
const starting = startNode(options, { tap: recorder });
process.on("disconnect", () => {
  void starting
    .then((node) => node.close())
    .finally(() => removeOwnData(options.data))
    .then(() => process.exit(0));
});
await starting;
process.on("message", () => {
  if (process.connected) process.send!(recorder.take(), () => undefined); // a parent that has gone since needs none
});
if (process.connected) process.send!("ready");
