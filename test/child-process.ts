import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** A process that ends with the running test at the latest, and the lines that it prints. */
export class ChildProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly lines: string[] = [];
  readonly ended: Promise<Ended>;
  #waiters: { readonly isMet: () => boolean; readonly resolve: () => void }[] = [];
  #stderr = "";

  constructor(command: string, ...args: readonly string[]) {
    this.#child = spawn(command, args);
    this.#child.stderr.on("data", (text) => (this.#stderr += String(text)));
    createInterface(this.#child.stdout).on("line", (line) => this.#receive(line));
    this.ended = new Promise((resolve, reject) => {
      this.#child.on("error", reject);
      this.#child.on("close", (code, signal) => resolve({ code, signal, stderr: this.#stderr }));
    });
    void this.ended.then(
      () => this.#wake(),
      () => this.#wake(),
    );
    onTestFinished(() => void this.#child.kill("SIGKILL"));
  }

  /** Resolves when so many lines were printed, or the process has ended. */
  async printed(count: number): Promise<readonly string[]> {
    const isMet = (): boolean => this.lines.length >= count;
    const met = new Promise<void>((resolve) => this.#waiters.push({ isMet, resolve }));
    if (!isMet()) await Promise.race([met, this.ended]);
    return this.lines;
  }

  async kill(): Promise<Ended> {
    this.#child.kill("SIGKILL");
    return this.ended;
  }

  #receive(line: string): void {
    this.lines.push(line);
    this.#waiters = this.#waiters.filter(({ isMet, resolve }) => {
      if (!isMet()) return true;
      resolve();
      return false;
    });
  }

  #wake(): void {
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }
}
