/** What is shown of a run: of which keys, on which lanes, which kinds of messages. */
import { isBackground } from "../background.ts";
import type { KeyPlace, Lane, RecordedFrame, RecordedMessage } from "../recorded.ts";
import type { Happening, RecordedRun } from "./recorded-run.ts";

export interface Filter {
  /** The one that the reader follows. */
  readonly key: KeyPlace | undefined;
  /** Whether everything about other keys is hidden. */
  readonly isOnlyKey: boolean;
  readonly hiddenLanes: ReadonlySet<Lane>;
  /** Of messages, and of marks. */
  readonly hiddenKinds: ReadonlySet<string>;
}

export const groups = ["requests", "replicas", "background"] as const;
export type Group = (typeof groups)[number];

const requests: ReadonlySet<string> = new Set(["Get", "Put", "Delete", "GetReply", "PutReply", "Failure"]);
/** Messages, and what nodes note of each other. */
const sideTalk = /^(Hello|Welcome|Status|StatusReply|link|member .*|refutes)$/;

export function groupOf(kind: string): Group {
  if (requests.has(kind)) return "requests";
  return sideTalk.test(kind) || isBackground({ kind }) ? "background" : "replicas";
}

/** Of messages, grouped; and of the remarks that belong to the background. */
export function kindsIn({ recorded }: RecordedRun): ReadonlyMap<Group, readonly string[]> {
  const kinds = new Set(recorded.frames.flatMap(({ messages }) => messages.map(({ kind }) => kind)));
  for (const { kind } of recorded.marks) if (groupOf(kind) === "background") kinds.add(kind);
  return new Map(groups.map((group) => [group, [...kinds].filter((kind) => groupOf(kind) === group).sort()]));
}

/** What of a frame is shown; nothing: the frame is not. */
export function messagesShown({ messages, from, to }: RecordedFrame, filter: Filter): readonly RecordedMessage[] {
  if (filter.hiddenLanes.has(from) || filter.hiddenLanes.has(to)) return [];
  return messages.filter(({ kind, keys }) => !filter.hiddenKinds.has(kind) && isOfKey(keys, filter));
}

export function isShown(happening: Happening, filter: Filter): boolean {
  const isLaneShown = (lane: Lane): boolean => !filter.hiddenLanes.has(lane);
  switch (happening.what) {
    case "sent":
    case "arrived":
    case "lost":
      return messagesShown(happening.frame, filter).length > 0;
    case "called":
    case "returned":
      return isLaneShown(happening.operation.client) && isOfKey([happening.operation.key], filter);
    case "changed":
      return isLaneShown(happening.change.node) && isOfKey([happening.change.key], filter);
    case "synced":
      return filter.isOnlyKey && isLaneShown(happening.change.node) && isOfKey([happening.change.key], filter);
    case "begins":
    case "ends":
      return happening.spell.lanes.some(isLaneShown);
    case "mark": {
      const { kind, lanes, keys } = happening.mark;
      const isAbout = lanes.length === 0 || lanes.some(isLaneShown);
      return isAbout && !filter.hiddenKinds.has(kind) && (keys.length === 0 || isOfKey(keys, filter));
    }
    case "violation":
      return true;
  }
}

/** Clients that have nothing to do with the only key are left out. */
export function lanesShown(run: RecordedRun, filter: Filter): Lane[] {
  const busy = new Set(run.recorded.operations.filter(({ key }) => key === filter.key).map(({ client }) => client));
  const isIdle = (lane: Lane): boolean => filter.isOnlyKey && !run.nodes.includes(lane) && !busy.has(lane);
  return run.lanes.filter((lane) => !filter.hiddenLanes.has(lane) && !isIdle(lane));
}

/** Messages that name no key are about none: they are shown where nobody asks for one. */
function isOfKey(keys: readonly KeyPlace[] | undefined, { key, isOnlyKey }: Filter): boolean {
  return !isOnlyKey || key === undefined || (keys ?? []).includes(key);
}
