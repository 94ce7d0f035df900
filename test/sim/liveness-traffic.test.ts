/**
 * The issue: traffic per node does not grow with the size of the cluster. For 3, 30 and 300 whole nodes in virtual time, linked from
 * the start (test/node/gossip.ts); for 3 and 30 also over the simulated network, disk and handshakes.
 */
import { describe, expect, test } from "vitest";
import { encodeFrame } from "../../src/codec.ts";
import { defaultTuning } from "../../node/tuning.ts";
import { Replica } from "../../node/replica.ts";
import { Cluster } from "../../sim/cluster.ts";
import { quietWorld } from "../../sim/quiet-world.ts";
import { Simulator } from "../../sim/simulator.ts";
import type { CreateMachine } from "../../sim/world.ts";
import { Gossip } from "../node/gossip.ts";

const sizes = [3, 30, 300] as const;
const seconds = 20;

/** What one node sends in a second: on average, and the busiest. */
interface Traffic {
  readonly messages: number;
  readonly bytes: number;
  readonly messagesMax: number;
}

function trafficOf(gossip: Gossip): Traffic {
  gossip.sent.clear();
  gossip.play(seconds * 1000);
  const counts = [...gossip.sent.values()];
  const perSecond = (sum: number): number => sum / seconds / gossip.nodes.length;
  return {
    messages: perSecond(counts.reduce((sum, { messages }) => sum + messages, 0)),
    bytes: perSecond(counts.reduce((sum, { bytes }) => sum + bytes, 0)),
    messagesMax: Math.max(...counts.map(({ messages }) => messages)) / seconds,
  };
}

/** Nothing has happened for a while. */
function calm(nodes: number): Traffic {
  const gossip = new Gossip({ nodes, stepMs: 50 });
  gossip.play(5000);
  return trafficOf(gossip);
}

/** A third of all nodes stand still: they are found, suspected and buried, and everybody talks about it. */
function stricken(nodes: number): Traffic {
  const gossip = new Gossip({ nodes, stepMs: 50 });
  gossip.play(5000);
  for (const node of gossip.nodes.filter((_, at) => at % 3 === 1)) gossip.paused.add(node);
  const traffic = trafficOf(gossip);
  expect(gossip.logged("member dead").length).toBeGreaterThan(0);
  return traffic;
}

describe("what a node sends for liveness", () => {
  test("is one ping and one answer a second, in a cluster of any size", () => {
    const [small, ...larger] = sizes.map(calm);
    expect(small!.messages).toBeCloseTo(2, 1);
    for (const { messages, bytes, messagesMax } of larger) {
      expect(messages).toBeLessThan(1.1 * small!.messages);
      expect(bytes).toBeLessThan(1.1 * small!.bytes);
      expect(messagesMax).toBeLessThan(2 * small!.messages);
    }
  });

  test("stays within the bound of a message while a third of all members die", () => {
    // What there is to say grows with the cluster; what a message carries of it does not, nor the number of messages.
    const [, middle, large] = sizes.map(stricken);
    expect(large!.messages).toBeLessThan(1.5 * middle!.messages);
    expect(large!.bytes).toBeLessThan(1.5 * middle!.bytes);
    expect(large!.messagesMax).toBeLessThan(2 * middle!.messagesMax);
  });

  test("is the same over the simulated network", async () => {
    const [small, large] = [await simulated(3), await simulated(30)];
    expect(small.messages).toBeGreaterThan(1);
    expect(large.messages).toBeLessThan(1.1 * small.messages);
    expect(large.bytes).toBeLessThan(1.1 * small.bytes);
  });
});

async function simulated(nodes: number): Promise<Pick<Traffic, "messages" | "bytes">> {
  const count = { messages: 0, bytes: 0 };
  const simulator = new Simulator(1);
  const cluster = new Cluster(quietWorld(simulator, { createMachine: counting(count) }), {
    nodes,
    n: 3,
    partitions: 8,
    options: { defaults: { n: 3 }, buckets: {} },
    tuning: defaultTuning,
  });
  cluster.start();
  await simulator.run(20_000, () => cluster.isAtRest);
  expect(cluster.isAtRest).toBe(true);
  Object.assign(count, { messages: 0, bytes: 0 });
  await simulator.run(simulator.nowMs + seconds * 1000);
  return { messages: count.messages / nodes / seconds, bytes: count.bytes / nodes / seconds };
}

function counting(count: { messages: number; bytes: number }): CreateMachine {
  return (config, store, now) => {
    const replica = new Replica(config, store, now);
    return {
      step: (at, input) => {
        const effects = replica.step(at, input);
        for (const effect of effects) {
          if (effect.kind !== "send") continue;
          count.messages++;
          count.bytes += encodeFrame([effect.message]).length;
        }
        return effects;
      },
    };
  };
}
