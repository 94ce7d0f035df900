/** Mends some of the nodes for good, or all of them, and looks whether they serve and become the same. */
import type { NodeProcess } from "./node-process.ts";
import { convergenceMsMax } from "./profile.ts";
import type { Stage } from "./stage.ts";
import type { Worker } from "./worker.ts";

/** All the tries of a client, each of which may take its whole time. */
const serveMs = 120_000;
/** How often it is looked whether the replicas are the same. */
const lookMs = 50;

export class Healing {
  readonly nodes: readonly NodeProcess[];
  readonly #stage: Stage;

  constructor(stage: Stage, nodes: readonly NodeProcess[]) {
    this.#stage = stage;
    this.nodes = nodes;
  }

  /** Whatever is broken in these nodes, or between them and the clients, is mended. */
  heal(): void {
    const { cluster, world } = this.#stage;
    const outside = new Set(cluster.nodes.filter((node) => !this.nodes.includes(node)).map(({ id }) => id));
    world.network.clear((end) => !outside.has(end));
    for (const node of this.nodes) {
      node.clock.setRight();
      node.setDiskFull(false);
      node.platter.failingSyncs = "none";
      node.resume();
      cluster.restart(node, "as it was");
    }
    world.trace.line("all", () => (outside.size === 0 ? "everything is healed" : `${this.#names} are healed`));
  }

  /** Every client is served, at first with patience: what was clogged arrives late, and a clock that was set back refuses writes. */
  async serve(workers: readonly Worker[]): Promise<void> {
    const checks = workers.map(async (worker) => {
      const problem = await worker.waitForService();
      if (problem !== undefined) this.#stage.problems.push(`${this.#names}: ${problem}`);
    });
    const isServed = this.#stage.begin(checks);
    await this.#stage.settle(this.nodes, isServed, () => `${this.#names} do not serve`, serveMs);
  }

  /** Without a single read their replicas become the same, within a bound. */
  async becomeSame(): Promise<void> {
    await this.waitUntilSame(this.#stage.simulator.nowMs + convergenceMsMax(this.#stage.profile));
    const differences = this.#stage.isOver ? [] : this.#stage.differences(this.nodes);
    if (differences.length > 0)
      this.#stage.problems.push(`${this.#names} do not become the same: ${differences.join("; ")}`);
  }

  /** At the latest until then. */
  async waitUntilSame(untilMs: number): Promise<void> {
    const { simulator } = this.#stage;
    while (!this.#stage.isOver && simulator.nowMs < untilMs && this.#stage.differences(this.nodes).length > 0)
      await this.#stage.pass(lookMs);
  }

  get #names(): string {
    return this.nodes.map(({ id }) => id).join(", ");
  }
}
