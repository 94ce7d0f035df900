/**
 * The directory of a local cluster:
 *
 *   lock, identity   as in a node's own directory: one process at a time, nobody else's files
 *   cluster.json     its shape, since it first served
 *   n1.json …        each node's configuration, written at every start: what `coterie node --config` takes
 *   n1/ …            each node's data
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { invalidArgument, storage } from "../../../src/errors.ts";
import type { NodeOptions } from "../config.ts";

export interface ClusterShape {
  readonly nodes: number;
  readonly host: string;
  /** Of the first node; the others follow. */
  readonly port: number;
}

export const shapeName = "cluster.json";
/** Nodes of one machine: each is a process of its own. */
export const nodesMax = 32;

const defaults: ClusterShape = { nodes: 3, host: "127.0.0.1", port: 7401 };

export class ClusterDirectory {
  readonly path: string;
  readonly shape: ClusterShape;

  /**
   * @param asked what the command line says; the rest is as the last time
   * @throws STORAGE if the directory is in use or not ours, INVALID_ARGUMENT if it holds another number of nodes
   */
  static async open(path: string, asked: Partial<ClusterShape>): Promise<ClusterDirectory> {
    const { openDataDirectory } = await import("../data-directory.ts");
    if (existsSync(join(path, "data.mdb")))
      throw storage(`${path} is the data directory of a single node, not that of a local cluster`);
    const directory = openDataDirectory(path, "a local cluster");
    directory.confirmIdentity();
    return new ClusterDirectory(path, asked);
  }

  private constructor(path: string, asked: Partial<ClusterShape>) {
    this.path = path;
    const before = readShape(join(path, shapeName));
    this.shape = { ...defaults, ...before, ...asked };
    refuseOtherNodes(path, before, this.shape.nodes);
    const { nodes, port } = this.shape;
    if (port + nodes - 1 > 65_535)
      throw invalidArgument(`${nodes} nodes from port ${port} on would need ports above 65535: choose a lower --port`);
  }

  get ids(): readonly string[] {
    return Array.from({ length: this.shape.nodes }, (_, at) => `n${at + 1}`);
  }

  get urls(): readonly string[] {
    const { host, port } = this.shape;
    const name = host.includes(":") ? `[${host}]` : host;
    return this.ids.map((_, at) => `ws://${name}:${port + at}`);
  }

  dataOf(id: string): string {
    return join(this.path, id);
  }

  /** @returns the file's path */
  writeConfig(id: string, insecure: boolean): string {
    const { host, nodes } = this.shape;
    const members = this.ids.map((id, at) => ({ id, url: this.urls[at]! }));
    // A key cannot have three replicas on two nodes.
    const fewer = nodes < 3 ? { defaults: { n: nodes } } : {};
    const config: NodeOptions = { id, data: this.dataOf(id), members, host, ...fewer, ...(insecure && { insecure }) };
    const path = join(this.path, `${id}.json`);
    writeWhole(path, config);
    return path;
  }

  /** Once it has served, its number of nodes is fixed: another ring would look for keys where they are not. */
  writeShape(): void {
    writeWhole(join(this.path, shapeName), this.shape);
  }
}

function refuseOtherNodes(path: string, before: Partial<ClusterShape>, nodes: number): void {
  if (before.nodes === undefined || before.nodes === nodes) return;
  throw invalidArgument(
    `${path} holds a cluster of ${before.nodes} nodes, and this version cannot change that: ` +
      `start it without --nodes, or start one of ${nodes} in another directory with --data`,
  );
}

function readShape(path: string): Partial<ClusterShape> {
  if (!existsSync(path)) return {};
  const { nodes, host, port } = parseObject(path);
  if (isWhole(nodes, nodesMax) && isWhole(port, 65_535) && typeof host === "string") return { nodes, host, port };
  throw storage(`${path} is damaged: it must say {"nodes": …, "host": …, "port": …} as when the cluster first started`);
}

function parseObject(path: string): Partial<Record<keyof ClusterShape, unknown>> {
  try {
    return (JSON.parse(readFileSync(path, "utf8")) ?? {}) as Partial<Record<keyof ClusterShape, unknown>>;
  } catch (cause) {
    throw storage(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function isWhole(value: unknown, most: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most;
}

function writeWhole(path: string, value: object): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(value, undefined, 2)}\n`);
  renameSync(`${path}.new`, path);
}
