import { readFile } from "node:fs/promises";

/** Of /proc: what Linux counts in, on every machine that Node runs on. */
const ticksPerSecond = 100;

/**
 * Seconds of processor that these processes have used since they were started, with their threads.
 *
 * @returns undefined where there is no /proc, or one of them has ended
 */
export async function processorSecondsOf(pids: readonly number[]): Promise<number | undefined> {
  try {
    const seconds = await Promise.all(pids.map(async (pid) => secondsIn(await readFile(`/proc/${pid}/stat`, "utf8"))));
    return seconds.reduce((sum, one) => sum + one, 0);
  } catch {
    return undefined;
  }
}

/** The second field is the program's name in brackets, which may hold spaces and brackets itself: counted from behind it. */
function secondsIn(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  return (user + system) / ticksPerSecond;
}
