/** Asks something of each of many, so many at a time, outside of the measured time. What fails is asked again, some times. */

const inFlightMax = 256;
const triesMax = 20;
const pauseMs = 100;

/**
 * @param ask of the one with this number; `done` is called once per call
 * @returns the numbers of those that have failed every time
 */
export async function sweep(
  count: number,
  ask: (at: number, done: (isDone: boolean) => void) => void,
): Promise<number[]> {
  let waiting = Array.from({ length: count }, (_, at) => at);
  for (let tries = 0; tries < triesMax && waiting.length > 0; tries++) {
    if (tries > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    waiting = await sweepOnce(waiting, ask);
  }
  return waiting;
}

/** @returns those that have failed */
function sweepOnce(
  all: readonly number[],
  ask: (at: number, done: (isDone: boolean) => void) => void,
): Promise<number[]> {
  if (all.length === 0) return Promise.resolve([]);
  return new Promise((resolve) => {
    const failed: number[] = [];
    let next = 0;
    let answered = 0;
    const begin = (): void => {
      const at = all[next++]!;
      ask(at, (isDone) => {
        if (!isDone) failed.push(at);
        if (++answered === all.length) resolve(failed);
        else if (next < all.length) begin();
      });
    };
    while (next < Math.min(inFlightMax, all.length)) begin();
  });
}
