#!/usr/bin/env node
/**
 * The command `coterie`. Each command is a file of its own that loads what it needs when it runs: `coterie get` must not wait
 * for a store or a simulator.
 */
import { Command } from "commander";
import { addBench } from "./bench.ts";
import { addCheckResolver } from "./check-resolver.ts";
import { addCluster } from "./cluster.ts";
import { addConflicts } from "./conflicts.ts";
import { addDelete } from "./delete.ts";
import { tellFailure, wantsJson } from "./failure.ts";
import { addGet } from "./get.ts";
import { addNode } from "./node.ts";
import { addPbs } from "./pbs.ts";
import { addPut } from "./put.ts";
import { addSim } from "./sim.ts";
import { addStatus } from "./status.ts";
import { version } from "./version.ts";

const help = `
Exit codes: 0 done, 1 failed (or: nothing under the key, a node is down), 2 the
command line or configuration is wrong. With --json an error is an object on
standard output: {"error": {code, outcome, retryable, message, details}}.
Outcome "none" means that it certainly did not happen, "unknown" that it may
have.

Environment: COTERIE_URL (nodes to begin with), COTERIE_TOKEN (client token, if
the cluster asks for one).

Examples:
  coterie cluster                                  three nodes on this machine
  coterie put cart:alice '{"items":["tea"]}'
  coterie get cart:alice --r all --details
  coterie status
  coterie sim                                      the store under drawn faults, deterministic
  coterie sim --seed 7 --trace run.html            a page that shows what happened
  coterie check-resolver cart.ts                   whether a merge keeps the laws
  coterie pbs --profile LNKD-DISK                  how stale reads with r = w = 1 would be
  coterie bench                                    which r and w to choose, measured
  coterie help put                                 everything about one command`;

await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<void> {
  process.stdout.on("error", endForOutput);
  const program = new Command("coterie")
    .description("Coterie, a Dynamo-style quorum key-value store: always writable, tunable per request.")
    .version(version(), "-V, --version")
    .exitOverride()
    .configureOutput({ outputError: (text, write) => wantsJson(argv) || write(text) })
    .addHelpText("after", help);
  const commands = [
    addCluster,
    addNode,
    addGet,
    addPut,
    addDelete,
    addConflicts,
    addStatus,
    addSim,
    addBench,
    addCheckResolver,
    addPbs,
  ];
  for (const add of commands) add(program);
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    process.exitCode = tellFailure(error, argv);
  }
}

function endForOutput({ code, message }: NodeJS.ErrnoException): never {
  // A reader that has seen enough, as in `coterie get KEY | head -1`, is no failure.
  if (code === "EPIPE") process.exit(0);
  process.stderr.write(`coterie: the output could not be written: ${message}\n`);
  process.exit(1);
}
