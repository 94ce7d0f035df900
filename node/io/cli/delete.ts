/** `coterie delete KEY` */
import type { Command } from "commander";
import { addRequestFlags, type RequestFlags } from "./request-flags.ts";
import { write, writeHelp } from "./write.ts";

const help = `
A delete is a write like any other, of a mark that hides what it replaces.
Deleting what is not there is no failure.
${writeHelp}

Examples:
  coterie delete cart:alice
  coterie delete cart:alice --w all --json`;

export function addDelete(program: Command): void {
  const command = program
    .command("delete")
    .aliases(["del", "rm"])
    .argument("<key>")
    .description("delete a key at w of its n replicas");
  addRequestFlags(command, "write")
    .addHelpText("after", help)
    .action((key: string, flags: RequestFlags) =>
      write(key, flags, "deleted", (bucket, options) => bucket.delete(key, options)),
    );
}
