/** All the node processes of a run, on one ring. */
import type { StoredObject } from "../src/object.ts";
import type { ClusterOptions } from "../src/options.ts";
import { planRing } from "../src/ring-planner.ts";
import { Ring, type NodeId } from "../src/ring.ts";
import { formatKey } from "../src/key.ts";
import type { Merges } from "../node/merges.ts";
import type { Tuning } from "../node/tuning.ts";
import type { DiskState } from "./fault.ts";
import { NodeProcess } from "./node-process.ts";
import { storeKeyOf } from "./place.ts";
import type { World } from "./world.ts";

export interface ClusterShape {
  readonly nodes: number;
  readonly partitions: number;
  readonly options: ClusterOptions;
  /** The replicas that most keys have. */
  readonly n: number;
  readonly tuning: Tuning;
  readonly merges?: Merges | undefined;
}

export class Cluster {
  readonly nodes: readonly NodeProcess[];
  readonly urls: readonly string[];
  readonly #world: World;

  constructor(world: World, shape: ClusterShape) {
    this.#world = world;
    const ids = Array.from({ length: shape.nodes }, (_, at) => `n${at + 1}`);
    const members = ids.map((id) => ({ id, url: urlOf(id), zone: "z", weight: 1 }));
    const ring = new Ring(planRing(members, { partitions: shape.partitions, replicas: shape.n }));
    const { options, tuning, merges } = shape;
    this.nodes = ids.map((id) => new NodeProcess(world, { id, ring, options, tuning, merges }));
    this.urls = ids.map(urlOf);
    world.witness.watch(this.nodes);
    world.trace.watch(() => this.nodes.map((node) => [node.id, node.mark] as const));
  }

  node(id: NodeId): NodeProcess {
    const found = this.nodes.find((node) => node.id === id);
    if (found === undefined) throw new Error(`no node ${id} in this cluster`);
    return found;
  }

  start(): void {
    for (const node of this.nodes) node.start();
  }

  /** @param disk what the node finds */
  restart(node: NodeProcess, disk: DiskState): void {
    if (node.phase !== "down") return;
    if (disk === "wiped") node.wipe();
    if (disk === "set back") node.setBack();
    const isWiped = disk !== "as it was";
    const { witness } = this.#world;
    const records = node.platter.records();
    const hints = node.platter.hints();
    const read = (key: string): StoredObject | undefined => witness.decode(records.get(key));
    const readHint = (target: NodeId, key: string): StoredObject | undefined =>
      witness.decode(hints.get(`${target} ${key}`));
    witness.observe({ kind: "restarted", node: node.id, isWiped, read, readHint });
    node.start();
  }

  /** Everybody serves, is linked to everybody, has nothing left to do for anybody, and nothing but background is on its way. */
  get isAtRest(): boolean {
    return (
      this.#world.network.inFlight === 0 &&
      this.nodes.every((node) => node.isServing && node.links.isComplete && node.isIdle && node.hintCount === 0)
    );
  }

  /** Why the cluster is not at rest, for people. */
  unrest(): string {
    return this.nodes
      .map((node) => `${node.id} ${node.phase}, links to ${node.links.peers.join(" ")}, ${node.work}`)
      .join("; ");
  }

  /** Whether any record is bad, and then nobody else has it: its node asks for it at every walk of its scrub (seed 101150). */
  get hasBadRecord(): boolean {
    const isBad = (node: NodeProcess, key: Uint8Array): boolean =>
      this.#world.witness.decode(node.seen("objects", storeKeyOf(node, key))) === undefined;
    return this.nodes.some((node) => node.platter.keys().some((key) => isBad(node, key)));
  }

  /** Every key that any node has a record of, by its name. */
  keys(): ReadonlyMap<string, Uint8Array> {
    const keys = new Map<string, Uint8Array>();
    for (const node of this.nodes) for (const key of node.platter.keys()) keys.set(formatKey(key), key);
    return new Map([...keys].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** What every node holds of a key, where that can be read. */
  statesOf(key: Uint8Array): Map<NodeId, StoredObject> {
    const states = new Map<NodeId, StoredObject>();
    for (const node of this.nodes) {
      const object = this.#world.witness.decode(node.seen("objects", storeKeyOf(node, key)));
      if (object !== undefined) states.set(node.id, object);
    }
    return states;
  }
}

export function urlOf(node: NodeId): string {
  return `ws://${node}:7401`;
}

export function nodeOf(url: string): NodeId {
  return url.slice("ws://".length, url.indexOf(":", "ws://".length));
}
