/** Stories that nodes fail which are broken on purpose: a story that nobody fails proves nothing. */
import { expect } from "vitest";
import type { Effect } from "../../../node/effects.ts";
import { scenario, type Scenario, type Setting } from "../../../sim/index.ts";
import { makeActor, type Actor } from "../../../src/dot.ts";
import { dotsOf, contextOf, type CausalContext } from "../../../src/causal-context.ts";
import { hashKey } from "../../../src/key.ts";
import type { RequestOptions } from "../../../src/options.ts";
import type { Sibling, StoredObject } from "../../../src/object.ts";
import { decodeRecord, encodeRecord } from "../../../src/record.ts";
import type { CreateMachine } from "../../../sim/world.ts";
import { deluded, tampered } from "../mutant.ts";
import { mutations } from "../mutations.ts";

export type Story = (s: Scenario) => Promise<void>;

/** @param why what the failure says first: an invariant, or what the story found */
export async function fails(setting: Setting, story: Story, createMachine: CreateMachine, why: RegExp): Promise<void> {
  await expect(scenario({ ...setting, createMachine }, story)).rejects.toThrow(why);
}

/** One of those that drawn runs must catch. */
export function mutant(name: string): CreateMachine {
  const found = mutations.find((mutation) => mutation.name === name);
  if (found === undefined) throw new Error(`no mutation is called ${name}`);
  return found.createMachine;
}

/** It has one actor for each key, however often it has lost it: as if there were no epochs. */
export const knowsNoEpochs: CreateMachine = rewriting(({ siblings, spent, context }) => {
  const first = (actor: Actor): Actor => makeActor(actor.slice(0, 8), 1);
  const once = <Dot extends { actor: Actor; counter: number }>(dot: Dot): Dot => ({ ...dot, actor: first(dot.actor) });
  return {
    siblings: siblings.map((sibling) => ({ ...sibling, dot: once(sibling.dot) })),
    spent: spent.map((sibling) => ({ ...sibling, dot: once(sibling.dot) })),
    context: contextOf([...dotsOf(context)].map(once)),
  };
});

const actorsKept = 20;

/** A context that has grown long loses its oldest actors. */
export const prunesContexts: CreateMachine = rewriting(({ siblings, spent, context }) => {
  const kept: CausalContext = context.slice(-actorsKept);
  const known = new Set(kept.map(({ actor }) => actor));
  const isKept = ({ dot }: Sibling): boolean => known.has(dot.actor);
  return { siblings: siblings.filter(isKept), spent: spent.filter(isKept), context: kept };
});

/** What others have missed it forgets at once. */
export const keepsNoHints: CreateMachine = tampered((effects) =>
  effects.map((effect) =>
    effect.kind === "persist" ? { ...effect, writes: effect.writes.filter(({ table }) => table !== "hints") } : effect,
  ),
);

/** Whatever it is asked for, it answers first and repairs later. */
export const mendsLater: CreateMachine = mishearing({ readRepair: "async" });

/** Whoever answers is good enough. */
export const asksNoPrimaries: CreateMachine = mishearing({ pr: 0, pw: 0 });

/** What it says of its trees is not what its records say, and always the same. */
export const hasLyingTrees: CreateMachine = tampered((effects) =>
  effects.map((effect) => {
    if (effect.kind !== "send") return effect;
    const { message } = effect;
    if (message.kind === "TreeRoots" || message.kind === "TreeNodesReply")
      return { ...effect, message: { ...message, digests: message.digests.map(turned) } };
    if (message.kind !== "TreeKeysReply") return effect;
    const states = message.states.map((state) => ({ ...state, digest: state.digest.map(turned) }));
    return { ...effect, message: { ...message, states } };
  }),
);

/** It takes a client's request to choose this. */
function mishearing(options: RequestOptions): CreateMachine {
  return deluded(
    (store) => store,
    (input) => {
      if (input.kind !== "client") return input;
      const { message } = input;
      if (message.kind !== "Get" && message.kind !== "Put") return input;
      return { ...input, message: { ...message, options: { ...message.options, ...options } } };
    },
  );
}

function turned(byte: number): number {
  return byte ^ 0xff;
}

/** Every record that it stores or sends is another one. */
function rewriting(rewrite: (object: StoredObject) => StoredObject): CreateMachine {
  const rewritten = (record: Uint8Array, key: Uint8Array): Uint8Array =>
    encodeRecord(hashKey(key), rewrite(decodeRecord(record)));
  const changed = (effect: Effect): Effect => {
    if (effect.kind === "send" && effect.message.kind === "ReplicaPut") {
      const { message } = effect;
      return { ...effect, message: { ...message, record: rewritten(message.record, message.key) } };
    }
    if (effect.kind !== "persist") return effect;
    const writes = effect.writes.map((write) =>
      write.table === "objects" && write.value !== undefined
        ? { ...write, value: rewritten(write.value, write.key.subarray(2)) }
        : write,
    );
    return { ...effect, writes, then: effect.then.map(changed) };
  };
  return tampered((effects) => effects.map(changed));
}
