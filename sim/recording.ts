/**
 * A run as data, for those who want to look at it afterwards. It watches and changes nothing: a run is the same, event by event,
 * whether or not it is recorded.
 *
 * Most of it is found by looking at the world after each event (nodes, disks, clocks, paths), so that what is shown is what was so,
 * whoever made it so. Three things have to be told: what is sent and what becomes of it, what clients call, and remarks (`mark`).
 */
import { formatKey } from "../src/key.ts";
import type { Dot } from "../src/dot.ts";
import type { OpId } from "../src/op-id.ts";
import type { Violation } from "./checker.ts";
import { conditionsOfNodes, conditionsOfPaths, type Patient } from "./conditions.ts";
import { HeldStates, type Holder } from "./held-states.ts";
import type { Operation } from "./history.ts";
import type { Network, Path } from "./network.ts";
import type { Crashed, Issue, Observation } from "./observation.ts";
import { primariesOf } from "./place.ts";
import type {
  KeyPlace,
  Lane,
  Recorded,
  RecordedFrame,
  RecordedKey,
  RecordedMark,
  RecordedOperation,
  RecordedViolation,
  Step,
} from "./recorded.ts";
import { RecordedFrames, type NotedFrame } from "./recorded-frames.ts";
import { RecordedMessages } from "./recorded-messages.ts";
import { RecordedStates, shorten } from "./recorded-states.ts";
import type { SeedReport } from "./report.ts";
import { shortened } from "./shortened.ts";
import type { Simulator } from "./simulator.ts";
import { Spans } from "./spans.ts";

/** A node as it can be seen while it runs, and while it does not. */
export interface Recordable extends Holder, Patient {
  readonly id: string;
  readonly links: { readonly peers: readonly string[] };
}

/** What is recorded: all of it, from before the first event. */
export interface Scene {
  readonly simulator: Simulator;
  readonly network: Network;
  readonly nodes: readonly Recordable[];
  readonly clients: readonly string[];
}

/** A remark: why something is as it is, or that something happened that does not last. */
export interface Mark {
  /** `strike`: a fault that somebody has caused. Others are what nodes go through, and events of their logs. */
  readonly kind: string;
  /** Nodes and clients that it is about; none: all. */
  readonly where: readonly string[];
  /** `bucket/key` */
  readonly keys?: readonly string[];
  readonly text: string;
}

interface NotedCall {
  readonly operation: Operation;
  readonly called: Step;
  returned: Step | undefined;
}

export class Recording {
  #scene: Scene | undefined;
  readonly #momentsUs: number[] = [];
  /** Nothing is done any more but by whoever puts the world in order for the last checks. */
  #isOver = false;
  /** Which event the last step was. */
  #event = -1;
  readonly #lanes = new Map<string, Lane>();
  readonly #keys = new Map<string, KeyPlace>();
  readonly #keyBytes: Uint8Array[] = [];
  readonly #states = new RecordedStates();
  readonly #frames: RecordedFrames;
  readonly #held = new HeldStates((record) => this.#states.placeOf(record));
  readonly #spans = new Spans();
  readonly #marks: RecordedMark[] = [];
  readonly #calls = new Map<Operation, NotedCall>();
  readonly #issues = new Map<OpId, Dot[]>();
  readonly #peers = new Map<Lane, readonly string[]>();

