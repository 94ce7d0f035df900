/**
 * A client process: `node client-process.js`, forked by `clients.ts`, which tells it what to do. One thing at a time; ends when its
 * parent does.
 */
import type { Command, Told } from "./client-messages.ts";
import { ClientWork } from "./client-work.ts";

/** To a parent that may have gone since. */
function tell(told: Told): void {
  process.send!(told, () => undefined);
}

const work = new ClientWork((done) => tell({ kind: "progress", done }));

process.on("SIGINT", () => undefined); // Ctrl-C reaches the whole group: the parent ends its clients in order
process.on("disconnect", () => process.exit(0));
process.on("message", (command: Command) => {
  work.do(command).then(
    (result) => tell({ kind: "done", result }),
    (error: unknown) => tell({ kind: "failed", message: error instanceof Error ? error.message : String(error) }),
  );
});
tell({ kind: "ready" });
