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
 *       await s.eventually("n4 has handed its hint over", () => s.hints("n4") === 0);
 *       s.expectHeld("n3", "b/k", []);
 *     });
 *
 * - Nodes are n1, n2, …, clients c1, c2, …; keys are written `bucket/key`. With one partition n1, n2, n3 are the primaries of every
 *   key, and the others stand in for them in order.
 * - Nothing happens but while time passes: in `tick`, `until`, and in whatever is awaited.
 * - `after(ms)` and `at(ms)` say beforehand what happens at a moment. What the shrinker prints (shrink.ts) is written so.
 * - Values tell writes apart: no two writes of a key have the same one, but for another try of the same write.
 * - What would do nothing, or names nobody, is refused: a story that passes over it would prove nothing.
 * - As soon as an invariant does not hold the story ends where it waits: what follows would only bury it.
 */
import type { Outcome } from "../src/errors.ts";
import type { PeerMessage } from "../src/messages.ts";
import type { RequestOptions } from "../src/options.ts";
import type { NodeId } from "../src/ring.ts";
import type { Call, Told } from "./call.ts";
import { Called } from "./called.ts";
import { waysFrom } from "./cuts.ts";
import { failureOf, LastLines, RunOver } from "./failure.ts";
import type { Fault } from "./fault.ts";
import type { FaultKind } from "./faults.ts";
import { checkKeyName, checkFault, checkServes, checkStrikes, nodeIn, type Cast } from "./mistake.ts";
import type { NodeProcess } from "./node-process.ts";
import { Questions, type Choice } from "./questions.ts";
import { valuesOf, type Request, type RequestOutcome } from "./request.ts";
import type { SeedReport } from "./report.ts";
import { runSeed, type StoryClient } from "./run.ts";
import { profileOf, type Setting } from "./setting.ts";
import { isSame, Sight } from "./sight.ts";
import type { Stage } from "./stage.ts";
import { Verbs } from "./verbs.ts";

export type { Choice } from "./questions.ts";

/** Longer than any request lasts, and a story waits. */
const patienceMs = 60_000;
const lookMs = 10;
const clockFaults: ReadonlySet<Fault["kind"]> = new Set(["setClock", "driftClock", "freezeClock"]);

/**
 * Plays a story, and the rest of a run after it.
 * @returns what came of it
 * @throws Error if an expectation of the story, an invariant of the store or a demand for liveness does not hold: with what happened last
 */
export async function scenario(setting: Setting, story: (s: Scenario) => Promise<void> | void): Promise<SeedReport> {
  const lines = new LastLines();
  const profile = profileOf(setting);
  const kinds: FaultKind[] = [];
  let thrown: unknown;
  const report = await runSeed(setting.seed ?? 1, {
    adjust: () => ({ ...profile, faults: { ...profile.faults, kinds } }),
    createMachine: setting.createMachine,
    recording: setting.recording,
    trace: (line) => {
      lines.add(line);
      setting.trace?.(line);
    },
    story: async (stage, clients) => {
      try {
        await tell(new Scenario(stage, clients), setting, story);
      } catch (error) {
        if (!(error instanceof RunOver)) throw (thrown = error);
      }
      // The run waits for clocks that were off: only then.
      if (stage.injector.done.some(({ fault }) => clockFaults.has(fault.kind))) kinds.push("clock");
    },
  });
  if (report.kind === "ok") return report;
  throw failureOf(report, thrown, lines);
}

async function tell(
  s: Scenario,
  { isWarm = true }: Setting,
  story: (s: Scenario) => Promise<void> | void,
): Promise<void> {
  if (isWarm) await s.warmUp();
  await story(s);
  await s.finish();
}

export class Scenario extends Sight {
  readonly #stage: Stage;
  readonly #clients: ReadonlyMap<string, StoryClient>;
  readonly #cast: Cast;
  readonly #questions: Questions;
  /** Whose calls are being made. */
  readonly #busy = new Set<StoryClient>();
  /** What is held or dropped: from, to and kind. */
  readonly #stopped = new Set<string>();

  /** The latest moment for which something was said beforehand. */
  #lastMomentMs = 0;