  constructor() {
    const messages = new RecordedMessages(this.#states, (key) => this.#placeOfKey(key));
    this.#frames = new RecordedFrames(messages, (name) => this.#lanes.get(name));
  }

  /** @throws Error the second time: one recording is of one run */
  begin(scene: Scene): void {
    if (this.#scene !== undefined) throw new Error("a recording is of one run");
    this.#scene = scene;
    for (const name of [...scene.nodes.map(({ id }) => id), ...scene.clients]) this.#lanes.set(name, this.#lanes.size);
    scene.simulator.afterEvent = () => this.#look();
  }

  /** A frame leaves; `ended` or `lost` will be said of these very bytes. */
  sent(path: Path, frame: Uint8Array): void {
    this.#frames.sent(path, frame, this.#step());
  }

  arrived(frame: Uint8Array): void {
    this.#frames.ended(frame, this.#step(), undefined);
  }

  lost(frame: Uint8Array, why: string): void {
    this.#frames.ended(frame, this.#step(), why);
  }

  /** A frame that gets lost at once. */
  swallowed(path: Path, frame: Uint8Array): void {
    this.#frames.swallowed(path, frame, this.#step(), path.isBlocked ? "the path is blocked" : "lost");
  }

  called(operation: Operation): void {
    this.#calls.set(operation, { operation, called: this.#step(), returned: undefined });
  }

  /** What has happened now, in words. */
  mark({ kind, where, keys = [], text }: Mark): void {
    if (this.#isOver) return;
    const lanes = where.flatMap((name) => this.#lanes.get(name) ?? []);
    const places = keys.flatMap((name) => this.#keys.get(name) ?? []);
    this.#marks.push({ step: this.#step(), kind, lanes, keys: places, text });
  }

  /** What a node writes into its log. */
  noted(node: string, event: string, fields: Readonly<Record<string, string | number>>): void {
    const told = Object.entries(fields).map(([name, value]) => `${name} ${value}`);
    this.mark({ kind: event, where: [node], text: [event, ...told].join(", ") });
  }

  observe(observation: Observation): void {
    if (this.#isOver) return;
    switch (observation.kind) {
      case "issue":
        return this.#issued(observation);
      case "stored":
      case "collected":
        return this.#touch(observation.node, observation.key, undefined);
      case "hinted":
        return this.#touch(observation.node, observation.key, observation.target);
      case "damaged": {
        const { node, key, text = "loses records" } = observation;
        this.mark({ kind: "damage", where: [node], keys: key === undefined ? [] : [key], text });
        return key === undefined ? this.#held.touchAll(this.#node(node)) : this.#touch(node, key, undefined);
      }
      case "crashed":
      case "stopped":
        this.mark({ kind: observation.kind, where: [observation.node], text: endOf(observation) });
        return this.#held.touchAll(this.#node(observation.node));
      case "restarted":
        this.mark({ kind: "start", where: [observation.node], text: "starts again" });
        return this.#held.touchAll(this.#node(observation.node));
      case "returned":
        return this.#returned(observation.operation);
      case "phase":
        return this.mark({ kind: "phase", where: [], text: phases[observation.phase] });
      case "acknowledged":
      case "dropped":
      case "served":
      case "coordinated":
      case "voted":
      case "answered":
      case "refused":
        return;
    }
  }

  /** The recording, when the run is over. @param replay what makes the same run again, in a shell */
  recorded(report: SeedReport, replay?: string): Recorded {
    this.#look();
    this.#isOver = true;
    const last = this.#step();
    const calls = [...this.#calls.values()];
    const numbers = new Map(calls.flatMap(({ operation: { op, number } }) => (op === undefined ? [] : [[op, number]])));
    const frames = this.#frames.all().map((frame) => numbered(frame, numbers));
    const operations = calls.map((call) => this.#operation(call));
    const states = this.#states.states(numbers);
    const recorded: Recorded = {
      about: { ...aboutOf(report), ...(replay !== undefined && { replay }) },
      momentsUs: this.#momentsUs,
      lanes: [...this.#lanes.keys()].map((name) => ({ name, kind: this.#isNode(name) ? "node" : "client" })),
      keys: [...this.#keys.keys()].map((name, place) => this.#key(name, place)),
      actors: this.#states.actors(),
      states,
      frames,
      changes: this.#held.changes,
      operations,
      spans: this.#spans.all(),
      marks: this.#marks,
      violations: violationsOf(report).map((violation) => this.#violation(violation, last)),
      leftOut: this.#leftOut(),
    };
    const { first } = this.#frames.leftOut;
    return first === 0 ? recorded : shortened(recorded, first);
  }

  #look(): void {
    if (this.#isOver) return;
    const { simulator, network, nodes } = this.#scene!;
    const step = (): Step => this.#step();
    const laneOf = (name: string): Lane | undefined => this.#lanes.get(name);
    this.#held.look(step);
    for (const node of nodes) this.#lookAtLinks(node);
    const paths = conditionsOfPaths(network.paths, simulator.nowMs, laneOf);
    this.#spans.look([...conditionsOfNodes(nodes, laneOf), ...paths], step);
    this.#isOver = simulator.isHalted;
  }

  #lookAtLinks({ id, links }: Recordable): void {
    const lane = this.#lanes.get(id)!;
    const [before, now] = [this.#peers.get(lane) ?? [], links.peers];
    this.#peers.set(lane, now);
    for (const peer of now)
      if (!before.includes(peer)) this.mark({ kind: "link", where: [id], text: `is linked to ${peer}` });
    for (const peer of before)
      if (!now.includes(peer)) this.mark({ kind: "link", where: [id], text: `loses its link to ${peer}` });
  }

  #touch(nodeId: string, name: string, targetId: string | undefined): void {
    const place = this.#placeOfName(name);
    const key = this.#keyBytes[place];
    if (key === undefined) return;
    const target = targetId === undefined ? undefined : { id: targetId, lane: this.#lanes.get(targetId)! };
    const node = this.#node(nodeId);
    this.#held.touch({ node, lane: this.#lanes.get(nodeId)!, key, keyName: name, keyPlace: place, target });
  }

  #issued({ node, dot, op }: Issue): void {
    this.#states.issued(dot.actor, node);
    if (op !== undefined) this.#issues.set(op, [...(this.#issues.get(op) ?? []), dot]);
  }

  #returned(operation: Operation): void {
    const call = this.#calls.get(operation);
    if (call !== undefined) call.returned = this.#step();
  }

  #step(): Step {
    const { simulator } = this.#scene!;
    const nowUs = Math.round(simulator.nowMs * 1000);
    if (this.#event !== simulator.eventCount || this.#momentsUs.at(-1) !== nowUs) this.#momentsUs.push(nowUs);
    this.#event = simulator.eventCount;
    return this.#momentsUs.length - 1;
  }

  #placeOfKey(key: Uint8Array): KeyPlace {
    const place = this.#placeOfName(formatKey(key));
    this.#keyBytes[place] ??= key;
    return place;
  }

  #placeOfName(name: string): KeyPlace {
    const place = this.#keys.get(name) ?? this.#keys.size;
    this.#keys.set(name, place);
    return place;
  }

  #node(id: string): Recordable {
    return this.#scene!.nodes.find((node) => node.id === id)!;
  }

  #isNode(name: string): boolean {
    return this.#scene!.nodes.some(({ id }) => id === name);
  }

  #key(name: string, place: KeyPlace): RecordedKey {
    const bytes = this.#keyBytes[place];
    const primaries = bytes === undefined ? [] : primariesOf(this.#scene!.nodes[0]!, bytes);
    return { name, primaries: primaries.map((node) => this.#lanes.get(node)!) };
  }

  #operation({ operation, called, returned }: NotedCall): RecordedOperation {
    const { number, client, kind, value, outcome, error, op, contextIn, siblings } = operation;
    return {
      number,
      client: this.#lanes.get(client)!,
      key: this.#placeOfName(operation.key),
      kind,
      called,
      outcome,
      ...(value !== undefined && { value: shorten(value) }),
      ...(returned !== undefined && { returned }),
      ...(error !== undefined && { error }),
      ...(kind === "get" && outcome === "ok" && siblings !== undefined && { siblings: siblings.map(shorten) }),
      ...(kind !== "get" && op !== undefined && { seen: this.#states.context(contextIn) }),
      asked: askedOf(operation),
      dots: (op === undefined ? [] : (this.#issues.get(op) ?? [])).map((dot) => this.#states.dot(dot)),
    };
  }

  /** A sentence names what it is about; the run ends with it, so its step is the last one of its moment. */
  #violation({ invariant, sentence, atMs }: Violation, last: Step): RecordedViolation {
    const found = this.#momentsUs.findLastIndex((momentUs) => momentUs <= Math.round(atMs * 1000));
    const namedIn = (names: Iterable<string>): number[] =>
      [...names].flatMap((name, place) => (isNamed(name, sentence) ? [place] : []));
    const [keys, lanes] = [namedIn(this.#keys.keys()), namedIn(this.#lanes.keys())];
    return { invariant, sentence, step: Math.min(found, last), keys, lanes };
  }

  #leftOut(): string[] {
    const { first, background } = this.#frames.leftOut;
    const { simulator } = this.#scene!;
    const sinceMs = ((this.#momentsUs[first] ?? simulator.nowMs) / 1000).toFixed(0);
    return [
      ...(first > 0 ? [`What happened before ${sinceMs} ms is left out: the run was too long to show all of it.`] : []),
      ...(background > 0
        ? [`The first ${background} frames of pings and of the comparison of trees are left out: there were too many.`]
        : []),
    ];
  }
}

const phases: Readonly<Record<"faultless" | "healed" | "converged", string>> = {
  faultless: "nothing strikes in this run",
  healed: "everything is healed: nothing strikes any more",
  converged: "all replicas are the same",
};

function endOf({ kind, isPowerCut }: Crashed): string {
  if (kind === "stopped") return "has stopped";
  return isPowerCut === true ? "loses power" : "crashes";
}

/** A crash ends a run as a violation does: it has a place in it too. */
function violationsOf({ violations, error, simulatedMs }: SeedReport): readonly Violation[] {
  if (error === undefined) return violations;
  return [...violations, { invariant: "crash", sentence: error.split("\n")[0]!, atMs: simulatedMs }];
}

function aboutOf(report: SeedReport): Recorded["about"] {
  const { seed, kind, hash, profile, simulatedMs, events, operations, error } = report;
  const about = { seed, kind, hash, profile, simulatedMs, events, operations };
  return error === undefined ? about : { ...about, error };
}

/** Its messages with the numbers of the operations that they are a part of. */
function numbered({ messages, ...frame }: NotedFrame, numbers: ReadonlyMap<OpId, number>): RecordedFrame {
  return {
    ...frame,
    messages: messages.map(({ op, ...message }) => {
      const operation = op === undefined ? undefined : numbers.get(op);
      return operation === undefined ? message : { ...message, operation };
    }),
  };
}

function askedOf({ kind, asked: { n, r, w, dw, isSloppy, readRepair } }: Operation): string {
  const counts = kind === "get" ? `n ${n}, r ${r}, read repair ${readRepair}` : `n ${n}, w ${w}, dw ${dw}`;
  return `${counts}, ${isSloppy ? "sloppy" : "primaries only"}`;
}

/** By itself, not as a part of a longer name. A dot or a dash behind it is mostly the sentence's own. */
function isNamed(name: string, sentence: string): boolean {
  for (let at = sentence.indexOf(name); at >= 0; at = sentence.indexOf(name, at + 1))
    if (!/[\w/.-]$/.test(sentence.slice(0, at)) && !/^[\w/]/.test(sentence.slice(at + name.length))) return true;
  return false;
}
