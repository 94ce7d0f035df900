/**
 * One node of a local cluster, in a process of its own.
 *
 *   starting ──"ready"──▶ ready ──stop──▶ stopping ──▶ ended
 *       └──────────────────┴─────dies──────────────────▲
 *
 * It has a process group of its own, so that Ctrl-C reaches the cluster only and the nodes stop when it lets them go. The channel closes
 * when the cluster dies, however that happens: no node outlives it.
 */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { readyMessage } from "./node.ts";

/** How a node's process ended. Why, it has said itself on standard error, which is also ours. */
export interface Ending {
  readonly isClean: boolean;
  readonly reason: string;
}

const main = fileURLToPath(new URL("main.js", import.meta.url));

export class NodeChild {
  readonly id: string;
  readonly configPath: string;
  /** Never rejects: a node that does not get ready has ended. */
  readonly ready: Promise<void>;
  readonly ended: Promise<Ending>;
  readonly #process: ChildProcess;
  #isStopping = false;
  #hasEnded = false;

  constructor(id: string, configPath: string) {
    this.id = id;
    this.configPath = configPath;
    this.#process = fork(main, ["node", "--config", configPath], {
      detached: true,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.ready = new Promise((resolve) => {
      this.#process.on("message", (message) => {
        if (message === readyMessage) resolve();
      });
    });
    this.ended = new Promise((resolve) => {
      this.#process.on("error", (error) => resolve({ isClean: false, reason: error.message }));
      this.#process.on("exit", (code, signal) => resolve(this.#ending(code, signal)));
    });
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Lets it finish what is open and write what is not yet on disk. */
  stop(): void {
    this.#isStopping = true;
    if (this.#process.connected) this.#process.disconnect();
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }

  #ending(code: number | null, signal: string | null): Ending {
    this.#hasEnded = true;
    return { isClean: code === 0, reason: signal === null ? `exit code ${code}` : `killed by ${signal}` };
  }
}
