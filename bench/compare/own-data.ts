/**
 * What a node under measurement does with its data when its parent is gone, perhaps without a word. Nobody else would remove it then.
 */
import { rmdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";

/** Removes the data, and the directory of all nodes if these were the last in it. */
export function removeOwnData(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  try {
    rmdirSync(dirname(directory));
  } catch {
    // Others have theirs in it, or were faster.
  }
}
