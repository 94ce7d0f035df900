/** A recorded run as people read it. */
import type {
  Lane,
  Recorded,
  RecordedContext,
  RecordedDot,
  RecordedFrame,
  RecordedMessage,
  RecordedOperation,
  RecordedSibling,
  StatePlace,
} from "../recorded.ts";
import type { Happening } from "./recorded-run.ts";
import type { Spell } from "./spells.ts";

export class Words {
  readonly #recorded: Recorded;

  constructor(recorded: Recorded) {
    this.#recorded = recorded;
  }

  /** Milliseconds, as in `1 234.567`. */
  time(step: number): string {
    return formatMs((this.#recorded.momentsUs[step] ?? 0) / 1000);
  }

  lane(lane: Lane): string {
    return this.#recorded.lanes[lane]?.name ?? "?";
  }

  key(key: number): string {
    return this.#recorded.keys[key]?.name ?? "?";
  }

  dot({ actor, counter }: RecordedDot): string {
    return `${this.#recorded.actors[actor]?.name ?? "?"}:${counter}`;
  }

  /** As nodes name it. */
  longDot({ actor, counter }: RecordedDot): string {
    return `${this.#recorded.actors[actor]?.actor ?? "?"}:${counter}`;
  }

  /** Per actor how far it has been seen, as in `n1a ≤ 4, n2a ≤ 7 and 9`. */
  context(context: RecordedContext): string {
    if (context.length === 0) return "nothing";
    return context
      .map(({ actor, base, cloud }) => {
        const name = this.#recorded.actors[actor]?.name ?? "?";
        const beyond = cloud.join(", ");
        if (base === 0) return `${name} ${beyond}`;
        return cloud.length === 0 ? `${name} ≤ ${base}` : `${name} ≤ ${base} and ${beyond}`;
      })
      .join(" · ");
  }

  /** What is alive, as in `{c1#5, c2#3}`. */
  state(place: StatePlace | undefined): string {
    if (place === undefined) return "nothing";
    if (place === "bad") return "a bad record";
    const { siblings } = this.#recorded.states[place]!;
    return `{${siblings.map((sibling) => this.sibling(sibling)).join(", ")}}`;
  }

  sibling({ value }: Pick<RecordedSibling, "value">): string {
    return value === undefined ? "†" : value === "" ? "(empty)" : value;
  }

  /** A sentence with the short names of actors in the place of the long ones. */
  sentence(text: string): string {
    const names = new Map(this.#recorded.actors.map(({ name, actor }) => [actor, name]));
    return text.replaceAll(/\b[0-9a-f]{8}\.\d+/g, (actor) => names.get(actor) ?? actor);
  }

  /** In few words, for the picture. @param isKeyKnown whether the reader sees only one key anyway */
  messageInShort(message: RecordedMessage, isKeyKnown: boolean): string {
    const { kind, keys = [], state, text = "" } = message;
    const key = isKeyKnown || keys.length !== 1 ? "" : ` ${this.key(keys[0]!)}`;
    switch (kind) {
      case "Put":
        return `Put${key} ${text.split(",")[0]!}`;
      case "Failure":
        return `Failure${key} ${text.split(",")[0]!}`;
      case "GetReply":
        return `GetReply${key} ${this.state(state)}`;
      case "ReplicaPut":
        return `ReplicaPut${key} ${this.state(state)}${text === "" ? "" : ` ${text.replace("as a hint", "hint")}`}`;
      case "ReplicaGetReply":
        return `ReplicaGetReply${key} ${state === undefined ? text : this.state(state)}`;
      case "ReplicaPutReply":
        return `ReplicaPutReply${key} ${text}`;
      default:
        return `${kind}${key}`;
    }
  }

  message(message: RecordedMessage): string {
    const { kind, id, keys = [], state, operation, text } = message;
    const shown = keys.slice(0, 3).map((key) => this.key(key));
    return [
      kind,
      ...(id === undefined ? [] : [formatId(id)]),
      ...(shown.length === 0 ? [] : [shown.join(", ") + (keys.length > 3 ? ` and ${keys.length - 3} more` : "")]),
      ...(state === undefined ? [] : [this.stateInFull(state)]),
      ...(text === undefined ? [] : [this.sentence(text)]),
      ...(operation === undefined ? [] : [`(operation ${operation})`]),
    ].join(" ");
  }

  stateInFull(place: StatePlace | undefined): string {
    if (place === undefined || place === "bad") return this.state(place);
    const { siblings, context } = this.#recorded.states[place]!;
    const live = siblings.map((sibling) => `${this.sibling(sibling)} ${this.dot(sibling)}`);
    return `{${live.join(", ")}} having seen ${this.context(context)}`;
  }

  operation({ kind, number, key, value }: RecordedOperation, isKeyKnown: boolean): string {
    const what = isKeyKnown ? "" : ` ${this.key(key)}`;
    return `${kind} ${number}${what}${value === undefined ? "" : ` ${value === "" ? "(empty)" : value}`}`;
  }

  outcome({ outcome, error, siblings }: RecordedOperation): string {
    if (outcome === "pending") return "never returned";
    if (outcome === "ok")
      return siblings === undefined ? "ok" : siblings.length === 0 ? "nothing" : siblings.join(", ");
    return `${outcome === "none" ? "refused" : "unknown"}: ${error ?? ""}`;
  }

  path({ from, to }: Pick<RecordedFrame, "from" | "to">): string {
    return `${this.lane(from)} → ${this.lane(to)}`;
  }

  /** One that is sent, and what becomes of it. */
  frame(frame: RecordedFrame): string {
    const fate =
      frame.lost === undefined
        ? frame.ended === undefined
          ? "still under way"
          : `arrives at ${this.time(frame.ended)} ms`
        : `lost: ${frame.lost}`;
    const said = frame.messages.map((message) => this.message(message)).join("; ");
    return `${this.path(frame)}, ${this.time(frame.sent)} ms, ${fate}: ${said}`;
  }

  /** What lasts for a while, as in `n1, c3 cut off from all others`. */
  spell({ kind, lanes, others, isBothWays, isInward, text }: Spell): string {
    const hit = this.#lanes(lanes);
    if (others.length === 0) return `${hit}: ${text}`;
    const areAll = lanes.length + others.length === this.#recorded.lanes.length && others.length > 1;
    const rest = areAll ? "all others" : this.#lanes(others);
    const [verb, mutual] = pathVerbs[kind] ?? [`${kind} toward`, `${kind} with`];
    if (isBothWays) return `${hit} ${mutual} ${rest}`;
    return isInward ? `${rest} ${verb} ${hit}` : `${hit} ${verb} ${rest}`;
  }

  /** One line for each thing that happened. */
  happening(happening: Happening): string {
    switch (happening.what) {
      case "sent":
      case "arrived":
      case "lost":
        return this.#frame(happening.what, happening.frame);
      case "called":
        return `${this.lane(happening.operation.client)} calls ${this.operation(happening.operation, false)}`;
      case "returned": {
        const { operation } = happening;
        const call = `${operation.kind} ${operation.number} ${this.key(operation.key)}`;
        return `${this.lane(operation.client)} is told of ${call}: ${this.outcome(operation)}`;
      }
      case "changed":
      case "synced":
        return this.#change(happening);
      case "begins":
      case "ends":
        return `${this.spell(happening.spell)}${happening.what === "ends" ? ": over" : ""}`;
      case "mark": {
        const { lanes, text } = happening.mark;
        return `${lanes.map((lane) => this.lane(lane)).join(", ")} ${this.sentence(text)}`.trim();
      }
      case "violation":
        return `${happening.violation.invariant}: ${this.sentence(happening.violation.sentence)}`;
    }
  }

  #lanes(lanes: readonly Lane[]): string {
    return lanes.map((lane) => this.lane(lane)).join(", ");
  }

  #frame(what: "sent" | "arrived" | "lost", frame: RecordedFrame): string {
    const said = frame.messages.map((message) => this.message(message)).join("; ");
    const [from, to] = [this.lane(frame.from), this.lane(frame.to)];
    if (what === "arrived") return `${to} gets from ${from}: ${said}`;
    if (what === "lost") return `lost before ${to} (${frame.lost}), from ${from}: ${said}`;
    const isLostAtOnce = frame.lost !== undefined && frame.ended === undefined;
    return `${from} sends to ${to}${isLostAtOnce ? ` in vain (${frame.lost})` : ""}: ${said}`;
  }

  #change({ what, change }: Happening & { readonly what: "changed" | "synced" }): string {
    const { node, key, target, state } = change;
    const name = `${this.key(key)}${target === undefined ? "" : `, as a hint for ${this.lane(target)}`}`;
    if (what === "synced") return `${this.lane(node)} has on disk of ${name}: ${this.state(state)}`;
    if (state === undefined) return `${this.lane(node)} holds nothing any more of ${name}`;
    return `${this.lane(node)} now holds of ${name}: ${this.stateInFull(state)}`;
  }
}

/** Nodes number their requests from somewhere far up: the last digits tell them apart. */
function formatId(id: number): string {
  return id < 1e6 ? `#${id}` : `#…${`${id}`.slice(-4)}`;
}

/** Of a path that leads from here to there; and of paths both ways. */
const pathVerbs: Readonly<Record<string, readonly [toward: string, mutual: string]>> = {
  blocked: ["cannot reach", "cut off from"],
  clogged: ["slow to reach", "slow to and from"],
  lossy: ["loses much to", "loses much to and from"],
};

export function formatMs(ms: number): string {
  const [whole = "0", part = ""] = ms.toFixed(3).split(".");
  return `${whole.replaceAll(/\B(?=(\d{3})+$)/g, "\u202f")}.${part}`;
}
