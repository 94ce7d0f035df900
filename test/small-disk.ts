/** A file system of a few megabytes that a test may fill: a tmpfs, where this machine lets us mount one. */
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, rmdirSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class SmallDisk {
  readonly path: string;
  readonly #ballast: string;

  private constructor(path: string) {
    this.path = path;
    this.#ballast = join(path, "ballast");
  }

  /** @returns why not, if the machine does not let us */
  static mount(megabytes: number): SmallDisk | string {
    const path = mkdtempSync(join(tmpdir(), "coterie-small-disk-"));
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "coterie-test", path], { stdio: "pipe" });
      return new SmallDisk(path);
    } catch (error) {
      rmdirSync(path);
      return `no small disk can be mounted here: ${String(error).split("\n").join(" ")}`;
    }
  }

  /** Takes all the room that there is. */
  fill(): void {
    const file = openSync(this.#ballast, "a");
    const chunk = Buffer.alloc(65_536, 1);
    try {
      while (writeSync(file, chunk) > 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    } finally {
      closeSync(file);
    }
  }

  makeRoom(): void {
    rmSync(this.#ballast, { force: true });
  }

  unmount(): void {
    execFileSync("umount", ["--lazy", this.path], { stdio: "pipe" });
    rmdirSync(this.path);
  }
}

/** Whether tests may count on small disks. Says why, where they may not. */
export function canMountSmallDisks(): boolean {
  const disk = SmallDisk.mount(1);
  if (typeof disk === "string") {
    process.stderr.write(`Tests of full disks are left out: ${disk}\n`);
    return false;
  }
  disk.unmount();
  return true;
}
