/** Why a story failed, as its reader wants to see it: what did not hold first, then what happened last. */
import type { SeedReport } from "./report.ts";

/** Lines, and violations, that a failure shows. */
const shownMax = 40;
const violationsMax = 5;
/** What is said all the time, whatever the story is about. */
const chatter = /gets from [^:]+: (Ping|PingReply|TreeRoots|TreeRootsReply|Status)\b/;
const here = foldersOf(new Error().stack ?? "")[0];

/** Ends a story where it waits, because its run is over. */
export class RunOver extends Error {}

/** The last lines of a run. */
export class LastLines {
  #count = 0;
  readonly #lines: string[] = [];

  add(line: string): void {
    this.#count++;
    if (chatter.test(line)) return;
    this.#lines.push(line);
    if (this.#lines.length > shownMax) this.#lines.shift();
  }

  toString(): string {
    return [`the last of ${this.#count} lines (\`trace\` of the setting is given all of them):`, ...this.#lines].join(
      "\n",
    );
  }
}

/**
 * @param thrown by the story itself
 * @returns that very error, if nothing else was wrong: its stack leads to the line of the story
 */
export function failureOf(report: SeedReport, thrown: unknown, lines: LastLines): Error {
  const happened = `\n\nseed ${report.seed}, ${lines.toString()}`;
  if (report.violations.length === 0 && thrown instanceof Error) return withMore(thrown, happened);
  const sentences = report.violations.map(({ invariant, sentence }) => `${invariant}: ${sentence}`);
  const others = sentences.splice(violationsMax).length;
  if (others > 0) sentences.push(`and ${others} more`);
  const crash = thrown instanceof Error ? `besides, ${thrown.message}` : report.error;
  return new Error([...sentences, ...(crash === undefined ? [] : [crash])].join("\n") + happened);
}

/** The frames of the simulator are left out: the first one that is left is the line of the story. */
function withMore(error: Error, more: string): Error {
  const { message, stack = "" } = error;
  error.message = message + more;
  const frames = stack.split("\n").filter((line) => line.startsWith("    at ") && foldersOf(line)[0] !== here);
  error.stack = [`${error.name}: ${error.message}`, ...frames].join("\n");
  return error;
}

/** The folders of the files in a stack, in order. */
function foldersOf(stack: string): string[] {
  return [...stack.matchAll(/(?:\(|at )((?:file:\/\/)?\/?[^\s()]*\/)[^/\s]+:\d+:\d+/g)].map(([, folder]) => folder!);
}
