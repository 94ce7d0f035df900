// A page that shows a run, in a real browser, opened from a file: of a seed that fails one sees at once where and why, what is drawn is
// what was recorded, and the table of the key says what the nodes held.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Browser, Page as Tab } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Input } from "../../node/effects.ts";
import { Replica } from "../../node/replica.ts";
import { pageOf, Recording, runSeed, type Recorded, type RunOptions } from "../../sim/index.ts";
import type { RecordedFrame } from "../../sim/recorded.ts";
import { launchBrowser } from "../browser.ts";

const coterie = fileURLToPath(new URL("../../dist/node/io/cli/main.js", import.meta.url));
const script = readFileSync(new URL("../../dist/sim/page/page.js", import.meta.url), "utf8");
const directory = mkdtempSync(join(tmpdir(), "coterie-page-"));
const background = /^(Ping|Tree|Tombstone(Check|Drop))|^(Hello|Welcome)$/;

const problems: string[] = [];
const requests: string[] = [];
let browser: Browser;
let tab: Tab;
let broken: Recorded;

beforeAll(async () => {
  [browser, broken] = await Promise.all([launchBrowser(directory), recordBroken()]);
  tab = await browser.newPage({ viewport: { width: 1500, height: 900 } });
  tab.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  tab.on("pageerror", (error) => problems.push(error.message));
  tab.on("request", (request) => requests.push(request.url()));
});

afterAll(async () => {
  await browser?.close();
  rmSync(directory, { recursive: true, force: true });
});

describe("a seed that fails", () => {
  beforeEach(() => open(broken));

  test("is opened where it fails, with the key in question", async () => {
    const [violation] = broken.violations;
    const key = violation!.keys[0]!;
    expect(await tab.textContent(".verdict")).toBe("a promise was broken");
    // Actors have short names on the page.
    const beginning = violation!.sentence.split(" still ")[0]!;
    expect(await tab.textContent(".accusation .sentence")).toContain(beginning);
    expect(await step()).toBe(violation!.step);
    expect(await tab.textContent("#step .violation")).toContain(beginning);
    expect(await tab.textContent("aside h2")).toContain(`${broken.keys[key]!.name} at `);
    const callers = new Set(broken.operations.filter((one) => one.key === key).map(({ client }) => client));
    const lanes = broken.lanes.filter(({ kind }, lane) => kind === "node" || callers.has(lane));
    expect(new Set(await laneNames())).toEqual(new Set(lanes.map(({ name }) => name)));
    expect(await tab.getAttribute(".accused", "data-lane")).toBe(broken.lanes[violation!.lanes[0]!]!.name);
  });

  test("draws a red line across it", async () => {
    const red = await tab.evaluate(longestRun, "--bad");
    expect(red).toBeGreaterThan(400);
  });

  test("draws every message of the key, and of no other", async () => {
    const key = broken.violations[0]!.keys[0]!;
    await tab.keyboard.press("0");
    expect(await messagesDrawn()).toBe(framesWith((message) => message.keys?.includes(key) === true));
    const other = broken.keys.findIndex((_, place) => place !== key && framesOf(place).length > 0);
    await tab.selectOption("#key", `${other}`);
    await tab.keyboard.press("0");
    expect(await messagesDrawn()).toBe(framesOf(other).length);
    await tab.click("#only");
    await tab.keyboard.press("0");
    expect(await messagesDrawn()).toBe(framesWith(({ kind }) => !background.test(kind)));
  });

  test("shows what nodes say without end to those who ask for it", async () => {
    await tab.keyboard.press("o");
    await tab.keyboard.press("b");
    await tab.keyboard.press("0");
    expect(await messagesDrawn()).toBe(broken.frames.length);
    await tab.click('input[data-kinds="requests"]');
    const isRequest = /^(Get|Put|Delete|GetReply|PutReply|Failure)$/;
    expect(await messagesDrawn()).toBe(framesWith(({ kind }) => !isRequest.test(kind)));
  });

  test("leaves out a lane with all that is on it", async () => {
    await tab.keyboard.press("o");
    await tab.click('[data-lane="n1"]');
    await tab.keyboard.press("0");
    const lane = broken.lanes.findIndex(({ name }) => name === "n1");
    const others = (frame: RecordedFrame): boolean => frame.from !== lane && frame.to !== lane;
    expect(await laneNames()).not.toContain("n1");
    expect(await messagesDrawn()).toBe(framesWith(({ kind }) => !background.test(kind), others));
    await tab.click("text=show 1 hidden");
    expect(await laneNames()).toContain("n1");
  });

  test("goes step by step, and back to where it fails", async () => {
    const [{ step: last } = { step: -1 }] = broken.violations;
    const steps = [await step()];
    for (let count = 0; count < 5; count++) {
      await tab.keyboard.press("k");
      steps.push(await step());
    }
    expect(steps).toEqual(steps.toSorted((a, b) => b - a));
    expect(new Set(steps).size).toBe(6);
    await tab.keyboard.press("j");
    expect(await step()).toBe(steps[4]);
    await tab.keyboard.press("Home");
    expect(await step()).toBeLessThan(steps[5]!);
    await tab.keyboard.press("v");
    expect(await step()).toBe(last);
  });

  test("says at every change of the key what each node holds, before and after", async () => {
    let changes = 0;
    for (let before = Infinity, now = await step(); now < before; changes++) {
      expect(await rows()).toEqual(rowsAt(now));
      before = now;
      await tab.keyboard.press("K");
      now = await step();
    }
    expect(changes).toBeGreaterThan(2);
  });

  test("finds words, and goes from one place to the next", async () => {
    await tab.keyboard.press("o");
    await tab.keyboard.press("Home");
    await tab.keyboard.press("/");
    await tab.keyboard.type("unavailable");
    await tab.keyboard.press("Enter");
    const first = await step();
    expect(await tab.textContent("#step")).toContain("UNAVAILABLE");
    await tab.keyboard.press("Escape");
    await tab.keyboard.press("n");
    expect(await step()).toBeGreaterThan(first);
    expect(await tab.textContent(".found")).toMatch(/^2 of \d+$/);
  });

  test("is as long as its time, if that is asked for", async () => {
    const even = await height();
    await tab.keyboard.press("t");
    const truly = await height();
    expect(truly).not.toBe(even);
    await tab.keyboard.press("+");
    expect(await height()).toBeGreaterThan(truly);
  });
});

