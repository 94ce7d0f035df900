import { closeSync, fsyncSync, openSync } from "node:fs";

/** Makes the names in a directory durable. Syncing a new file makes its bytes so, and by POSIX not the entry that leads to them. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