  constructor(stage: Stage, clients: ReadonlyMap<string, StoryClient>) {
    super(stage, (fault) => this.#strike(fault));
    this.#stage = stage;
    this.#clients = clients;
    this.#cast = { nodes: stage.cluster.nodes, clients: [...clients.keys()] };
    this.#questions = new Questions(stage);
  }

  // Time

  /** Since the run began. */
  get nowMs(): number {
    return this.#stage.simulator.nowMs;
  }

  tick(ms: number): Promise<void> {
    return this.until(this.nowMs + ms);
  }

  /** Time passes up to a moment of the run. */
  until(atMs: number): Promise<void> {
    return this.#pass(atMs);
  }

  /** Time passes until something is so. @throws Error if it takes longer than `withinMs` */
  async eventually(sentence: string, isSo: () => boolean, withinMs: number = patienceMs): Promise<void> {
    const untilMs = this.nowMs + withinMs;
    while (!isSo() && this.nowMs < untilMs) await this.tick(lookMs);
    this.expect(isSo(), `within ${withinMs} ms ${sentence}`);
  }

  /** Time passes until all primaries of a key hold these values. */
  async eventuallyAllHold(key: string, values: readonly unknown[], withinMs: number = patienceMs): Promise<void> {
    const isSo = (node: NodeId): boolean => isSame(valuesOf(this.held(node, key)), values);
    await this.#pass(this.nowMs + withinMs, () => this.primaries(key).every(isSo));
    this.expectAllHeld(key, values);
  }

  /**
   * Time passes until nodes take requests and are linked to all others that do, but for those that a cut keeps from them.
   * @param nodes default: all that are not down
   */
  serving(...nodes: readonly NodeId[]): Promise<void> {
    const all = this.#stage.cluster.nodes.filter(({ phase }) => phase !== "down");
    const asked = nodes.length === 0 ? all : nodes.map((node) => this.#node(node));
    const names = asked.map(({ id }) => id).join(", ");
    return this.eventually(`${names} serve and are linked`, () => asked.every((node) => this.#isBack(node, all)));
  }

  /** What happens so long from now. */
  after(ms: number): Moment {
    return this.at(this.nowMs + ms);
  }

  /** What happens at a moment of the run that is to come. */
  at(atMs: number): Moment {
    if (atMs < this.nowMs)
      throw new Error(`${atMs} ms is over: the run is at ${this.nowMs} ms. \`after\` counts from now`);
    this.#lastMomentMs = Math.max(this.#lastMomentMs, atMs);
    return new Moment({
      inject: (fault) => {
        checkFault(this.#cast, fault);
        this.#stage.injector.schedule([{ atMs, fault }]);
      },
      call: (client, call) => this.#call(atMs, client, call),
    });
  }

  // Calls of clients

  /** A client calls something now, or when it has done with what it was told before. */
  call(client: string, call: Call): Called {
    return this.#call(this.nowMs, client, call);
  }

  /** Time passes until a call has returned. */
  async told(called: Called): Promise<Told> {
    await this.#pass(this.nowMs + patienceMs, () => called.isOver);
    if (called.told === undefined) throw new Error(`${called.title} is told nothing within ${patienceMs} ms`);
    return called.told;
  }

  // Requests to a node

  /** Writes a value, without waiting. */
  put(node: NodeId, key: string, value: unknown, choice: Choice = {}): Request {
    return this.#questions.put(this.#serving(node, key), key, value, choice);
  }

  delete(node: NodeId, key: string, choice: Choice = {}): Request {
    return this.#questions.delete(this.#serving(node, key), key, choice);
  }

  get(node: NodeId, key: string, options: RequestOptions = {}): Request {
    return this.#questions.get(this.#serving(node, key), key, options);
  }

  /** Writes a value and waits for the answer. @throws Error if it is not acknowledged */
  write(node: NodeId, key: string, value: unknown, choice: Choice = {}): Promise<Request> {
    return this.expectOutcome(this.put(node, key, value, choice), "ok");
  }

  remove(node: NodeId, key: string, choice: Choice = {}): Promise<Request> {
    return this.expectOutcome(this.delete(node, key, choice), "ok");
  }

  read(node: NodeId, key: string, options: RequestOptions = {}): Promise<Request> {
    return this.expectOutcome(this.get(node, key, options), "ok");
  }

  /** Time passes until a request is answered, whatever the answer, or cannot be any more. */
  async answered(request: Request): Promise<Request> {
    await this.#pass(this.nowMs + patienceMs, () => request.outcome !== undefined);
    return request;
  }

  /**
   * Time passes until it is answered so.
   * @param happened of an error: `none`, it certainly never happens, or `unknown`
   */
  async expectOutcome(request: Request, outcome: RequestOutcome, happened?: Outcome): Promise<Request> {
    const { answer, title, outcomeText } = await this.answered(request);
    const told = answer?.kind === "Failure" ? answer.outcome : undefined;
    if (request.outcome === outcome && (happened === undefined || happened === told)) return request;
    const expected = happened === undefined ? outcome : `${outcome}, outcome ${happened},`;
    throw new Error(`${title}: ${outcomeText}, where ${expected} was expected`);
  }

  async expectRead(node: NodeId, key: string, values: readonly unknown[], options: RequestOptions = {}): Promise<void> {
    this.expectSame(`${node} reads of ${key}`, (await this.read(node, key, options)).values, values);
  }

  // Messages between nodes

  /** From now on messages of this kind vanish on this way. */
  drop(from: NodeId, to: NodeId, kind: PeerMessage["kind"]): void {
    this.#stop(from, to, kind);
    this.#stage.world.gate.drop(from, to, kind);
  }

  /** From now on they wait, until `deliver`. */
  hold(from: NodeId, to: NodeId, kind: PeerMessage["kind"]): void {
    this.#stop(from, to, kind);
    this.#stage.world.gate.hold(from, to, kind);
  }

  /** Ends `drop` or `hold`; what waited is sent on its way. @returns how many messages that are */
  deliver(from: NodeId, to: NodeId, kind: PeerMessage["kind"]): number {
    if (!this.#stopped.delete(`${from} ${to} ${kind}`))
      throw new Error(`no ${kind} from ${from} to ${to} is held or dropped`);
    const messages = this.#stage.world.gate.release(from, to, kind);
    const { links, turn } = this.#sender(from);
    turn(() => messages.forEach((message) => links.deliver(to, message)));
    return messages.length;
  }

  /** A message that a node never meant to send, as if bits of another had turned on their way. */
  say(from: NodeId, to: NodeId, message: PeerMessage): void {
    const { links, turn } = this.#sender(from);
    turn(() => links.deliver(this.#node(to).id, message));
  }

  // Network, by name

  /** Nobody hears a node, and it hears nobody: no node, that is. Clients reach it. */
  isolate(node: NodeId): void {
    this.cut([node], this.nodes);
  }

  /** Every way between nodes and clients is open, and fast, and nothing is dropped any more; what was held is gone. */
  heal(): void {
    const { network, gate } = this.#stage.world;
    const names = [...this.nodes, ...this.#cast.clients];
    this.unblock(...waysFrom(names, names).filter(([from, to]) => network.path(from, to).isBlocked));
    network.clear(() => true);
    gate.open();
    this.#stopped.clear();
  }

  // The ends of a story

  /** Until nodes know each other, and no disk is fresh. */
  async warmUp(): Promise<void> {
    await this.#stage.rest("a new cluster does not come to rest");
    const isWarm = (): boolean => this.#stage.cluster.nodes.every(isWarmed);
    await this.#stage.settle([], isWarm, () => "the disks of a new cluster stay fresh");
    this.#goOn();
  }

  /** What was said beforehand has happened, no message is stopped, and no call is open any more. */
  async finish(): Promise<void> {
    await this.until(Math.max(this.nowMs, this.#lastMomentMs));
    this.#stage.world.gate.open();
    this.#beginCalls();
    const isDone = (): boolean => this.#busy.size === 0;
    await this.#stage.settle([], isDone, () => "the clients' last calls never return");
  }

  #isBack(node: NodeProcess, others: readonly NodeProcess[]): boolean {
    const { network } = this.#stage.world;
    const isCut = (other: NodeProcess): boolean =>
      network.path(node.id, other.id).isBlocked || network.path(other.id, node.id).isBlocked;
    const isLinked = (other: NodeProcess): boolean => node.links.peers.includes(other.id) || isCut(other);
    return node.isServing && others.every((other) => other === node || !other.isServing || isLinked(other));
  }

  async #pass(untilMs: number, isDone: () => boolean = () => false): Promise<void> {
    this.#goOn();
    this.#beginCalls();
    await this.#stage.simulator.run(untilMs, isDone);
    this.#goOn();
  }

  #goOn(): void {
    if (this.#stage.isOver) throw new RunOver("the run is over");
  }

  #node(name: NodeId): NodeProcess {
    return nodeIn(this.#cast, name);
  }

  #serving(name: NodeId, key: string): NodeProcess {
    checkKeyName(key);
    const node = this.#node(name);
    checkServes(node);
    return node;
  }

  #strike(fault: Fault): void {
    checkFault(this.#cast, fault);
    checkStrikes(this.#cast, fault);
    this.#stage.injector.inject(fault);
  }

  #stop(from: NodeId, to: NodeId, kind: PeerMessage["kind"]): void {
    this.#stopped.add(`${this.#node(from).id} ${this.#node(to).id} ${kind}`);
  }

  /** A node as the origin of messages. */
  #sender(name: NodeId): { readonly links: NodeProcess["links"]; readonly turn: (run: () => void) => void } {
    const node = this.#node(name);
    return { links: node.links, turn: (run) => node.turn(run) };
  }

  #call(atMs: number, name: string, call: Call): Called {
    const client = this.#clients.get(name);
    if (client === undefined)
      throw new Error(`there is no client ${name}; there are ${[...this.#clients.keys()].join(", ")}`);
    client.calls.push({ atMs, call, isLeftOut: false });
    return new Called(client.worker, client.calls.length - 1, call);
  }

  #beginCalls(): void {
    for (const client of this.#clients.values()) {
      if (this.#busy.has(client) || client.worker.made.length === client.calls.length) continue;
      this.#busy.add(client);
      this.#stage.begin([client.worker.work().then(() => this.#busy.delete(client))]);
    }
  }
}

interface Later {
  inject(fault: Fault): void;
  call(client: string, call: Call): Called;
}

/** What happens at one moment. */
export class Moment extends Verbs {
  readonly #later: Later;

  constructor(later: Later) {
    super((fault) => later.inject(fault));
    this.#later = later;
  }

  call(client: string, call: Call): Called {
    return this.#later.call(client, call);
  }
}

/** No disk may have lost what it does not have. */
function isWarmed(node: NodeProcess): boolean {
  return node.tell()?.partitions?.every(({ isFresh }) => !isFresh) ?? false;
}
