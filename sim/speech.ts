/** What a node says and does in the effects of one step. */
import type { Answer, PeerMessage } from "../src/messages.ts";
import type { Effect } from "../node/effects.ts";
import type { Write } from "../node/store.ts";

export interface Reply {
  readonly effect: Effect;
  readonly message: PeerMessage;
}

/** Everything that the effects will say to nodes, this one among them, at once or after a batch. */
export function repliesIn(effects: readonly Effect[], replies: Reply[] = []): Reply[] {
  for (const effect of effects) {
    if (effect.kind === "persist") repliesIn(effect.then, replies);
    const message = messageOf(effect);
    if (message !== undefined) replies.push({ effect, message });
  }
  return replies;
}

export function messageOf(effect: Effect): PeerMessage | undefined {
  if (effect.kind === "send") return effect.message;
  return effect.kind === "deliver" && effect.input.kind === "peer" ? effect.input.message : undefined;
}

export function isReplicaRequest({ message }: Reply): boolean {
  return message.kind === "ReplicaPut" || message.kind === "ReplicaGet";
}

export function isRequest(message: PeerMessage): boolean {
  return message.kind === "Get" || message.kind === "Put";
}

/** These bear the number that the asker gave; other messages to a node have ids of their own, which may be the same. */
export function isAnswer(message: PeerMessage): message is Exclude<Answer, { kind: "StatusReply" }> {
  return message.kind === "GetReply" || message.kind === "PutReply" || message.kind === "Failure";
}

/** A batch for an object or a hint, or the barrier for one that is there already. */
export function isObjectBatch(effect: Effect): boolean {
  return (
    effect.kind === "persist" &&
    (effect.writes.length === 0 || effect.writes.some((write) => isObject(write) || isHint(write)))
  );
}

export function isObject(write: Write): boolean {
  return write.table === "objects";
}

export function isHint(write: Write): boolean {
  return write.table === "hints";
}
