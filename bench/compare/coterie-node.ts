/**
 * One node of the Coterie under measurement, as users embed it: `node coterie-node.js CHOICE`, a `NodeChoice` as JSON. It says `ready` to
 * its parent, answers what it has used, and ends when the parent does, with its data.
 */
import { startNode, type NodeOptions, type StartOptions } from "../../node/io/index.ts";
import { removeOwnData } from "./own-data.ts";
import { answerUsage } from "./usage.ts";

export interface NodeChoice {
  readonly options: NodeOptions;
  /** Delays to be put on the links, by name of their laws. */
  readonly injected?: string | undefined;
  /** What they are drawn with. */
  readonly seed: number;
}

if (!process.connected) process.exit(0); // the parent has gone, and nobody would say so again
process.on("SIGINT", () => undefined); // Ctrl-C reaches the whole group: the parent ends its cluster in order
const choice = JSON.parse(process.argv[2]!) as NodeChoice;
const starting = tapOf(choice).then((tap) => startNode(choice.options, tap));
process.on("disconnect", () => {
  void starting
    .then((node) => node.close())
    .finally(() => removeOwnData(choice.options.data))
    .then(() => process.exit(0));
});
const node = await starting;
answerUsage(() => node.traffic);
if (process.connected) process.send!("ready");

async function tapOf({ injected, seed }: NodeChoice): Promise<StartOptions> {
  if (injected === undefined) return {};
  const [{ DelayTap }, { DelayInjection }, { DueQueue }] = await Promise.all([
    import("./delay-tap.ts"),
    import("./delay-injection.ts"),
    import("./due-queue.ts"),
  ]);
  const [{ legsNamed }, { Random }] = await Promise.all([
    import("../../sim/delay-laws.ts"),
    import("../../src/random.ts"),
  ]);
  return { tap: new DelayTap(new DelayInjection(new Random(seed), legsNamed(injected), new DueQueue())) };
}
