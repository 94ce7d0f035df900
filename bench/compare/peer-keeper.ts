/**
 * Keeps programs that are not ours for exactly as long as the process that started this one lives: they know nothing of a parent,
 * and would go on for ever when it is killed. Started by peer-processes.ts as `node peer-keeper.js DIRECTORY`.
 *
 *   { commands } ─▶ { pids }, and { ended } when one of them ends by itself
 *   the channel closes ─▶ kills them, removes DIRECTORY, ends
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

const lastWordsMax = 2_000;
const directory = process.argv[2]!;
let children: readonly ChildProcess[] = [];

process.once("message", ({ commands }: { readonly commands: readonly Command[] }) => {
  children = commands.map(start);
  process.send!({ pids: children.flatMap(({ pid }) => pid ?? []) });
});

// Ctrl-C, the end of a terminal and `timeout` reach the whole group: the parent ends us, or its end does.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
process.on("disconnect", () => {
  void Promise.all(children.map(end)).then(() => {
    rmSync(directory, { recursive: true, force: true });
    process.exit(0);
  });
});

/** In a session of its own, because Ctrl-C would reach it too. */
function start({ program, args }: Command): ChildProcess {
  const child = spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let lastWords = "";
  const hear = (text: unknown): void => {
    lastWords = (lastWords + String(text)).slice(-lastWordsMax);
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  child.once("error", (error) => tell(`${program} could not be started: ${error.message}`));
  child.once("close", (code, signal) => tell(`${program} ended with ${signal ?? `exit code ${code}`}: ${lastWords}`));
  return child;
}

/** Data can be removed when nobody writes any more. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

/** To a parent that may have gone since. */
function tell(ended: string): void {
  if (process.connected) process.send!({ ended }, () => undefined);
}
