/**
 * What a story gets wrong about its cluster, each as a sentence: a name that nobody has, a request to somebody who cannot take one, a
 * fault that would do nothing. Passed over in silence, it would be a story that proves nothing.
 */
import type { NodeId } from "../src/ring.ts";
import { struckBy, type Fault } from "./fault.ts";
import type { NodeProcess } from "./node-process.ts";
import { storyClockMsMax } from "./setting.ts";
import { keyNamed, storeKeyOf } from "./place.ts";

export interface Cast {
  readonly nodes: readonly NodeProcess[];
  readonly clients: readonly string[];
}

/** @throws Error if the story has no such node */
export function nodeIn({ nodes }: Cast, name: NodeId): NodeProcess {
  const node = nodes.find(({ id }) => id === name);
  if (node === undefined)
    throw new Error(`there is no node ${name}; there are ${nodes.map(({ id }) => id).join(", ")}`);
  return node;
}

/** @throws Error if the key is not written as `bucket/key` */
export function checkKeyName(key: string): void {
  if (key.indexOf("/") < 1) throw new Error(`${JSON.stringify(key)} names no key: a key is written bucket/key`);
}

/** @throws Error if the node would not hear a request */
export function checkServes(node: NodeProcess): void {
  if (node.phase === "serving" || node.phase === "stopping") return;
  const hint = node.phase === "starting" ? `: wait for it, \`await s.serving("${node.id}")\`` : "";
  throw new Error(`${node.id} is ${node.phase} and takes no requests${hint}`);
}

/** @throws Error if a fault strikes somebody whom there is not, or is more than a run can wait for */
export function checkFault(cast: Cast, fault: Fault): void {
  if (fault.kind === "setClock" && Math.abs(fault.offsetMs) > storyClockMsMax)
    throw new Error(`a story sets a clock off by ${storyClockMsMax} ms at most, not ${fault.offsetMs}`);
  if ("node" in fault) nodeIn(cast, fault.node);
  if ("key" in fault) checkKeyName(fault.key);
  const names = [...cast.nodes.map(({ id }) => id), ...cast.clients];
  const stranger = struckBy(fault).find((name) => !names.includes(name));
  if (stranger !== undefined) throw new Error(`there is no ${stranger}; there are ${names.join(", ")}`);
}

/** @throws Error if a fault would do nothing at this moment */
export function checkStrikes(cast: Cast, fault: Fault): void {
  if (!("node" in fault)) return;
  const node = nodeIn(cast, fault.node);
  const problem = "key" in fault ? recordProblem(node, fault.key) : phaseProblem(node, fault.kind);
  if (problem !== undefined) throw new Error(`${fault.kind} does nothing: ${problem}`);
}

function phaseProblem(node: NodeProcess, kind: Fault["kind"]): string | undefined {
  const { id, phase, isPaused } = node;
  if (kind === "start") return phase === "down" ? undefined : `${id} is not down, but ${phase}`;
  if (kind === "stop") return phase === "serving" ? undefined : `${id} is ${phase}`;
  if (kind === "resume") return isPaused ? undefined : `${id} is not paused`;
  if (kind === "crash" || kind === "cutPower" || kind === "pause")
    return phase === "down" ? `${id} is down` : undefined;
  return undefined;
}

function recordProblem(node: NodeProcess, key: string): string | undefined {
  if (node.phase === "down") return `${node.id} is down, and nobody has its disk open`;
  if (node.seen("objects", storeKeyOf(node, keyNamed(key))) === undefined) return `${node.id} has no record of ${key}`;
  return node.mayRot ? undefined : `${node.id} is paused, or waits for its disk: let time pass first`;
}
