/** What a forked process has used since it was started, as it tells its parent when it is asked. */
import type { ChildProcess } from "node:child_process";
import type { Traffic } from "../../node/io/index.ts";
import type { Usage } from "./system.ts";

const question = "what have you used?";

interface Answer {
  readonly used: Usage;
}

/** In the child. @param trafficOf what it has sent so far, where that is counted */
export function answerUsage(trafficOf: () => Traffic | undefined = () => undefined): void {
  process.on("message", (message) => {
    if (message !== question) return;
    const { user, system } = process.cpuUsage();
    const traffic = trafficOf();
    const used = {
      cpuSeconds: (user + system) / 1e6,
      bytesSent: traffic?.bytes,
      messagesSent: traffic?.messages,
    };
    process.send!({ used } satisfies Answer, () => undefined); // to a parent that may have gone since
  });
}

/**
 * In the parent: of all of them together.
 *
 * @param name of the system that they are
 * @throws if one of them has ended: what was measured since is not what was asked for
 */
export async function askUsage(name: string, children: readonly ChildProcess[]): Promise<Usage> {
  const used = await Promise.all(children.map((child) => askOne(name, child)));
  return {
    cpuSeconds: used.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    bytesSent: sumOf(used.map(({ bytesSent }) => bytesSent)),
    messagesSent: sumOf(used.map(({ messagesSent }) => messagesSent)),
  };
}

function askOne(name: string, child: ChildProcess): Promise<Usage> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: unknown): void => {
      if (typeof message !== "object" || message === null || !("used" in message)) return;
      child.off("message", onMessage).off("exit", onExit);
      resolve((message as Answer).used);
    };
    const onExit = (code: number | null, signal: string | null): void => {
      child.off("message", onMessage);
      reject(new Error(`a node of ${name} ended with ${signal ?? `exit code ${code}`} while it was measured`));
    };
    if (child.exitCode !== null || child.signalCode !== null) return onExit(child.exitCode, child.signalCode);
    child.on("message", onMessage).once("exit", onExit);
    child.send(question, () => undefined); // a channel that is closed means an end that is about to be told
  });
}

function sumOf(counts: readonly (number | undefined)[]): number | undefined {
  let sum = 0;
  for (const count of counts) {
    if (count === undefined) return undefined;
    sum += count;
  }
  return sum;
}
