/**
 * A small world in which operations on one counter are tried, and all that can happen in it: for an exhaustive search.
 *
 * - A try is a message: sent to a replica, and delivered there at any time, also when its client has long given up.
 * - An operation is over when its client says so: it has an answer, or wants none any more. Then it may vouch for it.
 * - Replicas exchange whole states, also one of before, any number of times.
 * - A replica that crashes goes on in a fresh epoch, with what it had or with an empty disk.
 * - A reader takes marks at one replica, and its reset arrives at any replica, at any time.
 * - When all replicas hold the same state, and nothing is on its way, they agree to forget; each does when it gets to it.
 *
 * Beside each state stands what it stands for: who took which operation in, as far as it is known here, and what of that the reader
 * of its reset had seen. An operation is reset where one of its instances is that the reader had seen. The amounts are powers of two,
 * so that a value says which operations are in it.
 */
import { toBinary } from "../../src/bytes.ts";
import { counterValue, marksAt } from "../../src/crdt/counter.ts";
import { rootPath } from "../../src/crdt/path.ts";
import { emptyObject, sync, type StoredObject } from "../../src/object.ts";
import type { OpId } from "../../src/op-id.ts";
import { encodeRecord } from "../../src/record.ts";
import { forgetSpent } from "../../src/spent.ts";
import { actorOf, applyAt, opOf } from "./minting.ts";

export const path: string = rootPath("pnCounter");

export interface Scope {
  readonly replicas: number;
  readonly operations: number;
  /** Tries of each. */
  readonly tries: number;
  /** Whether a state of before may come again. */
  readonly hasOldState: boolean;
  readonly crash: "none" | "kept" | "emptied";
  readonly hasReset: boolean;
}

/** What the shipped code does, or a mistake in its place. */
export interface Rules {
  readonly value: (object: StoredObject) => number;
  readonly apply: typeof applyAt;
  readonly reset: (object: StoredObject, read: StoredObject, replica: string, epoch: number) => StoredObject;
  readonly forget: (object: StoredObject) => StoredObject;
  readonly mayVouch: (sends: number) => boolean;
  readonly mustAgree: boolean;
}

export const shipped: Rules = {
  value: (object) => counterValue(object, path),
  apply: applyAt,
  reset: (object, read, replica, epoch) =>
    applyAt(
      object,
      [{ kind: "reset", path, marks: marksAt(read, path) }],
      minting(replica, epoch, opOf("reader", 1), new Set()),
    ),
  forget: forgetSpent,
  mayVouch: (sends) => sends < 2,
  mustAgree: true,
};

/** A state, and what it stands for, as sets of bits: one bit per operation and epoch of a replica that took it in. */
interface Held {
  readonly number: number;
  readonly object: StoredObject;
  readonly instances: number;
  /** Those that the reader had seen whose reset is here. */
  readonly reset: number;
}

interface Operation {
  readonly sends: number;
  /** Replicas to which a try is on its way. */
  readonly underWay: number;
  readonly isOver: boolean;
}

export interface World {
  readonly replicas: readonly Held[];
  readonly epochs: readonly number[];
  /** Per replica the operations that it was told are settled. */
  readonly settled: readonly number[];
  readonly operations: readonly Operation[];
  readonly old: Held | undefined;
  readonly hasCrashed: boolean;
  readonly read: Held | undefined;
  readonly hasReset: boolean;
  readonly agreed: Held | undefined;
}

export type Step = readonly [what: string, world: World];

export class CountingWorlds {
  readonly #scope: Scope;
  readonly #rules: Rules;
  readonly #held = new Map<string, Held>();
  readonly #joined = new Map<number, Held>();
  /** The first state that shows another value than it should. */
  wrong: { readonly held: Held; readonly shown: number; readonly expected: number } | undefined;

  constructor(scope: Scope, rules: Rules) {
    this.#scope = scope;
    this.#rules = rules;
  }

