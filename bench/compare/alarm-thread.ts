/**
 * The thread of an `Alarm`: sleeps until the moment that is written in the shared memory, and says so. A sleep in a thread of one's own
 * ends within some hundredths of a millisecond, and costs nothing meanwhile; a timer of the event loop counts whole milliseconds.
 *
 *   idle ──another count──▶ asleep until the moment ──it has come──▶ tells, idle
 *                              └──another count──▶ asleep until the new moment
 */
import { parentPort, workerData } from "node:worker_threads";
import { countOf, momentOf } from "./alarm.ts";
import { nowMs } from "./monotonic.ts";

const memory = workerData as SharedArrayBuffer;
const [count, moment] = [countOf(memory), momentOf(memory)];

for (let told = 0; ;) {
  // The count first: whoever writes a moment counts afterwards, so the moment is never older than the count.
  const counted = Atomics.load(count, 0);
  const leftMs = moment[0]! - nowMs();
  if (counted === told) Atomics.wait(count, 0, counted);
  else if (leftMs > 0) Atomics.wait(count, 0, counted, leftMs);
  else {
    told = counted;
    parentPort!.postMessage("now");
  }
}
