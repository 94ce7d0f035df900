/**
 * One clock for all processes of a machine, so that moments which different ones have noted can be compared. Milliseconds since an
 * arbitrary moment; never goes back.
 */

/** Between this process's own clock and the machine's. Each sample is too small by what the call took: the largest is nearest. */
const offsetMs = Math.max(...Array.from({ length: 20 }, sample));

export function nowMs(): number {
  return performance.now() + offsetMs;
}

function sample(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6 - performance.now();
}
