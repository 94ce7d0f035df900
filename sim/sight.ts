/** What a story sees of its cluster, and what it demands of it at a moment. */
import { toBinary } from "../src/bytes.ts";
import { formatLiteral } from "../src/literal.ts";
import { emptyObject, type StoredObject } from "../src/object.ts";
import type { NodeId } from "../src/ring.ts";
import type { NodeStatus } from "../node/status.ts";
import type { Table } from "../node/store.ts";
import type { Fault } from "./fault.ts";
import { checkKeyName, nodeIn } from "./mistake.ts";
import type { NodeProcess } from "./node-process.ts";
import { hintKeyOf, keyNamed, primariesOf, recordInHint, storeKeyOf } from "./place.ts";
import { valuesOf } from "./request.ts";
import type { Stage } from "./stage.ts";
import { Verbs } from "./verbs.ts";

export class Sight extends Verbs {
  readonly #stage: Stage;

  constructor(stage: Stage, inject: (fault: Fault) => void) {
    super(inject);
    this.#stage = stage;
  }

  get nodes(): readonly NodeId[] {
    return this.#stage.cluster.nodes.map(({ id }) => id);
  }

  /** Who holds a key for good. */
  primaries(key: string): readonly NodeId[] {
    return primariesOf(this.#stage.cluster.nodes[0]!, keyOf(key));
  }

  /** What a node has of a key as a primary: in front of its disk, and on it if the node is down. */
  held(node: NodeId, key: string): StoredObject {
    return this.#stage.world.witness.decode(this.#record(node, key)) ?? emptyObject;
  }

  /** Whether it has any record of the key, be it of tombstones alone, or one that cannot be read. */
  has(node: NodeId, key: string): boolean {
    return this.#record(node, key) !== undefined;
  }

  /** What a node keeps of a key for somebody else. */
  kept(node: NodeId, target: NodeId, key: string): StoredObject {
    const place = this.#node(node);
    const hint = seen(place, "hints", hintKeyOf(place, this.#node(target).id, keyOf(key)));
    return this.#stage.world.witness.decode(hint && recordInHint(hint)) ?? emptyObject;
  }

  /** How many hints a node keeps, for whomever. */
  hints(node: NodeId): number {
    return this.#node(node).hintCount;
  }

  isDown(node: NodeId): boolean {
    return this.#node(node).phase === "down";
  }

  /** What a node says of itself, as `coterie status` shows it. Its counters begin anew with each start. */
  status(node: NodeId): NodeStatus {
    const told = this.#node(node).tell();
    if (told === undefined) throw new Error(`${node} says nothing of itself: it is ${this.#node(node).phase}`);
    return told;
  }

  /** Records and hints that a node has ever written, or removed. */
  writes(node: NodeId): number {
    return this.#node(node).writes;
  }

  /** How many messages of a kind nodes have sent to each other so far; those too that were lost, held or dropped. */
  sent(kind: string): number {
    return this.#stage.world.traffic.sent.get(kind) ?? 0;
  }

  /** How often something happened: the run's coverage marks. */
  count(what: string): number {
    return this.#stage.world.coverage.toJSON()[what] ?? 0;
  }

  // What must be

  /** @param sentence says what ought to be so */
  expect(isTrue: boolean, sentence: string): void {
    if (!isTrue) throw new Error(`the story expected that ${sentence}`);
  }

  expectHeld(node: NodeId, key: string, values: readonly unknown[]): void {
    this.expectSame(`${node} holds of ${key}`, valuesOf(this.held(node, key)), values);
  }

  /** Of all its primaries. */
  expectAllHeld(key: string, values: readonly unknown[]): void {
    for (const node of this.primaries(key)) this.expectHeld(node, key, values);
  }

  /** No primary has any record of the key any more, not even of tombstones. */
  expectGone(key: string): void {
    this.expectSame(
      `primaries that have a record of ${key}`,
      this.primaries(key).filter((node) => this.has(node, key)),
      [],
    );
  }

  expectHints(node: NodeId, count: number): void {
    this.expectSame(`hints that ${node} keeps`, this.hints(node), count);
  }

  /** Lists in any order. @param what names what was found */
  expectSame(what: string, found: unknown, expected: unknown): void {
    if (isSame(found, expected)) return;
    throw new Error(`${what}: ${formatLiteral(found)}, where ${formatLiteral(expected)} was expected`);
  }

  #node(name: NodeId): NodeProcess {
    return nodeIn({ nodes: this.#stage.cluster.nodes, clients: [] }, name);
  }

  #record(node: NodeId, key: string): Uint8Array | undefined {
    const place = this.#node(node);
    return seen(place, "objects", storeKeyOf(place, keyOf(key)));
  }
}

/** Of a node that is down, what is on its disk. */
function seen(node: NodeProcess, table: Table, key: Uint8Array): Uint8Array | undefined {
  return node.phase === "down" ? node.platter.tables[table].get(toBinary(key)) : node.seen(table, key);
}

function keyOf(name: string): Uint8Array {
  checkKeyName(name);
  return keyNamed(name);
}

/** Lists in any order. */
export function isSame(found: unknown, expected: unknown): boolean {
  return sorted(found) === sorted(expected);
}

function sorted(value: unknown): string {
  return Array.isArray(value) ? formatLiteral(value.map(formatLiteral).sort()) : formatLiteral(value);
}
