/** The real clock, timers, dice and console, for Node and browsers alike. */
import { Random } from "../src/random.ts";
import { isDevelopment, warn } from "./development.ts";
import type { Runtime } from "./runtime.ts";

declare const setImmediate: undefined | ((callback: () => void) => unknown);

export function realClock(): Omit<Runtime, "openSocket"> {
  const [seed = 0, stream = 0] = crypto.getRandomValues(new Uint32Array(2));
  return {
    random: new Random(seed, stream),
    now: () => performance.now(),
    schedule,
    isDevelopment: isDevelopment(),
    warn,
  };
}

function schedule(delayMs: number, callback: () => void): () => void {
  if (delayMs === 0) return atEndOfTurn(callback);
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}

/** In Node after all that this turn has read, in browsers the nearest thing to it: a message to ourselves. */
function atEndOfTurn(callback: () => void): () => void {
  let isCancelled = false;
  const run = (): void => {
    if (!isCancelled) callback();
  };
  if (typeof setImmediate === "function") setImmediate(run);
  else postToSelf(run);
  return () => {
    isCancelled = true;
  };
}

const waiting: (() => void)[] = [];
let channel: MessageChannel | undefined;

function postToSelf(run: () => void): void {
  if (channel === undefined) {
    channel = new MessageChannel();
    channel.port1.addEventListener("message", () => waiting.shift()?.());
    channel.port1.start();
  }
  waiting.push(run);
  channel.port2.postMessage(undefined);
}