test("a seed that is fine is written by the command, and begins at its beginning", async () => {
  const path = join(directory, "fine.html");
  const { status, stdout } = spawnSync(process.execPath, [coterie, "sim", "--seed", "1", "--trace", path], {
    encoding: "utf8",
  });
  expect([status, stdout]).toEqual([0, expect.stringContaining(`seed 1 is to be seen in ${path}`)]);
  await tab.goto(pathToFileURL(path).href);
  expect(await tab.textContent(".verdict")).toBe("fine");
  expect(await tab.locator(".accusation").count()).toBe(0);
  expect(stdout).toContain(/hash (\w{16})/.exec((await tab.textContent(".facts"))!)![0]);
  const before = await step();
  await tab.keyboard.press("v");
  expect(await step()).toBe(before);
  await tab.keyboard.press("0");
  expect(await messagesDrawn()).toBeGreaterThan(100);
});

test("what stands in a recording is never taken for markup", async () => {
  const evil = "</script><script>document.title = 'evil'</script><!--";
  const keys = broken.keys.map((key) => ({ ...key, name: `${key.name}${evil}` }));
  await open({ ...broken, keys });
  expect(await tab.textContent("aside h2")).toContain(evil);
  expect(await tab.title()).toBe(`coterie sim: seed ${broken.about.seed}`);
});

test("pages load nothing, and have nothing to complain of", () => {
  expect(problems).toEqual([]);
  expect(requests.length).toBeGreaterThan(5);
  expect(requests.filter((url) => !url.startsWith("file:"))).toEqual([]);
});

/** Nodes that ignore what the writer has seen: its write stands beside what it meant to replace. */
async function recordBroken(): Promise<Recorded> {
  const createMachine: RunOptions["createMachine"] = (config, store, now) => {
    const replica = new Replica(config, store, now);
    const blind = (input: Input): Input => {
      if ((input.kind !== "client" && input.kind !== "peer") || input.message.kind !== "Put") return input;
      return { ...input, message: { ...input.message, context: undefined } };
    };
    return { step: (now, input) => replica.step(now, blind(input)) };
  };
  for (let seed = 3; ; seed++) {
    const recording = new Recording();
    const report = await runSeed(seed, { createMachine, recording });
    const recorded = recording.recorded(report);
    const isTelling = recorded.keys.length > 1 && recorded.frames.some(({ messages }) => messages[0]?.kind === "Ping");
    if (report.kind === "correctness" && isTelling) return recorded;
  }
}