  first(): World {
    const nothing = this.#hold(emptyObject, 0, 0);
    const each = Array.from({ length: this.#scope.replicas });
    return {
      replicas: each.map(() => nothing),
      epochs: each.map(() => 1),
      settled: each.map(() => 0),
      operations: Array.from({ length: this.#scope.operations }, () => ({ sends: 0, underWay: 0, isOver: false })),
      old: undefined,
      hasCrashed: false,
      read: undefined,
      hasReset: false,
      agreed: undefined,
    };
  }

  /** One form for each world. */
  keyOf({ replicas, epochs, settled, operations, old, hasCrashed, read, hasReset, agreed }: World): string {
    return [
      ...replicas.map(({ number }) => number),
      ...epochs,
      ...settled,
      ...operations.map(({ sends, underWay, isOver }) => `${sends}/${underWay}/${isOver ? 1 : 0}`),
      old?.number,
      hasCrashed ? 1 : 0,
      read?.number,
      hasReset ? 1 : 0,
      agreed?.number,
    ].join();
  }

  /** Looks at what every group of replicas would show together. */
  check({ replicas }: World): void {
    for (const one of replicas) for (const other of replicas) this.#join(one, other);
    replicas.reduce((all, held) => this.#join(all, held));
  }

  *steps(world: World): Generator<Step> {
    for (const [at, operation] of world.operations.entries()) yield* this.#stepsOf(world, at, operation);
    for (const at of world.replicas.keys()) yield* this.#stepsAt(world, at);
  }

  *#stepsOf(world: World, at: number, operation: Operation): Generator<Step> {
    const { sends, underWay, isOver } = operation;
    const name = `operation ${at + 1}`;
    const isTurn = at === 0 || world.operations[at - 1]!.sends > 0;
    const set = (to: Partial<Operation>): World => ({
      ...world,
      operations: world.operations.with(at, { ...operation, ...to }),
    });
    for (const [replica] of world.replicas.entries()) {
      if (!isOver && isTurn && sends < this.#scope.tries && (underWay & bit(replica)) === 0)
        yield [`${name} is sent to ${nameOf(replica)}`, set({ sends: sends + 1, underWay: underWay | bit(replica) })];
      if ((underWay & bit(replica)) !== 0)
        yield [
          `the try of ${name} arrives at ${nameOf(replica)}`,
          this.#tried(set({ underWay: underWay & ~bit(replica) }), at, replica),
        ];
    }
    if (!isOver && sends > 0) yield [`${name} is over for its client`, set({ isOver: true })];
  }

  *#stepsAt(world: World, at: number): Generator<Step> {
    const { replicas, operations, settled, old, read } = world;
    const mine = replicas[at]!;
    const name = nameOf(at);
    for (const [from, other] of replicas.entries())
      if (from !== at)
        yield [`${name} joins the state of ${nameOf(from)}`, this.#with(world, at, this.#join(mine, other))];
    const vouched = operations.reduce(
      (all, { sends, isOver }, op) => (isOver && this.#rules.mayVouch(sends) ? all | bit(op) : all),
      settled[at]!,
    );
    if (vouched !== settled[at])
      yield [`${name} hears which operations are settled`, { ...world, settled: settled.with(at, vouched) }];
    if (this.#scope.hasOldState && old === undefined)
      yield [`the state of ${name} is sent, and will arrive later`, { ...world, old: mine }];
    if (old !== undefined)
      yield [`${name} joins the state that was sent before`, this.#with(world, at, this.#join(mine, old))];
    if (this.#scope.crash !== "none" && !world.hasCrashed) yield this.#crash(world, at);
    if (this.#scope.hasReset && read === undefined) yield [`a reader reads at ${name}`, { ...world, read: mine }];
    if (read !== undefined && !world.hasReset) yield [`its reset arrives at ${name}`, this.#reset(world, at, read)];
    yield* this.#forgetting(world, at, mine);
  }

  *#forgetting(world: World, at: number, mine: Held): Generator<Step> {
    if (this.#rules.mustAgree && world.agreed === undefined && at === 0 && isQuiet(world))
      yield ["all agree, and will forget what is spent", { ...world, agreed: mine }];
    const forgotten = this.#rules.forget(mine.object);
    if (forgotten === mine.object || (this.#rules.mustAgree && world.agreed !== mine)) return;
    yield [
      `${nameOf(at)} forgets what is spent`,
      this.#with(world, at, this.#hold(forgotten, mine.instances, mine.reset)),
    ];
  }

  #tried(world: World, operation: number, at: number): World {
    const { object, instances, reset } = world.replicas[at]!;
    if ((world.settled[at]! & bit(operation)) !== 0) return world;
    const change = { kind: "increment", path, amount: bit(operation) } as const;
    const settled = new Set(
      [...world.operations.keys()].filter((op) => (world.settled[at]! & bit(op)) !== 0).map(opNumber),
    );
    const how = minting(nameOf(at), world.epochs[at]!, opNumber(operation), settled);
    const next = this.#rules.apply(object, [change], how);
    const minted = next === object ? 0 : bit(this.#instance(operation, at, world.epochs[at]!));
    return this.#with(world, at, this.#hold(next, instances | minted, reset));
  }

  #reset(world: World, at: number, read: Held): World {
    const { object, instances, reset } = world.replicas[at]!;
    const next = this.#rules.reset(object, read.object, nameOf(at), world.epochs[at]!);
    return { ...this.#with(world, at, this.#hold(next, instances, reset | read.instances)), hasReset: true };
  }

  #crash(world: World, at: number): Step {
    const next = { ...world, epochs: world.epochs.with(at, world.epochs[at]! + 1), hasCrashed: true };
    if (this.#scope.crash === "kept") return [`${nameOf(at)} crashes, and goes on in a fresh epoch`, next];
    return [`${nameOf(at)} crashes, and its disk is empty`, this.#with(next, at, this.#hold(emptyObject, 0, 0))];
  }

  #with(world: World, at: number, held: Held): World {
    return { ...world, replicas: world.replicas.with(at, held) };
  }

  #join(a: Held, b: Held): Held {
    if (a === b) return a;
    const pair = a.number * 2 ** 26 + b.number;
    const known = this.#joined.get(pair);
    if (known !== undefined) return known;
    const joined = this.#hold(sync(a.object, b.object), a.instances | b.instances, a.reset | b.reset);
    this.#joined.set(pair, joined);
    return joined;
  }

  /** At most two epochs of each replica. */
  #instance(operation: number, replica: number, epoch: number): number {
    return (operation * 2 + epoch - 1) * this.#scope.replicas + replica;
  }

  /** What the counter should be. */
  #valueOf(instances: number, reset: number): number {
    let value = 0;
    for (let operation = 0; operation < this.#scope.operations; operation++) {
      const all = (bit(2 * this.#scope.replicas) - 1) << this.#instance(operation, 0, 1);
      if ((instances & all) !== 0 && (instances & reset & all) === 0) value += bit(operation);
    }
    return value;
  }

  #hold(object: StoredObject, instances: number, reset: number): Held {
    const key = `${instances},${reset},${toBinary(encodeRecord(1n, object))}`;
    const known = this.#held.get(key);
    if (known !== undefined) return known;
    const held = { number: this.#held.size, object, instances, reset };
    this.#held.set(key, held);
    const [shown, expected] = [this.#rules.value(object), this.#valueOf(instances, reset)];
    if (shown !== expected) this.wrong ??= { held, shown, expected };
    return held;
  }
}

/** Nothing is on its way, and all replicas hold the same. */
function isQuiet({ replicas, operations, old, read, hasReset }: World): boolean {
  return (
    replicas.every((held) => held === replicas[0]) &&
    operations.every(({ underWay, isOver, sends }) => underWay === 0 && (isOver || sends === 0)) &&
    (old === undefined || old === replicas[0]) &&
    (read === undefined || hasReset)
  );
}

export function minting(
  replica: string,
  epoch: number,
  op: OpId,
  settled: ReadonlySet<OpId>,
): Parameters<typeof applyAt>[2] {
  return {
    actor: actorOf(replica, epoch),
    op,
    timestamp: { ms: 1, counter: 0 },
    isSettled: (other) => settled.has(other),
  };
}

function opNumber(operation: number): OpId {
  return opOf("client", operation + 1);
}

function nameOf(replica: number): string {
  return "abc"[replica]!;
}

function bit(at: number): number {
  return 1 << at;
}
