/** What was measured, where and when, in a few facts. */
import { showBytes, showCount, showDuration } from "./amounts.ts";
import type { Machine, Plan, Results } from "./results.ts";

/** `21 November 2026, 13:27 UTC · took 4 min 10 s` */
export function showMoment({ startedAt, tookMs }: Results): string {
  const moment = new Date(startedAt);
  const isKnown = !Number.isNaN(moment.getTime());
  const shown = moment.toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" });
  return `${isKnown ? `${shown.replace(" at ", ", ")} UTC` : startedAt} · took ${showDuration(tookMs)}`;
}

export function showMachine({ processor, cores, memoryBytes, system, node, coterie }: Machine): string {
  const parts = [processor, counted(cores, "core"), `${showBytes(memoryBytes)} of memory`, system];
  return [...parts, `Node ${node.replace(/^v/, "")}`, `Coterie ${coterie}`].join(" · ");
}

export function showPlan({ clients, records, valueBytes, rounds, durationMs, injected }: Plan): string {
  return [
    counted(clients, "client process", "client processes"),
    `${showCount(records)} records of ${showCount(valueBytes)} bytes`,
    `${counted(rounds, "round")} of ${showDuration(durationMs)} each`,
    injected === undefined ? "links as they are" : `links delayed by ${injected}`,
  ].join(" · ");
}

function counted(count: number, one: string, several = `${one}s`): string {
  return `${showCount(count)} ${count === 1 ? one : several}`;
}
