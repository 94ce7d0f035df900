/**
 * What happens to a cluster under load, each with the time that it lasts. Time must pass here, since that is what these failures are
 * made of; nothing is asserted on how long anything takes.
 */
import type { ChaosCluster } from "./chaos-cluster.ts";
import type { Condition } from "../../bench/compare/proxy.ts";

export interface Scenario {
  readonly name: string;
  /** Strikes, lasts, and leaves everything as it was but for the network, which is healed afterwards. */
  strike(cluster: ChaosCluster, lastsMs: number): Promise<void>;
}

/** Fewer: until a node is known to be cut off, requests that meet it take as long as they may. */
const untilTimeouts = 20;
const hold: Condition = { kind: "hold" };

export const killOne: Scenario = {
  name: "kill -9 of one node, and back",
  async strike(cluster, lastsMs) {
    const { victim } = cluster;
    await victim.kill();
    await cluster.load.progress();
    await pass(lastsMs);
    await victim.start();
  },
};

export const killAll: Scenario = {
  name: "kill -9 of all nodes at once, and back",
  async strike({ nodes }) {
    await Promise.all(nodes.nodes.map((node) => node.kill()));
    await Promise.all(nodes.nodes.map((node) => node.start()));
  },
};

export const stopOne: Scenario = {
  name: "SIGSTOP of one node",
  async strike(cluster, lastsMs) {
    const { victim } = cluster;
    victim.pause();
    await cluster.load.progress();
    await pass(lastsMs);
    victim.resume();
  },
};

export const partition: Scenario = {
  name: "a partition of one node from the others, both ways",
  async strike(cluster, lastsMs) {
    const { victim } = cluster;
    for (const other of cluster.others(victim)) {
      cluster.network.set(victim.id, other, hold);
      cluster.network.set(other, victim.id, hold);
    }
    await pass(lastsMs);
    await cluster.load.progress(untilTimeouts);
  },
};

export const partitionFromAll: Scenario = {
  name: "a partition of one node from the others and from clients",
  async strike(cluster, lastsMs) {
    const { victim } = cluster;
    for (const other of [...cluster.others(victim), "client"]) {
      cluster.network.set(victim.id, other, hold);
      cluster.network.set(other, victim.id, hold);
    }
    await pass(lastsMs);
    await cluster.load.progress(untilTimeouts);
  },
};

export const partitionOneWay: Scenario = {
  name: "a partition one way: a node is heard, and hears nobody",
  async strike(cluster, lastsMs) {
    const { victim } = cluster;
    for (const other of cluster.others(victim)) cluster.network.set(other, victim.id, hold);
    await pass(lastsMs);
    await cluster.load.progress(untilTimeouts);
  },
};

export const partitionOtherWay: Scenario = {
  name: "a partition the other way: a node hears all, and nobody hears it",
  async strike(cluster, lastsMs) {
    const { victim } = cluster;
    for (const other of cluster.others(victim)) cluster.network.set(victim.id, other, hold);
    await pass(lastsMs);
    await cluster.load.progress(untilTimeouts);
  },
};

export const delay: Scenario = {
  name: "100 ms of delay to and from one node",
  async strike(cluster, lastsMs) {
    const { victim } = cluster;
    for (const other of cluster.others(victim)) {
      cluster.network.set(victim.id, other, { kind: "delay", ms: 100 });
      cluster.network.set(other, victim.id, { kind: "delay", ms: 100 });
    }
    await cluster.load.progress();
    await pass(lastsMs);
  },
};

export const drip: Scenario = {
  name: "a drip: 2,000 bytes a second reach one node",
  async strike(cluster, lastsMs) {
    const { victim } = cluster;
    for (const other of cluster.others(victim))
      cluster.network.set(other, victim.id, { kind: "drip", bytesPerSecond: 2000 });
    await cluster.load.progress();
    await pass(lastsMs);
  },
};

export const flap: Scenario = {
  name: "links that are cut again and again",
  async strike(cluster, lastsMs) {
    for (let left = lastsMs; left > 0; left -= 250) {
      const { victim } = cluster;
      for (const other of cluster.others(victim)) cluster.network.cut(victim.id, other);
      await pass(250);
    }
    await cluster.load.progress();
  },
};

/** For a cluster with a small disk. */
export const fullDisk: Scenario = {
  name: "a full disk under one node, and room again",
  async strike(cluster, lastsMs) {
    cluster.disk.fill();
    await cluster.load.progress();
    await pass(lastsMs);
    cluster.disk.makeRoom();
    await cluster.load.progress();
  },
};

function pass(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}
