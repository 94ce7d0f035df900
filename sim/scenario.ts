/**
 * Stories told by hand: what strikes, what is said and what must come of it, on whole nodes, while every checker watches. When a
 * story ends, everything is healed and the run goes on to its end as every run does: it must serve, converge and lose nothing.
 *
 *     await scenario({ nodes: 4 }, async (s) => {
 *       const first = await s.write("n1", "b/k", "old");
 *       s.crash("n3");
 *       await s.remove("n1", "b/k", { context: first.context });
 *       s.expectHints("n4", 1);
 *       s.start("n3");
 *       await s.tick(10_000);
 *       s.expectHeld("n3", "b/k", []);
 *     });
 *
 * - Nodes are n1, n2, …, clients c1, c2, …; keys are written `bucket/key`. With one partition n1, n2, n3 are the primaries of every
 *   key, and the others stand in for them in order.
 * - Nothing happens but while time passes: in `tick`, `until`, and in what is waited for.
 * - `at(ms)` says beforehand what happens at a moment. What the shrinker prints (shrink.ts) is written so.
 */
import { encodeValue } from "../client/value.ts";
import { fromBinary } from "../src/bytes.ts";
import { bucketOf, hashKey } from "../src/key.ts";
import type { ClientRequest, PeerMessage } from "../src/messages.ts";
import { emptyObject, type StoredObject } from "../src/object.ts";
import { makeOpId, type OpId } from "../src/op-id.ts";
import { settleOptions, type RequestOptions } from "../src/options.ts";
import type { NodeId } from "../src/ring.ts";
import { decodeToken } from "../src/token.ts";
import type { Call } from "./call.ts";
import { waysBetween } from "./cuts.ts";
import type { Fault } from "./fault.ts";
import type { Operation } from "./history.ts";
import type { NodeProcess } from "./node-process.ts";
import { keyNamed, storeKeyOf } from "./place.ts";
import { Request, valuesOf } from "./request.ts";
import type { SeedReport } from "./report.ts";
import { runSeed, type StoryClient } from "./run.ts";
import { profileOf, type Setting } from "./setting.ts";
import type { Stage } from "./stage.ts";
import { Verbs } from "./verbs.ts";

/** What a request to a node may choose. */
export interface Choice extends RequestOptions {
  /** What a write replaces. Default: nothing. */
  readonly context?: Uint8Array | undefined;
  /** The write is another try of this one. */
  readonly retryOf?: Request | undefined;
}

/** Whose lines a failure shows. */
const linesShown = 40;
/** Longer than any request lasts, and a scenario waits. */
const patienceMs = 60_000;
const lookMs = 10;
/** Of the requests that a story makes itself. */
const storyteller = "story...";

/**
 * Plays a story, and the rest of a run after it.
 * @returns what came of it
 * @throws Error if an expectation of the story, an invariant of the store or a demand for liveness does not hold: with what happened last
 */
export async function scenario(setting: Setting, story: (s: Scenario) => Promise<void> | void): Promise<SeedReport> {
  const lines: string[] = [];
  const report = await runSeed(setting.seed ?? 1, {
    adjust: () => profileOf(setting),
    createMachine: setting.createMachine,
    trace: (line) => lines.push(line) > linesShown && lines.shift(),
    story: async (stage, clients) => {
      const s = new Scenario(stage, clients);
      if (setting.isWarm !== false) await s.warmUp();
      await story(s);
      await s.finishCalls();
    },
  });
  if (report.kind === "ok") return report;
  const why = report.violations.map(({ invariant, sentence }) => `${invariant}: ${sentence}`);
  throw new Error([...why, ...(report.error === undefined ? [] : [report.error]), "", ...lines].join("\n"));
}

export class Scenario extends Verbs {
  readonly #stage: Stage;
  readonly #clients: ReadonlyMap<string, StoryClient>;
  /** Those whose calls are being made. */
  readonly #busy = new Set<StoryClient>();
  #operations = 0;

  constructor(stage: Stage, clients: ReadonlyMap<string, StoryClient>) {
    super((fault) => stage.injector.inject(fault));
    this.#stage = stage;
    this.#clients = clients;
  }

  // Time

  get nowMs(): number {
    return this.#stage.simulator.nowMs;
  }

  tick(ms: number): Promise<void> {
    return this.until(this.nowMs + ms);
  }

  /** Time passes up to a moment of the run. */
  async until(atMs: number): Promise<void> {
    this.#beginCalls();
    await this.#stage.simulator.run(atMs);
  }

  /** What happens at a moment to come. */
  at(atMs: number): Moment {
    return new Moment({
      inject: (fault) => this.#stage.injector.schedule([{ atMs, fault }]),
      call: (client, call) => this.#call(atMs, client, call),
    });
  }

