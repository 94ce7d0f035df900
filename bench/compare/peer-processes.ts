import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Command } from "./peer-keeper.ts";
import { processorSecondsOf } from "./processor-time.ts";

const keeperProgram = fileURLToPath(new URL("./peer-keeper.js", import.meta.url));
const startMsMax = 30_000;
const pauseMs = 50;

/** What the keeper says. */
interface Told {
  readonly pids?: readonly number[];
  readonly ended?: string;
}

/** Processes of a peer, and their data: both are gone when this process is, in whatever way it ends. */
export class PeerProcesses {
  readonly directory: string;
  readonly #keeper: ChildProcess;
  #pids: readonly number[] = [];
  #ended: string | undefined;

  /** @param name stands in the name of the directory */
  constructor(name: string) {
    this.directory = mkdtempSync(join(tmpdir(), `coterie-${name}-`));
    this.#keeper = fork(keeperProgram, [this.directory]);
    this.#keeper.on("message", ({ pids, ended }: Told) => {
      this.#pids = pids ?? this.#pids;
      this.#ended ??= ended;
    });
    this.#keeper.once("exit", (code) => (this.#ended ??= `the keeper of ${name} ended with exit code ${code}`));
  }

  /** Resolves when `isServing` does with true. Rejects when a process ends before that, or it takes too long. */
  async start(commands: readonly Command[], isServing: () => Promise<boolean>): Promise<void> {
    this.#keeper.send({ commands });
    await this.#until(isServing);
  }

  /** @returns undefined where that is not known @throws if one of them has ended */
  async processorSeconds(): Promise<number | undefined> {
    if (this.#ended !== undefined) throw new Error(this.#ended);
    return processorSecondsOf(this.#pids);
  }

  async stop(): Promise<void> {
    if (this.#keeper.exitCode !== null || this.#keeper.signalCode !== null) return;
    const exit = once(this.#keeper, "exit");
    if (this.#keeper.connected) this.#keeper.disconnect();
    await exit;
  }

  async #until(isServing: () => Promise<boolean>): Promise<void> {
    const deadlineMs = performance.now() + startMsMax;
    while (this.#pids.length === 0 || !(await isServing())) {
      if (this.#ended !== undefined) throw new Error(this.#ended);
      if (performance.now() > deadlineMs) throw new Error(`nobody serves after ${startMsMax / 1000} s`);
      await pause(pauseMs);
    }
  }
}
