/** Two clients, each with a node of its own that does not know of the other until they exchange: both sides of a partition. */
import type { Client } from "../../client/client.ts";
import { connectTo, FakeNode } from "./fake-node.ts";

export interface Side {
  readonly kv: Client;
  readonly node: FakeNode;
  /** Lets as much time pass as the promise takes. */
  readonly run: <T>(promise: Promise<T>) => Promise<T>;
}

export interface TwoSides {
  readonly left: Side;
  readonly right: Side;
  /** The nodes join what they hold. */
  readonly heal: () => void;
}

export async function twoSides(): Promise<TwoSides> {
  const left = await side("n1", 1);
  const right = await side("n2", 2);
  return { left, right, heal: () => left.node.exchange(right.node) };
}

async function side(name: string, seed: number): Promise<Side> {
  const node = new FakeNode(name);
  const { client, runtime } = await connectTo(node, {}, seed);
  return { kv: client, node, run: (promise) => runtime.run(promise) };
}