  /** A client calls something now, or when it has done with what it was told before. */
  call(client: string, call: Call): void {
    this.#call(this.nowMs, client, call);
  }

  // Requests to a node

  /** Writes a value, without waiting. */
  put(node: NodeId, key: string, value: unknown, choice: Choice = {}): Request {
    return this.#put(node, key, encodeValue(value), choice);
  }

  delete(node: NodeId, key: string, choice: Choice = {}): Request {
    return this.#put(node, key, undefined, choice);
  }

  get(node: NodeId, key: string, options: RequestOptions = {}): Request {
    const request = new Request(keyNamed(key), undefined);
    const operation = this.#begin("get", request, key, options);
    const rest = { options, timeoutMs: options.timeoutMs ?? 5000, head: false, details: false };
    this.#ask(node, request, operation, (id) => ({ kind: "Get", id, key: request.key, ...rest }));
    return request;
  }

  /** Writes a value and waits for the answer. @throws Error if it is not acknowledged */
  write(node: NodeId, key: string, value: unknown, choice: Choice = {}): Promise<Request> {
    return this.#waitFor(this.put(node, key, value, choice));
  }

  remove(node: NodeId, key: string, choice: Choice = {}): Promise<Request> {
    return this.#waitFor(this.delete(node, key, choice));
  }

  read(node: NodeId, key: string, options: RequestOptions = {}): Promise<Request> {
    return this.#waitFor(this.get(node, key, options));
  }

