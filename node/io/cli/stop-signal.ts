/** The first signal asks to stop, the second insists. */

/** Resolves when this process is asked to stop: by a signal, or because the process that forked it has gone or let it go. */
export function stopSignal(insist: () => void = () => process.exit(1)): Promise<void> {
  return new Promise((resolve) => {
    let isAsked = false;
    const onSignal = (): void => {
      if (isAsked) return insist();
      isAsked = true;
      resolve();
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
    process.once("disconnect", resolve);
  });
}
