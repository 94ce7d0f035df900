/** How the command says what went wrong: a sentence and a code for people, one object for programs, an exit code for scripts. */
import { CommanderError } from "commander";
import { CoterieError, type ErrorDetails, type Outcome } from "../../../src/errors.ts";

export const exitCodes = { done: 0, failed: 1, usage: 2 } as const;

interface Told {
  readonly code: string;
  readonly outcome: Outcome;
  readonly retryable: boolean;
  readonly message: string;
  readonly details: ErrorDetails;
}

/** @returns the exit code */
export function tellFailure(error: unknown, argv: readonly string[]): number {
  if (error instanceof CommanderError) return tellUsage(error, argv);
  const told = describe(error);
  if (wantsJson(argv)) process.stdout.write(`${JSON.stringify({ error: told })}\n`);
  else process.stderr.write(sentence(told));
  return told.code === "INVALID_ARGUMENT" ? exitCodes.usage : exitCodes.failed;
}

/** Also when the command line cannot be parsed: a program that asked for JSON must not have to read prose. */
export function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end < 0 ? undefined : end).includes("--json");
}

/** Commander has written its own sentence by now, and help and version are no failures. */
function tellUsage({ code, message, exitCode }: CommanderError, argv: readonly string[]): number {
  if (exitCode === 0) return exitCodes.done;
  if (wantsJson(argv) && code !== "commander.help") {
    const told: Told = {
      code: "INVALID_ARGUMENT",
      outcome: "none",
      retryable: false,
      message: message.replace(/^error: /, ""),
      details: {},
    };
    process.stdout.write(`${JSON.stringify({ error: told })}\n`);
  }
  return exitCodes.usage;
}

function describe(error: unknown): Told {
  if (error instanceof CoterieError) {
    const { code, outcome, retryable, message, details } = error;
    return { code, outcome, retryable, message, details };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: "INTERNAL", outcome: "unknown", retryable: false, message: `this is a bug: ${message}`, details: {} };
}

function sentence({ code, outcome, message }: Told): string {
  const doubt =
    outcome === "unknown" ? "It may have happened all the same: read the key before you write it again.\n" : "";
  return `coterie: ${message.replace(/\.$/, "")} (${code})\n${doubt}`;
}