  /** Time passes until a request is answered, whatever the answer. */
  async answered(request: Request): Promise<Request> {
    const untilMs = this.nowMs + patienceMs;
    while (request.answer === undefined && this.nowMs < untilMs && !this.#stage.isOver) await this.tick(lookMs);
    return request;
  }

  // Messages

  /** From now on messages of this kind vanish on this way. */
  drop(from: NodeId, to: NodeId, kind: PeerMessage["kind"]): void {
    this.#stage.world.gate.drop(from, to, kind);
  }

  /** From now on they wait, until `deliver`. */
  hold(from: NodeId, to: NodeId, kind: PeerMessage["kind"]): void {
    this.#stage.world.gate.hold(from, to, kind);
  }

  /** Ends `drop` or `hold`; what waited is sent on its way. @returns how many messages that are */
  deliver(from: NodeId, to: NodeId, kind: PeerMessage["kind"]): number {
    const messages = this.#stage.world.gate.release(from, to, kind);
    const node = this.#stage.cluster.node(from);
    node.turn(() => messages.forEach((message) => node.links.deliver(to, message)));
    return messages.length;
  }

  // Network, by name

  /** Nobody hears a node, and it hears nobody. */
  isolate(node: NodeId): void {
    this.cut([node], this.#names);
  }

  /** The network is whole again, whatever was blocked, dropped or held. */
  heal(): void {
    this.unblock(...waysBetween(this.#names, this.#names));
    this.#stage.world.gate.open();
  }

  // What is there

  /** What a node has of a key on its disk or in front of it, as a primary. */
  held(node: NodeId, key: string): StoredObject {
    const { cluster, world } = this.#stage;
    const place = cluster.node(node);
    return world.witness.decode(place.seen("objects", storeKeyOf(place, keyNamed(key)))) ?? emptyObject;
  }

  hints(node: NodeId): number {
    return this.#stage.cluster.node(node).hintCount;
  }

  /** How often something happened: the run's coverage marks. */
  count(what: string): number {
    return this.#stage.world.coverage.toJSON()[what] ?? 0;
  }

  // What must be

  expect(isTrue: boolean, sentence: string): void {
    if (!isTrue) throw new Error(`the story expected otherwise: ${sentence}`);
  }

  expectHeld(node: NodeId, key: string, values: readonly unknown[]): void {
    const held = valuesOf(this.held(node, key));
    this.expect(isSame(held, values), `${node} holds ${show(held)} of ${key}, not ${show(values)}`);
  }

  /** Of all the primaries. */
  expectAllHeld(key: string, values: readonly unknown[]): void {
    const { n } = this.#stage.profile.shape;
    for (const node of this.#names.slice(0, n)) this.expectHeld(node, key, values);
  }

  expectHints(node: NodeId, count: number): void {
    this.expect(this.hints(node) === count, `${node} keeps ${this.hints(node)} hints, not ${count}`);
  }

  async expectRead(node: NodeId, key: string, values: readonly unknown[], options: RequestOptions = {}): Promise<void> {
    const read = (await this.read(node, key, options)).values;
    this.expect(isSame(read, values), `${node} reads ${show(read)} of ${key}, not ${show(values)}`);
  }

  /** Of the kind of error, or `ok`. */
  async expectOutcome(request: Request, outcome: string): Promise<void> {
    await this.answered(request);
    this.expect(request.outcome === outcome, `the answer is ${request.outcome ?? "none"}, not ${outcome}`);
  }

  // The ends of a story

  /** Until nodes know each other, and no disk is fresh. */
  async warmUp(): Promise<void> {
    await this.#stage.rest("a new cluster does not come to rest");
    const isWarm = (): boolean => this.#stage.cluster.nodes.every((node) => isWarmed(node));
    await this.#stage.settle([], isWarm, () => "the disks of a new cluster stay fresh");
  }

  /** No call is open any more. */
  async finishCalls(): Promise<void> {
    this.#beginCalls();
    await this.#stage.settle(
      [],
      () => this.#busy.size === 0,
      () => "the clients' last calls never return",
    );
  }

  get #names(): readonly string[] {
    return this.#stage.cluster.nodes.map(({ id }) => id);
  }

  #call(atMs: number, name: string, call: Call): void {
    const client = this.#clients.get(name);
    if (client === undefined)
      throw new Error(`there is no client ${name}; there are ${[...this.#clients.keys()].join(", ")}`);
    client.calls.push({ atMs, call, isLeftOut: false });
  }

  #beginCalls(): void {
    for (const client of this.#clients.values()) {
      if (this.#busy.has(client) || client.worker.made.length === client.calls.length) continue;
      this.#busy.add(client);
      this.#stage.begin([client.worker.work().then(() => this.#busy.delete(client))]);
    }
  }

  #put(node: NodeId, key: string, value: Uint8Array | undefined, choice: Choice): Request {
    const { context, retryOf, ...options } = choice;
    const op = retryOf?.op ?? this.#nextOp();
    const request = new Request(keyNamed(key), op);
    const operation = this.#begin(value === undefined ? "delete" : "put", request, key, options);
    if (context !== undefined) operation.contextIn = decodeToken(hashKey(request.key), context).context;
    const rest = { timeoutMs: options.timeoutMs ?? 5000, returnValue: false, details: true };
    this.#ask(node, request, operation, (id) => ({
      kind: "Put",
      id,
      op: fromBinary(op),
      key: request.key,
      value,
      context,
      options,
      ...rest,
    }));
    return request;
  }

  #nextOp(): OpId {
    return makeOpId(storyteller, ++this.#operations);
  }

  #begin(kind: Operation["kind"], request: Request, key: string, options: RequestOptions): Operation {
    const bucket = bucketOf(request.key);
    const settled = settleOptions(kind === "get" ? "get" : "put", options, bucket, this.#stage.profile.shape.options);
    const { n, r, w, dw, sloppy: isSloppy, readRepair } = settled;
    const asked = { n, r, w, dw, isSloppy, readRepair };
    const calledAtMs = this.nowMs;
    const operation = this.#stage.history.call({ client: storyteller, key, kind, value: undefined, asked, calledAtMs });
    operation.op = request.op;
    return operation;
  }

  #ask(node: NodeId, request: Request, operation: Operation, messageOf: (id: number) => ClientRequest): void {
    const { world, cluster } = this.#stage;
    const connection = cluster.node(node).links.addProbe(([answer]) => {
      request.answer ??= answer;
      this.#returned(request, operation);
    });
    cluster.node(node).takeRequest(connection, messageOf(connection));
    world.trace.line("story", () => `asks ${node} for ${operation.kind} ${operation.key}`);
  }

  #returned(request: Request, operation: Operation): void {
    const { answer } = request;
    if (operation.outcome !== "pending" || answer === undefined) return;
    operation.outcome = answer.kind === "Failure" ? answer.outcome : "ok";
    operation.error = answer.kind === "Failure" ? answer.code : undefined;
    operation.context = answer.kind === "Failure" ? undefined : request.covered;
    operation.returnedAtMs = this.nowMs;
    this.#stage.world.witness.observe({ kind: "returned", operation });
  }

  async #waitFor(request: Request): Promise<Request> {
    await this.expectOutcome(request, "ok");
    return request;
  }
}

interface Later {
  inject(fault: Fault): void;
  call(client: string, call: Call): void;
}

/** What happens at one moment. */
export class Moment extends Verbs {
  readonly #later: Later;

  constructor(later: Later) {
    super((fault) => later.inject(fault));
    this.#later = later;
  }

  call(client: string, call: Call): void {
    this.#later.call(client, call);
  }
}

/** No disk may have lost what it does not have. */
function isWarmed(node: NodeProcess): boolean {
  return node.tell()?.partitions?.every(({ isFresh }) => !isFresh) ?? false;
}

function isSame(some: readonly unknown[], others: readonly unknown[]): boolean {
  const sorted = (values: readonly unknown[]): string => show([...values].map(show).sort());
  return sorted(some) === sorted(others);
}

function show(value: unknown): string {
  return JSON.stringify(value);
}
