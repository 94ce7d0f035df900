/** A thread that plays the seeds that it is sent, one at a time, and sends back what came of them: see sim-workers.ts. */
import { parentPort } from "node:worker_threads";
import { runSeed, runSeedTwice } from "../../../sim/index.ts";
import type { Task } from "./sim-workers.ts";

parentPort!.on("message", async ({ seed, isRepeated }: Task) => {
  parentPort!.postMessage(isRepeated ? await runSeedTwice(seed) : await runSeed(seed));
});
