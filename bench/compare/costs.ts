/** What a request costs the system that serves it: its processes are asked when the measured time begins, and when it is over. */
import type { Moments } from "./clients.ts";
import { medianOf } from "./figures.ts";
import type { Figures } from "./results.ts";
import type { System, Usage } from "./system.ts";

export type Costs = Pick<Figures, "bytesPerRequest" | "messagesPerRequest" | "cpuSecondsPerMillion">;

/** @returns what `measure` returns, and what the system has used meanwhile @throws what either throws */
export async function measuringUsage<Measured>(
  system: Pick<System, "usage">,
  measure: (moments: Moments) => Promise<Measured>,
): Promise<{ readonly measured: Measured; readonly used: Usage | undefined }> {
  const ask = (): Promise<Usage | undefined> => {
    const used = system.usage();
    used.catch(() => undefined); // told when it is waited for, after the measurement
    return used;
  };
  let before: Promise<Usage | undefined> = Promise.resolve(undefined);
  let after = before;
  const measured = await measure({ onBegin: () => (before = ask()), onEnd: () => (after = ask()) });
  return { measured, used: between(await before, await after) };
}

export function costsOf(used: Usage | undefined, requests: number): Costs {
  const each = (amount: number | undefined): number | undefined =>
    amount === undefined || requests === 0 ? undefined : amount / requests;
  const cpuSeconds = each(used?.cpuSeconds);
  return {
    bytesPerRequest: each(used?.bytesSent),
    messagesPerRequest: each(used?.messagesSent),
    cpuSecondsPerMillion: cpuSeconds === undefined ? undefined : cpuSeconds * 1e6,
  };
}

/** Of those rounds in which it is known. */
export function medianCosts(rounds: readonly Costs[]): Costs {
  const middle = (name: keyof Costs): number | undefined => {
    const known = rounds.flatMap((round) => round[name] ?? []);
    return known.length === 0 ? undefined : medianOf(known);
  };
  return {
    bytesPerRequest: middle("bytesPerRequest"),
    messagesPerRequest: middle("messagesPerRequest"),
    cpuSecondsPerMillion: middle("cpuSecondsPerMillion"),
  };
}

function between(before: Usage | undefined, after: Usage | undefined): Usage | undefined {
  if (before === undefined || after === undefined) return undefined;
  return {
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    bytesSent: difference(before.bytesSent, after.bytesSent),
    messagesSent: difference(before.messagesSent, after.messagesSent),
  };
}

function difference(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before;
}
