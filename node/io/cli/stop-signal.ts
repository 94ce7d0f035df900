/** The first signal asks to stop, the second insists. */

/** Signals that follow each other faster are one: npm hands a Ctrl-C on to a process that has got it from the terminal too. */
const sameSignalMs = 500;

/** Resolves when this process is asked to stop: by a signal, or because the process that forked it has gone or let it go. */
export function stopSignal(insist: () => void = () => process.exit(1)): Promise<void> {
  return new Promise((resolve) => {
    let askedAtMs = Number.NaN;
    const onSignal = (): void => {
      if (performance.now() - askedAtMs > sameSignalMs) return insist();
      if (Number.isNaN(askedAtMs)) askedAtMs = performance.now();
      resolve();
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
    process.once("disconnect", resolve);
  });
}
