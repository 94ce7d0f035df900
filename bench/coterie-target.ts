import { connect, type Client, type NodeReport } from "../client/index.ts";
import { CoterieSystem } from "./compare/coterie-system.ts";
import type { Issue } from "./load.ts";

export const nodes = 3;

/** Answers needed by a get and by a put, of 3 replicas, and the size of the values. */
export interface Workload {
  readonly r: number;
  readonly w: number;
  readonly valueBytes: number;
}

/** Coterie as its users have it: three node processes, and the SDK in this one. */
export class CoterieTarget {
  readonly #system: CoterieSystem = new CoterieSystem({ nodes });
  #client: Client | undefined;

  async start(): Promise<void> {
    await this.#system.start();
    this.#client = await connect(this.urls);
  }

  prepare({ r, w, valueBytes }: Workload): Issue {
    const bucket = this.#client!.bucket<Uint8Array>(`bench-${valueBytes}`, { r, w, dw: w });
    const value = new Uint8Array(valueBytes).fill(7);
    return (kind, keyNumber, done) => {
      const key = `key-${keyNumber}`;
      const answer = kind === "put" ? bucket.put(key, value) : bucket.get(key);
      answer.then(() => done(), done);
    };
  }

  get urls(): readonly string[] {
    return this.#system.urls;
  }

  status(): Promise<readonly NodeReport[]> {
    return this.#client!.status();
  }

  /** `kill -9`. @param at the number of the node, from 0 on */
  kill(at: number): Promise<void> {
    return this.#system.kill(at);
  }

  /** Resolves when it serves again. */
  restart(at: number): Promise<void> {
    return this.#system.restart(at);
  }

  async stop(): Promise<void> {
    await this.#client?.close();
    await this.#system.stop();
  }
}
