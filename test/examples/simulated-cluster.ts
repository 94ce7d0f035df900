/**
 * A cluster of four shipped nodes in the simulator, with shipped clients, that falls apart when it is told to: n1 and n2 on one side,
 * n3 and n4 on the other. Three of the four are the primaries of every key, so either side takes writes. Nothing else goes wrong, and
 * the same test is the same run, event by event.
 */
import { openClient, type Client } from "../../client/client.ts";
import { ClientRuntime } from "../../sim/client-runtime.ts";
import { Cluster } from "../../sim/cluster.ts";
import { waysBetween } from "../../sim/cuts.ts";
import { quietWorld } from "../../sim/quiet-world.ts";
import { brisk } from "../../sim/setting.ts";
import { Simulator } from "../../sim/simulator.ts";
import type { World } from "../../sim/world.ts";
import { hashKey } from "../../src/key.ts";
import { emptyObject } from "../../src/object.ts";
import { encodeRecord, isSameState } from "../../src/record.ts";

const primaries = ["n1", "n2", "n3"];
const patienceMs = 60_000;
const left = ["n1", "n2"];
const right = ["n3", "n4"];

export class SimulatedCluster {
  readonly #simulator = new Simulator(1);
  readonly #world: World = quietWorld(this.#simulator);
  readonly #cluster: Cluster;

  private constructor() {
    const options = { defaults: { n: 3 }, buckets: {} };
    this.#cluster = new Cluster(this.#world, { nodes: 4, partitions: 1, n: 3, options, tuning: brisk });
  }

  static async start(): Promise<SimulatedCluster> {
    const cluster = new SimulatedCluster();
    cluster.#cluster.start();
    await cluster.#until(() => cluster.#cluster.isAtRest);
    return cluster;
  }

  /** A client, by its name. */
  connect(name: string): Promise<Client> {
    const runtime = new ClientRuntime(this.#world, name, () => undefined);
    return this.play(openClient(this.#cluster.urls, {}, runtime));
  }

  /** Time passes until the promise is done. */
  async play<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    const over = promise.finally(() => (isDone = true));
    over.catch(() => undefined); // it is awaited below
    await this.#until(() => isDone);
    if (!isDone) throw new Error(`it takes longer than ${patienceMs} ms`);
    return over;
  }

  /** Neither side hears the other from now on, nor the other's clients. */
  cut(leftClients: readonly string[], rightClients: readonly string[]): void {
    const ways = waysBetween([...left, ...leftClients], [...right, ...rightClients]);
    for (const [from, to] of ways) this.#world.network.block(from, to);
  }

  /** The sides hear each other again, and the nodes exchange what they missed. */
  async heal(leftClients: readonly string[], rightClients: readonly string[]): Promise<void> {
    const ways = waysBetween([...left, ...leftClients], [...right, ...rightClients]);
    for (const [from, to] of ways) this.#world.network.unblock(from, to);
    await this.#until(() => this.#isConverged());
    if (!this.#isConverged()) throw new Error(`the nodes are not alike after ${patienceMs} ms`);
  }

  /** What each primary holds of every key is the same. */
  #isConverged(): boolean {
    if (!this.#cluster.isAtRest) return false;
    return [...this.#cluster.keys().values()].every((key) => {
      const states = this.#cluster.statesOf(key);
      const records = primaries.map((node) => encodeRecord(hashKey(key), states.get(node) ?? emptyObject));
      return records.every((record) => isSameState(record, records[0]!));
    });
  }

  #until(isDone: () => boolean): Promise<void> {
    return this.#simulator.run(this.#simulator.nowMs + patienceMs, isDone);
  }
}
