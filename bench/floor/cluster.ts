import { fork, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Usage } from "../compare/system.ts";
import { askUsage } from "../compare/usage.ts";

const NODES = 3;
const PROGRAM = fileURLToPath(new URL("./node.js", import.meta.url));

/** Three floor nodes, each a process of its own on a free port, with their data in a directory that goes with them. */
export interface FloorCluster {
  readonly ports: number[];
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

/** Resolves once all nodes listen and are connected to each other; rejects when one of them ends before that. */
export async function startFloorCluster(): Promise<FloorCluster> {
  const directory = mkdtempSync(join(tmpdir(), "coterie-floor-"));
  const nodes = Array.from({ length: NODES }, (_, index) => startNode(index, join(directory, String(index))));
  const removeData = (): void => rmSync(directory, { recursive: true, force: true });
  process.once("exit", removeData); // also when a benchmark that fails never comes to `stop`
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map(stopNode));
    process.off("exit", removeData);
    removeData();
  };
  try {
    const ports = await Promise.all(nodes.map((node) => told<number>(node, "port")));
    const ready = nodes.map((node) => told<true>(node, "ready"));
    for (const node of nodes) node.send({ ports });
    await Promise.all(ready);
    return { ports, usage: () => askUsage("the floor", nodes), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startNode(index: number, directory: string): ChildProcess {
  return fork(PROGRAM, [String(index), directory]);
}

/** What a node says about `field`, the first time it says it. */
function told<T>(node: ChildProcess, field: string): Promise<T> {
  return new Promise((resolve, reject) => {
    node.on("message", (message: Record<string, T>) => {
      if (field in message) resolve(message[field]!);
    });
    node.once("exit", (code) => reject(new Error(`a floor node ended with exit code ${code} before it was ready`)));
  });
}

/** A node ends by itself when the channel to its parent closes, also when the parent died without saying so. */
async function stopNode(node: ChildProcess): Promise<void> {
  if (node.exitCode !== null || node.signalCode !== null) return;
  const ended = new Promise((resolve) => node.once("exit", resolve));
  if (node.connected) node.disconnect();
  await ended;
}
