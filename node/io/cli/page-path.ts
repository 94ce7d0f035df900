/** Where a page is to be written: asked before a run is played for it. */
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { InvalidArgumentError } from "commander";
import { invalidArgument } from "../../../src/errors.ts";

/** The name of a page, on the command line. */
export function parsePagePath(text: string): string {
  if (/\.html?$/i.test(text)) return text;
  throw new InvalidArgumentError("It is a page to write, as in run.html; --trace alone prints every event.");
}

/** Before anything is played for it. @throws INVALID_ARGUMENT */
export function checkPagePath(path: string): void {
  try {
    const isThere = existsSync(path);
    accessSync(isThere ? path : dirname(path), constants.W_OK);
    if (isThere && statSync(path).isDirectory()) throw new Error("it is a directory");
  } catch (error) {
    throw invalidArgument(`no page can be written to ${path}: ${(error as Error).message}`);
  }
}
