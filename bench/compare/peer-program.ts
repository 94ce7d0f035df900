/** What a peer needs of this machine: a program, and the package of its usual client, which Coterie does not bring along. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

export interface PeerProgram {
  readonly program: string;
  readonly debianPackage: string;
  /** Of npm. */
  readonly client: string;
  readonly clientVersion: string;
}

/** @returns a sentence that says what is missing and how it comes here; undefined when all is there */
export function whatIsMissing({ program, debianPackage, client, clientVersion }: PeerProgram): string | undefined {
  if (!isOnPath(program)) return `${program} is not on this machine: apt-get install ${debianPackage}; left out`;
  if (!isResolvable(client)) return `${client} is not installed: npm install ${client}@${clientVersion}; left out`;
  return undefined;
}

function isOnPath(program: string): boolean {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.some((folder) => isExecutable(join(folder, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isResolvable(client: string): boolean {
  try {
    import.meta.resolve(client);
    return true;
  } catch {
    return false;
  }
}
