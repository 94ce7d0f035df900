/** Programs that are not ours, and their data, are gone when the process is that has started them: also when it was killed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test, vi } from "vitest";
import { PeerProcesses } from "../../dist/bench/compare/peer-processes.js";
import { processorSecondsOf } from "../../bench/compare/processor-time.ts";

const holder = join(import.meta.dirname, "../fixtures/peer-holder.mjs");
const waiting = { timeout: 15_000, interval: 10 } as const;
/** A program that runs until it is killed. */
const idle = { program: process.execPath, args: ["-e", "setInterval(() => {}, 1000)"] };

test.each<readonly [string, NodeJS.Signals, (pid: number) => number]>([
  ["killed", "SIGKILL", (pid) => pid],
  ["ended with its whole group, as timeout does", "SIGTERM", (pid) => -pid],
])("a process that is %s leaves neither programs nor their data behind", async (_, signal, target) => {
  const parent = spawn(process.execPath, [holder], { detached: true, stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void parent.kill("SIGKILL"));
  const [line] = (await once(createInterface(parent.stdout), "line")) as [string];
  const { pid, directory } = JSON.parse(line) as { readonly pid: number; readonly directory: string };
  expect(isRunning(pid)).toBe(true);
  expect(existsSync(directory)).toBe(true);

  process.kill(target(parent.pid!), signal);

  await vi.waitFor(() => expect(isRunning(pid)).toBe(false), waiting);
  await vi.waitFor(() => expect(existsSync(directory)).toBe(false), waiting);
});

test("stopping ends the programs and removes their data", async () => {
  const processes = new PeerProcesses("test");
  await processes.start([idle, idle], () => Promise.resolve(true));
  writeFileSync(join(processes.directory, "data"), "");
  expect(await processes.processorSeconds()).toBeGreaterThanOrEqual(0);

  await processes.stop();

  await expect(processes.processorSeconds()).rejects.toThrow("the keeper of test ended");
  expect(existsSync(processes.directory)).toBe(false);
});

test("a program that ends before it serves is reported with its last words", async () => {
  const processes = new PeerProcesses("test");
  const dying = { program: process.execPath, args: ["-e", "console.error('no such setting'); process.exit(3)"] };
  await expect(processes.start([dying], () => Promise.resolve(false))).rejects.toThrow(
    /ended with exit code 3: no such setting/,
  );
  await processes.stop();
});

test("a program that ends by itself later is told whoever asks what it has used", async () => {
  const processes = new PeerProcesses("test");
  onTestFinished(() => processes.stop());
  const mortal = { program: process.execPath, args: ["-e", "setTimeout(() => process.exit(3), 100)"] };
  await processes.start([idle, mortal], () => Promise.resolve(true));
  const asked = (): Promise<number | undefined> => processes.processorSeconds();
  await vi.waitFor(() => expect(asked()).rejects.toThrow(/ended with exit code 3/), waiting);
});

test("a program that cannot be started is reported", async () => {
  const processes = new PeerProcesses("test");
  const absent = { program: "/nowhere/redis-server", args: [] };
  await expect(processes.start([absent], () => Promise.resolve(false))).rejects.toThrow(
    /\/nowhere\/redis-server could not be started/,
  );
  await processes.stop();
});

test("processor time grows with work, and is not known of a process that is not there", async () => {
  const before = (await processorSecondsOf([process.pid]))!;
  await vi.waitFor(async () => {
    for (let at = 0; at < 1_000_000; at++) Math.sqrt(at);
    expect(await processorSecondsOf([process.pid])).toBeGreaterThan(before);
  }, waiting);
  expect(await processorSecondsOf([process.pid, 2 ** 30])).toBeUndefined();
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
