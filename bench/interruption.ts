const EXIT_INTERRUPTED = 130;

/** What has processes and data. */
interface Started {
  stop(): Promise<void>;
}

/** Nothing of an interrupted benchmark stays: neither processes nor their data. A second Ctrl-C does not wait for that. */
export function stopOnInterrupt(targets: readonly Started[]): void {
  const interrupt = (): void => {
    process.once("SIGINT", () => process.exit(EXIT_INTERRUPTED));
    void stopAll(targets).finally(() => process.exit(EXIT_INTERRUPTED));
  };
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
}

async function stopAll(targets: readonly Started[]): Promise<void> {
  await Promise.all(targets.map((target) => target.stop()));
}
