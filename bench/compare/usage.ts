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
    process.send!({ used } satisfies Answer);
  });
}

/** In the parent: of all of them together. @returns `undefined` if one of them is gone */
export async function askUsage(children: readonly ChildProcess[]): Promise<Usage | undefined> {
  const each = await Promise.all(children.map(askOne));
  const used = each.filter((one) => one !== undefined);
  if (used.length < each.length) return undefined;
  return {
    cpuSeconds: used.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    bytesSent: sumOf(used.map(({ bytesSent }) => bytesSent)),
    messagesSent: sumOf(used.map(({ messagesSent }) => messagesSent)),
  };
}

function askOne(child: ChildProcess): Promise<Usage | undefined> {
  return new Promise((resolve) => {
    const onMessage = (message: unknown): void => {
      if (typeof message === "object" && message !== null && "used" in message) end((message as Answer).used);
    };
    const onExit = (): void => end(undefined);
    const end = (used: Usage | undefined): void => {
      child.off("message", onMessage).off("exit", onExit);
      resolve(used);
    };
    if (!child.connected) return resolve(undefined);
    child.on("message", onMessage).once("exit", onExit);
    child.send(question);
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
