/** A real browser for tests: the one that `CHROME_PATH` names, else an installed Chromium, else that of the development dependencies. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser } from "playwright-core";

const flags =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --headless";
const installed = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].map(
  (name) => `/usr/bin/${name}`,
);

/** @param directory where it may unpack what it needs: gone when the browser is */
export async function launchBrowser(directory: string): Promise<Browser> {
  const found = process.env.CHROME_PATH ?? installed.find((path) => existsSync(path));
  const { executablePath, env } =
    found === undefined ? await unpackChromium(directory) : { executablePath: found, env: {} };
  return chromium.launch({ executablePath, args: flags.split(" "), env: { ...environment(), ...env } });
}

/**
 * The Chromium of the development dependency, with the libraries that it needs. Unpacked into a directory of our own: the
 * package takes whatever lies in the temporary directory for whole, also what an interrupted run has left there. What it
 * believes to be its home decides whether it unpacks its libraries too.
 */
async function unpackChromium(directory: string): Promise<{ executablePath: string; env: Record<string, string> }> {
  const home = join(directory, "chromium");
  mkdirSync(home);
  const before = { ...process.env };
  Object.assign(process.env, { TMPDIR: home, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs20.x" });
  try {
    const { default: packed } = await import("@sparticuz/chromium");
    const executablePath = await packed.executablePath();
    return { executablePath, env: { LD_LIBRARY_PATH: process.env.LD_LIBRARY_PATH ?? "" } };
  } finally {
    for (const name of ["TMPDIR", "AWS_EXECUTION_ENV", "LD_LIBRARY_PATH", "FONTCONFIG_PATH", "HOME"])
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
  }
}

function environment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
