/** A client process, as the process that compares has it. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Command, Result, Told } from "./client-messages.ts";

const program = fileURLToPath(new URL("./client-process.js", import.meta.url));

interface Asked {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((done: number) => void) | undefined;
}

export class ForkedClient {
  readonly #child: ChildProcess;
  #asked: Asked | undefined;
  #end: Error | undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (told: Told) => this.#hear(told));
    child.once("exit", (code, signal) =>
      this.#fail(new Error(`a client process ended with ${signal ?? `code ${code}`}`)),
    );
    child.once("error", (error) => this.#fail(error));
  }

  /** Resolves when it takes commands. */
  static async start(): Promise<ForkedClient> {
    const child = fork(program, { serialization: "advanced" });
    const client = new ForkedClient(child);
    await Promise.race([once(child, "message"), once(child, "exit")]);
    if (client.#end !== undefined) throw client.#end;
    return client;
  }

  /** One command at a time. @throws what its result would have been, if it failed or the process has ended */
  async ask<Kind extends Result["kind"]>(
    command: Command & { readonly kind: Kind },
    onProgress?: (done: number) => void,
  ): Promise<Result & { readonly kind: Kind }> {
    const result = await new Promise<Result>((resolve, reject) => {
      if (this.#end !== undefined) return reject(this.#end);
      this.#asked = { resolve, reject, onProgress };
      this.#child.send(command);
    });
    return result as Result & { readonly kind: Kind };
  }

  /** It ends by itself when the channel closes, also when this process dies without saying so. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    if (this.#child.connected) this.#child.disconnect();
    await exit;
  }

  #hear(told: Told): void {
    switch (told.kind) {
      case "ready":
        return;
      case "progress":
        return this.#asked?.onProgress?.(told.done);
      case "done":
        return this.#asked?.resolve(told.result);
      case "failed":
        return this.#asked?.reject(new Error(told.message));
    }
  }

  #fail(error: Error): void {
    this.#end ??= error;
    this.#asked?.reject(this.#end);
  }
}
