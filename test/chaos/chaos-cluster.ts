/** Three real nodes behind a network that a test can break, under load; and what must hold of them when all is healed. */
import { symlinkSync } from "node:fs";
import { expect, vi } from "vitest";
import { decodeValue } from "../../client/value.ts";
import { makeKey } from "../../src/key.ts";
import { emptyObject, visibleSiblings } from "../../src/object.ts";
import { decodeRecord } from "../../src/record.ts";
import { connectTo, freePorts, Nodes, type NodeHandle } from "../e2e/processes.ts";
import { RawLink } from "../e2e/raw-link.ts";
import { SmallDisk } from "../small-disk.ts";
import type { Found } from "./ledger.ts";
import { Load } from "./load.ts";
import { Network } from "./proxy.ts";

const count = 3;
const clients = 2;
/**
 * How many replicas each node may ask when all keys are read from it in the end. With all of them the answers are their join; 1 is
 * each node's own copy, and shows that replicas have converged by themselves.
 */
export const finalR: number = 3;
/** How long the replicas may take to become equal once everything is healed. */
const convergence = { timeout: 60_000, interval: 200 } as const;

export class ChaosCluster {
  readonly nodes: Nodes;
  readonly network: Network;
  readonly load: Load;
  readonly #disk: SmallDisk | undefined;

  /** @param disk what the last node keeps its data on */
  static async start(disk?: SmallDisk): Promise<ChaosCluster> {
    const first = await freePorts(2 * count);
    const nodes = new Nodes(first, count, { listenPort: first + count });
    if (disk !== undefined) symlinkSync(disk.path, nodes.nodes.at(-1)!.data);
    const targets = nodes.nodes.map(({ id }, at) => ({ id, proxyPort: first + at, port: first + count + at }));
    const network = await Network.start(targets);
    await Promise.all(nodes.nodes.map((node) => node.start()));
    await nodes.linked();
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
    const found = await vi.waitFor(async () => {
      const perNode = await Promise.all(this.nodes.urls.map((url) => readAll(url, keys)));
      for (const other of perNode.slice(1)) expectSame(perNode[0]!, other, keys);
      return perNode[0]!;
    }, convergence);
    expect(keys.flatMap((key, at) => this.load.ledger.problems(key, found[at]!))).toEqual([]);
  }

  close(): void {
    this.network.close();
  }
}

/** Every key, from one node, without a client that would choose another. */
async function readAll(url: string, keys: readonly string[]): Promise<readonly (readonly Found[])[]> {
  const link = await RawLink.greet(url);
  try {
    const common = { kind: "Get", timeoutMs: 10_000, options: { r: finalR }, head: false, details: false } as const;
    link.send(...keys.map((key, id) => ({ ...common, id, key: makeKey("default", key) })));
    const found: Found[][] = [];
    for (let answers = 0; answers < keys.length; answers++) {
      const reply = await link.next();
      if (reply.kind !== "GetReply") throw new Error(`${url} does not read: ${JSON.stringify(reply)}`);
      found[reply.id] = valuesOf(reply.record);
    }
    return found;
  } finally {
    link.close();
  }
}

function valuesOf(record: Uint8Array | undefined): Found[] {
  const object = record === undefined ? emptyObject : decodeRecord(record);
  return visibleSiblings(object).map(({ value, dot }) => ({ value: decodeValue(value) as string, dot }));
}

function expectSame(
  one: readonly (readonly Found[])[],
  other: readonly (readonly Found[])[],
  keys: readonly string[],
): void {
  const different = keys.filter((_, at) => JSON.stringify(one[at]) !== JSON.stringify(other[at]));
  expect(different, "keys in which two nodes differ").toEqual([]);
}
