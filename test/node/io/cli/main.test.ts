// The command as a process: help that teaches, versions, and what it does not load.
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { makeTempDirectory } from "../../../temp-directory.ts";

const coterie = fileURLToPath(new URL("../../../../dist/node/io/cli/main.js", import.meta.url));
const commands = ["cluster", "node", "get", "put", "delete", "conflicts", "status", "sim", "check-resolver"];

test("the help teaches the commands, and each command's help its examples", () => {
  const { status, stdout } = run("--help");
  expect(status).toBe(0);
  for (const command of commands) {
    expect(stdout).toMatch(new RegExp(`^ {2}${command}\\b`, "m"));
    const help = run("help", command);
    expect(help.status).toBe(0);
    expect(help.stdout).toMatch(new RegExp(`^Usage: coterie ${command}[ |]`));
    expect(help.stdout).toContain(`Examples:\n  coterie ${command}`);
  }
});

test("the help fits a terminal of 80 columns", () => {
  for (const command of ["", ...commands])
    for (const line of run("help", ...(command === "" ? [] : [command])).stdout.split("\n"))
      if (!line.startsWith("  coterie ")) expect(line.length, line).toBeLessThanOrEqual(80);
});

test("the words of other stores are understood", () => {
  for (const [alias, command] of [
    ["set", "put"],
    ["del", "delete"],
    ["rm", "delete"],
  ] as const)
    expect(run(alias, "--help").stdout).toBe(run(command, "--help").stdout);
});

test("without a command the help is shown, and it is a mistake", () => {
  const { status, stdout, stderr } = run();
  expect(status).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toContain("Usage: coterie [options] [command]");
});

test("the version is that of the package", () => {
  const manifest = readFileSync(new URL("../../../../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(manifest) as { readonly version: string };
  expect(run("--version")).toMatchObject({ status: 0, stdout: `${version}\n` });
});

test("output that cannot be written is said, and is a failure", () => {
  const path = join(makeTempDirectory(), "read-only");
  writeFileSync(path, "");
  const readOnly = openSync(path, "r");
  const { status, stderr } = spawnSync(process.execPath, [coterie, "pbs", "--profile", "LNKD-DISK"], {
    stdio: ["ignore", readOnly, "pipe"],
    encoding: "utf8",
  });
  closeSync(readOnly);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^coterie: the output could not be written: EBADF/);
});

test("a get loads neither store nor logger nor simulator, and the help not even the SDK", () => {
  const getting = loadedBy("get", "x", "--url", "ws://127.0.0.1:1", "--timeout", "1");
  expect(getting).toContain("client/index.js");
  expect(getting.filter((path) => /\b(lmdb|pino|zod|fs-native-extensions)\b|sim\/|start-node/.test(path))).toEqual([]);
  expect(loadedBy("--help").filter((path) => /\bws\b|msgpackr|client\//.test(path))).toEqual([]);
});

/** Every script that V8 compiled for the command. */
function loadedBy(...args: readonly string[]): readonly string[] {
  const directory = makeTempDirectory();
  spawnSync(process.execPath, [coterie, ...args], { env: { ...process.env, NODE_V8_COVERAGE: directory } });
  return readdirSync(directory).flatMap((file) => {
    const { result } = JSON.parse(readFileSync(join(directory, file), "utf8")) as {
      readonly result: { url: string }[];
    };
    return result.map(({ url }) => url.replace(/^.*\/dist\//, ""));
  });
}

function run(...args: readonly string[]): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  return spawnSync(process.execPath, [coterie, ...args], { encoding: "utf8" });
}
