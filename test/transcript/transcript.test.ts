/**
 * Every transcript in this folder is played and must come out as it was recorded (style §1.15, etcd raft's datadriven tests).
 * `RECORD=1 npx vitest run test/transcript` writes down what comes out now: read the difference before committing it.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Play } from "./play.ts";

const folder = new URL("./", import.meta.url);
const transcripts = readdirSync(folder).filter((name) => name.endsWith(".txt"));
const isRecording = process.env["RECORD"] === "1";

/** Plays the commands of a transcript: comments stay, what stands under the dashes is replaced by what comes out now. */
function replay(transcript: string): string {
  const play = new Play();
  const steps = transcript.trimEnd().split(/\n{2,}/);
  return `${steps.map((step) => replayStep(play, step)).join("\n\n")}\n`;
}

function replayStep(play: Play, step: string): string {
  const head = step.split("\n----")[0]!;
  const commands = head.split("\n").filter((line) => !line.startsWith("#"));
  if (commands.length === 0) return head;
  return [head, "----", ...commands.flatMap((command) => play.run(command))].join("\n");
}

test.each(transcripts)("%s", (name) => {
  // Style §1.15: a protocol test that a non-programmer can read.
  const path = new URL(name, folder);
  const recorded = readFileSync(path, "utf8");
  const played = replay(recorded);
  if (isRecording) writeFileSync(path, played);
  else expect(played).toBe(recorded);
});

test("there are transcripts, and each of them plays something", () => {
  // A test over files that are found must not pass because none was found.
  expect(transcripts.length).toBeGreaterThanOrEqual(4);
  for (const name of transcripts)
    expect(readFileSync(new URL(name, folder), "utf8")).toMatch(/\n----\n(?!\(nothing\))/);
});
