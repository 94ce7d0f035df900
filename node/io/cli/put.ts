/** `coterie put KEY VALUE` */
import type { Command } from "commander";
import { addRequestFlags, type RequestFlags } from "./request-flags.ts";
import { looksLikeBrokenJson, valueOf } from "./value.ts";
import { write, writeHelp } from "./write.ts";

const help = `
VALUE is stored as JSON where it is JSON, else as text; - reads it from
standard input. '"5"' is the text 5, and so is a whole number too long to be
kept exactly; inside an object or array such a number is refused. A value that
begins with a dash comes after --.
${writeHelp}

Examples:
  coterie put cart:alice '{"items":["tea"]}'
  coterie put motd 'back at noon' --w all
  coterie put report - < report.json
  coterie put cart:alice '{"items":[]}' --context "$(coterie get cart:alice --json | jq -r .context)"
  coterie put -- offset -x`;

export function addPut(program: Command): void {
  const command = program
    .command("put")
    .alias("set")
    .argument("<key>")
    .argument("<value>")
    .description("write a value at w of the key's n replicas");
  addRequestFlags(command, "write")
    .addHelpText("after", help)
    .action(async (key: string, argument: string, flags: RequestFlags) => {
      const value = await valueOf(argument);
      if (looksLikeBrokenJson(argument, value))
        process.stderr.write("note: this is not JSON, so it is stored as text\n");
      return write(key, flags, "stored", (bucket, options) => bucket.put(key, value, options));
    });
}
