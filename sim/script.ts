/** What was decided in a run, moment by moment: the faults that struck, and the calls that clients made. It can be played again. */
import { formatCall, type Call, type Told, type Workload } from "./call.ts";
import { formatFault, type TimedFault } from "./fault.ts";

export interface ScriptedCall {
  readonly atMs: number;
  readonly call: Call;
  /** It was not made; the client was told that it was refused. */
  readonly isLeftOut: boolean;
  /** What came of it, and when; `undefined` while it is under way. */
  readonly told?: Told | undefined;
  readonly toldAtMs?: number | undefined;
}

export interface Script {
  readonly faults: readonly TimedFault[];
  /** By client, every call in order. */
  readonly calls: ReadonlyMap<string, readonly ScriptedCall[]>;
}

/** How many decisions there are. */
export function lengthOf({ faults, calls }: Script): number {
  return faults.length + callsMade(calls).length;
}

/** In order of time, one line each, as the language of scenarios has it (scenario.ts). */
export function formatScript({ faults, calls }: Script): string[] {
  const lines = [
    ...faults.map(({ atMs, fault }) => ({ atMs, line: formatFault(fault) })),
    ...callsMade(calls).map(({ atMs, client, call }) => ({ atMs, line: `call("${client}", ${formatCall(call)})` })),
  ];
  return lines.sort((a, b) => a.atMs - b.atMs).map(({ atMs, line }) => `s.at(${atMs}).${line};`);
}

/** Whatever is in the list when its turn comes. */
export function* callsOf(calls: readonly ScriptedCall[]): Workload {
  for (let at = 0; at < calls.length; at++) yield calls[at]!.call;
}

/** Those that were not left out. */
export function callsMade(calls: Script["calls"]): (ScriptedCall & { readonly client: string })[] {
  return [...calls].flatMap(([client, slots]) =>
    slots.filter(({ isLeftOut }) => !isLeftOut).map((slot) => ({ ...slot, client })),
  );
}
