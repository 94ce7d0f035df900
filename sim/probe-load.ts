/**
 * A constant load without clients and their links: gets and puts of whole keys, each asked of a primary of its key that serves, as the
 * SDK asks. A key is written by one call at a time, with the context that the last one returned, so that it has one sibling.
 */
import { fromBinary } from "../src/bytes.ts";
import { makeKey } from "../src/key.ts";
import { plainPut, type Answer, type Get, type Put } from "../src/messages.ts";
import { makeOpId } from "../src/op-id.ts";
import type { Random } from "../src/random.ts";
import type { Cluster } from "./cluster.ts";
import type { NodeProcess } from "./node-process.ts";
import { primariesOf } from "./place.ts";
import type { NodeId } from "../src/ring.ts";
import type { World } from "./world.ts";

const timeoutMs = 5000;

export interface LoadShape {
  readonly keys: number;
  readonly valueBytes: number;
  /** Of the whole cluster. */
  readonly callsPerSecond: number;
}

/** A key, and what is known of it. */
interface Cell {
  readonly key: Uint8Array;
  context: Uint8Array | undefined;
  isInUse: boolean;
}

export class ProbeLoad {
  /** Of each kind, how many were answered well, and how many were not. */
  readonly done: Record<"get" | "put", number> = { get: 0, put: 0 };
  failed = 0;
  readonly #world: World;
  readonly #cluster: Cluster;
  readonly #shape: LoadShape;
  readonly #random: Random;
  readonly #cells: readonly Cell[];
  readonly #value: Uint8Array;
  readonly #doors: ReadonlyMap<NodeId, Door>;
  #puts = 0;
  #sequence = 0;
  #open = 0;
  #isOn = false;

  constructor(world: World, cluster: Cluster, shape: LoadShape) {
    this.#world = world;
    this.#cluster = cluster;
    this.#shape = shape;
    this.#random = world.simulator.stream("load");
    this.#value = new Uint8Array(shape.valueBytes);
    this.#doors = new Map(cluster.nodes.map((node) => [node.id, new Door(node)]));
    this.#cells = Array.from({ length: shape.keys }, (_, at) => ({
      key: makeKey("b", `key-${at}`),
      context: undefined,
      isInUse: false,
    }));
  }

  get isIdle(): boolean {
    return this.#open === 0;
  }

  get keys(): readonly Uint8Array[] {
    return this.#cells.map(({ key }) => key);
  }

  /** Every key is put once. */
  fill(): void {
    for (const [at, cell] of this.#cells.entries())
      this.#later((1000 * at) / this.#shape.callsPerSecond, () => this.#put(cell));
  }

  /** @param puts which share of the calls are puts */
  start(puts: number): void {
    this.#puts = puts;
    this.#isOn = true;
    this.done.get = this.done.put = this.failed = 0;
    this.#next();
  }

  stop(): void {
    this.#isOn = false;
  }

  #next(): void {
    if (!this.#isOn) return;
    const cell = this.#random.pick(this.#cells);
    if (this.#random.chance(this.#puts)) this.#put(cell);
    else this.#get(cell);
    this.#later(this.#random.exponential(1000 / this.#shape.callsPerSecond), () => this.#next());
  }

  #get({ key }: Cell): void {
    const options = undefined;
    this.#ask(key, { kind: "Get", id: 0, key, timeoutMs, options, head: false, details: false }, (answer) => {
      if (answer.kind === "GetReply" && answer.record !== undefined) this.done.get++;
      else this.failed++;
    });
  }

  #put(cell: Cell): void {
    if (cell.isInUse) return;
    cell.isInUse = true;
    const { key, context } = cell;
    const op = fromBinary(makeOpId("load....", ++this.#sequence));
    const rest = { ...plainPut, timeoutMs, options: undefined, returnValue: false, details: false };
    this.#ask(key, { kind: "Put", id: 0, op, key, value: this.#value, context, ...rest }, (answer) => {
      cell.isInUse = false;
      if (answer.kind !== "PutReply") return void this.failed++;
      cell.context = answer.context;
      this.done.put++;
    });
  }

  #ask(key: Uint8Array, message: Get | Put, take: (answer: Answer) => void): void {
    const doors = primariesOf(this.#cluster.nodes[0]!, key).map((id) => this.#doors.get(id)!);
    this.#open++;
    this.#random.pick(doors.filter(({ isOpen }) => isOpen)).ask(message, (answer) => {
      this.#open--;
      take(answer);
    });
  }

  #later(delayMs: number, run: () => void): void {
    this.#world.simulator.schedule(delayMs, "probe", run);
  }
}

/** Where a node is asked. What is asked there when the node dies is never answered. */
class Door {
  readonly #node: NodeProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #connection: number | undefined;
  #lastId = 0;

  constructor(node: NodeProcess) {
    this.#node = node;
  }

  get isOpen(): boolean {
    return this.#node.phase === "serving";
  }

  ask(message: Get | Put, take: (answer: Answer) => void): void {
    this.#connection ??= this.#node.links.addProbe((answers) => {
      for (const answer of answers) this.#take(answer);
    });
    const id = ++this.#lastId;
    this.#waiting.set(id, take);
    this.#node.takeRequest(this.#connection, { ...message, id });
  }

  #take(answer: Answer): void {
    const take = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    take?.(answer);
  }
}
