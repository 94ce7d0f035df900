/** What `strace -f -y -o FILE` has seen of a process, as calls that begin and end at a line of the log. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface SystemCall {
  readonly name: string;
  /** The number of its first argument, if that is a file. */
  readonly file: number;
  /** What the first argument is: a path, `socket:[…]`. */
  readonly path: string;
  /** Everything between the parentheses, as far as strace shows it. */
  readonly text: string;
  readonly result: number;
  /** Lines of the log: calls of several threads overlap. */
  readonly beginsAt: number;
  readonly endsAt: number;
}

const traced = "openat,read,write,writev,sendto,sendmsg,pwrite64,pwritev,pwritev2,fdatasync,fsync";

/** The command that traces what comes behind it. @throws Error if there is no strace on this machine */
export function straceInto(log: string): readonly string[] {
  checkStrace();
  return ["strace", "-f", "-y", "-s", "16384", "-e", `trace=${traced}`, "-o", log];
}

/** The command that makes every write of what comes behind it to that file fail, from one on. @throws Error if there is no strace on this machine */
export function straceFailingWrites(path: string, from: number): readonly string[] {
  checkStrace();
  // Strace counts by thread: with one, "the twentieth" is what it says.
  const oneThread = ["-E", "UV_THREADPOOL_SIZE=1"];
  const how = ["-P", path, "-e", "trace=pwrite64", "-e", `inject=pwrite64:error=EIO:when=${from}+`];
  return ["strace", "-f", ...oneThread, ...how, "-o", "/dev/null"];
}

function checkStrace(): void {
  if (spawnSync("strace", ["-V"]).error !== undefined)
    throw new Error("strace is not installed, and without it nothing can be seen of the disk: apt-get install strace");
}

/** Only when the traced process has ended the log is complete. */
export function readLog(log: string): readonly SystemCall[] {
  const calls: SystemCall[] = [];
  const unfinished = new Map<string, { readonly text: string; readonly beginsAt: number }>();
  for (const [at, line] of readFileSync(log, "latin1").split("\n").entries()) {
    const [, thread, rest] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (thread === undefined || rest === undefined) continue;
    if (rest.endsWith(" <unfinished ...>")) {
      unfinished.set(thread, { text: rest.slice(0, -" <unfinished ...>".length), beginsAt: at });
      continue;
    }
    const begun = rest.startsWith("<... ") ? unfinished.get(thread) : { text: "", beginsAt: at };
    const call = begun && parse(begun.text + rest.replace(/^<\.\.\. \w+ resumed>/, ""), begun.beginsAt, at);
    if (call !== undefined) calls.push(call);
  }
  return calls;
}

function parse(text: string, beginsAt: number, endsAt: number): SystemCall | undefined {
  const [, name, args, result] = /^(\w+)\((.*)\) += (-?\d+)/.exec(text) ?? [];
  if (name === undefined || args === undefined) return undefined;
  const [, file, path] = /^(\d+)<([^>]*)>/.exec(args) ?? [];
  return { name, file: Number(file), path: path ?? "", text: args, result: Number(result), beginsAt, endsAt };
}