async function open(recorded: Recorded): Promise<void> {
  const path = join(directory, "run.html");
  writeFileSync(path, pageOf(recorded, script, "1.2.3"));
  await tab.goto(pathToFileURL(path).href);
  await tab.waitForFunction(() => document.querySelector("#shown")?.textContent !== "");
}

async function step(): Promise<number> {
  return Number(await tab.getAttribute("#holdings", "data-step"));
}

async function laneNames(): Promise<(string | undefined)[]> {
  await drawn();
  return tab.locator("[data-lane]").evaluateAll((heads) => heads.map((head) => (head as HTMLElement).dataset.lane));
}

async function messagesDrawn(): Promise<number> {
  await drawn();
  return Number(/^(\d+) messages/.exec((await tab.textContent("#shown"))!)![1]);
}

async function height(): Promise<number> {
  await drawn();
  return tab.evaluate(() => document.querySelector(".stage")!.scrollHeight);
}

/** It is drawn before the next frame of the screen. */
async function drawn(): Promise<void> {
  await tab.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

/** The longest row of pixels in the picture that have the colour: runs over there. */
function longestRun(name: string): number {
  const canvas = document.querySelector<HTMLCanvasElement>(".picture")!;
  const probe = document.createElement("canvas").getContext("2d")!;
  probe.fillStyle = getComputedStyle(canvas).getPropertyValue(name);
  probe.fillRect(0, 0, 1, 1);
  const [red, green, blue] = probe.getImageData(0, 0, 1, 1).data;
  const { data, width } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
  let [longest, run] = [0, 0];
  for (let at = 0; at < data.length; at += 4) {
    if ((at / 4) % width === 0) run = 0;
    const isSame = data[at] === red && data[at + 1] === green && data[at + 2] === blue;
    run = isSame ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

function framesWith(
  fits: (message: RecordedFrame["messages"][number]) => boolean,
  isThere: (frame: RecordedFrame) => boolean = () => true,
): number {
  return broken.frames.filter((frame) => isThere(frame) && frame.messages.some(fits)).length;
}

function framesOf(key: number): readonly RecordedFrame[] {
  return broken.frames.filter(({ messages }) =>
    messages.some(({ kind, keys }) => keys?.includes(key) === true && !background.test(kind)),
  );
}

/** As they stand in the table: whose, and what before and after; once if nothing changes. */
async function rows(): Promise<(readonly (string | undefined)[])[]> {
  return tab
    .locator("#holdings tbody tr")
    .evaluateAll((all) =>
      all.map((row) => [
        [(row as HTMLElement).dataset.node, (row as HTMLElement).dataset.target].filter(Boolean).join(" for "),
        ...[...row.querySelectorAll("td")].map((cell) =>
          [...cell.querySelectorAll(".chip")].map((chip) => chip.textContent).join(" "),
        ),
      ]),
    );
}

/** The same from the recording, looked up the long way. */
function rowsAt(now: number): (readonly string[])[] {
  const key = broken.violations[0]!.keys[0]!;
  const { primaries } = broken.keys[key]!;
  const nodes = broken.lanes.flatMap(({ kind }, lane) => (kind === "node" ? [lane] : []));
  const held = (node: number, target: number | undefined, at: number): number | "bad" | undefined =>
    broken.changes.findLast(
      (change) => change.key === key && change.node === node && change.target === target && change.step <= at,
    )?.state;
  const order = [...primaries, ...nodes.filter((node) => !primaries.includes(node))];
  return order.flatMap((node) => {
    const row = (target: number | undefined): readonly (readonly string[])[] => {
      const [before, after] = [held(node, target, now - 1), held(node, target, now)];
      const isThere = before !== undefined || after !== undefined;
      const isShown = isThere || (target === undefined && primaries.includes(node));
      const name = [node, target].flatMap((lane) => (lane === undefined ? [] : [broken.lanes[lane]!.name]));
      if (!isShown) return [];
      return [[name.join(" for "), ...(before === after ? [chips(after)] : [chips(before), chips(after)])]];
    };
    const hints = nodes.flatMap((target) => row(target));
    const own = row(undefined);
    return own.length === 0 && hints.length > 0 ? [[broken.lanes[node]!.name, ""], ...hints] : [...own, ...hints];
  });
}

function chips(state: number | "bad" | undefined): string {
  if (state === undefined || state === "bad") return "";
  return broken.states[state]!.siblings.map(
    ({ actor, counter, value = "†" }) => `${value === "" ? "(empty)" : value}${broken.actors[actor]!.name}:${counter}`,
  ).join(" ");
}
