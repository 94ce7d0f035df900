/** Three real nodes behind a network that a test can break, under load; and what must hold of them when all is healed. */
import { symlinkSync } from "node:fs";
import { expect } from "vitest";
import { makeKey } from "../../src/key.ts";
import { connectTo, freePorts, Nodes, settled, type NodeHandle } from "../e2e/processes.ts";
import { SmallDisk } from "../small-disk.ts";
import { agreed, soonEqual } from "./agreement.ts";
import { Load } from "./load.ts";
import { Network } from "../../bench/compare/proxy.ts";

const count = 3;
const clients = 2;

export class ChaosCluster {
  readonly nodes: Nodes;
  readonly network: Network;
  readonly load: Load;
  readonly #disk: SmallDisk | undefined;

  /** @param disk what the last node keeps its data on */
  static async start(disk?: SmallDisk): Promise<ChaosCluster> {
    const first = await freePorts(2 * count);
    const nodes = new Nodes(first, count, { listenPort: first + count, tuning: soonEqual });
    if (disk !== undefined) symlinkSync(disk.path, nodes.nodes.at(-1)!.data);
    const targets = nodes.nodes.map(({ id }, at) => ({ id, proxyPort: first + at, port: first + count + at }));
    const network = await Network.start(targets);
    await Promise.all(nodes.nodes.map((node) => node.start()));
    await nodes.linked();
    await settled(nodes.urls);
    const connected = await Promise.all(Array.from({ length: clients }, () => connectTo(nodes.urls)));
    return new ChaosCluster(nodes, network, new Load(connected), disk);
  }

  private constructor(nodes: Nodes, network: Network, load: Load, disk: SmallDisk | undefined) {
    this.nodes = nodes;
    this.network = network;
    this.load = load;
    this.#disk = disk;
  }

  get disk(): SmallDisk {
    return this.#disk!;
  }

  /** One of them, by chance. */
  get victim(): NodeHandle {
    return this.nodes.nodes[Math.floor(Math.random() * count)]!;
  }

  others({ id }: NodeHandle): readonly string[] {
    return this.nodes.nodes.map((node) => node.id).filter((other) => other !== id);
  }

  /** Heals the network, ends the load, and judges: nothing lost, nothing back from the dead, all nodes equal. */
  async expectWhole(): Promise<void> {
    this.network.heal();
    await this.nodes.linked();
    await this.load.progress();
    await this.load.stop();
    expect(this.load.surprises).toEqual([]);
    const keys = this.load.ledger.keys;
    const found = await agreed(
      this.nodes.urls,
      keys.map((key) => makeKey("default", key)),
    );
    expect(keys.flatMap((key, at) => this.load.ledger.problems(key, found[at]!))).toEqual([]);
  }

  close(): void {
    this.network.close();
  }
}
