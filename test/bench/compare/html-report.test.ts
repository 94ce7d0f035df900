// The report in a real browser, opened from a file: every chart shows something, by day and by night, wide and narrow; what stands in the
// results stands in the page, and is never taken for markup.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { advise } from "../../../bench/compare/advice.ts";
import type { Results } from "../../../bench/compare/results.ts";
import { launchBrowser } from "../../browser.ts";
import { cellOf, consistencyOf, figuresOf, latencyOf, plausibleResults, settingOf } from "./plausible-results.ts";

/** As it is shipped: beside it stands the script of the page. */
const built = new URL("../../../dist/bench/compare/html-report.js", import.meta.url);
const directory = mkdtempSync(join(tmpdir(), "coterie-report-"));
const bare = { faults: [], staleness: [], advice: undefined };

const problems: string[] = [];
const requests: string[] = [];
let renderReport: (results: Results) => string;
let browser: Browser;
let tab: Tab;

beforeAll(async () => {
  ({ renderReport } = (await import(built.href)) as { renderReport: typeof renderReport });
  browser = await launchBrowser(directory);
  tab = await browser.newPage();
  tab.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  tab.on("pageerror", (error) => problems.push(error.message));
  tab.on("request", (request) => requests.push(request.url()));
});

afterAll(async () => {
  await browser?.close();
  rmSync(directory, { recursive: true, force: true });
});

describe.each([1280, 420])("%i pixels wide", (width) => {
  test.each(["light", "dark"] as const)("every chart shows something (%s)", async (colorScheme) => {
    await tab.emulateMedia({ colorScheme });
    await open(plausibleResults(), width);
    const charts = await inkOfCharts();
    // Of workloads with reads and writes four, of others two; one of staleness; four strips for each of two faults.
    expect(charts).toHaveLength(2 * 4 + 2 * 2 + 1 + 2 * 4);
    // Nothing failed while a link was slow.
    const empty = charts.filter(({ coloured }) => coloured < 40).map(({ label }) => label);
    expect(empty).toEqual([expect.stringMatching(/slow.* 0 requests failed, 0 had no certain outcome/)]);
  });

  test("nothing sticks out but tables, which can be moved", async () => {
    await open(plausibleResults(), width);
    const { page, tables } = await tab.evaluate(() => ({
      page: document.documentElement.scrollWidth,
      tables: [...document.querySelectorAll(".scroll")].map((one) => getComputedStyle(one).overflowX),
    }));
    expect(page).toBe(width);
    expect(new Set(tables)).toEqual(new Set(["auto"]));
  });
});

describe("the page", () => {
  test("says what it shows that nothing was stale, instead of drawing it", async () => {
    const fresh = (r: number, reads: number): Results["cells"][number] =>
      cellOf({ setting: settingOf({ r }), figures: figuresOf({ consistency: consistencyOf(reads, 0) }) });
    await open(plausibleResults({ ...bare, cells: [fresh(2, 3000), fresh(3, 60_000)] }));
    expect(await tab.textContent(".fresh")).toContain("under 0.1 %");
    expect(await tab.locator("canvas").count()).toBe(2);
  });

  test("has the advice on top, and marks the setting that it names", async () => {
    const results = plausibleResults();
    const advice = advise(results.cells, { maxStaleShare: 0.001, p99Ms: 10 })!;
    await open({ ...results, advice });
    expect((await tab.textContent("header .advice"))?.replaceAll("\u00a0", " ")).toBe(advice.sentence);
    expect(await tab.textContent("header .advice strong")).toBe("n3 r2 w2");
    expect(new Set(await tab.locator(".advised th").allTextContents())).toEqual(new Set(["n3 r2 w2"]));
  });

  test("has every figure in a table", async () => {
    const figures = figuresOf({
      perSecond: 54_281,
      reads: { ...latencyOf(8.56), p50Ms: 1.01, p95Ms: 1.02, p999Ms: 1.04 },
      writes: { ...latencyOf(11.5), p50Ms: 1.05, p95Ms: 1.06, p999Ms: 1.08 },
      consistency: consistencyOf(100_000, 140, {
        lostUpdates: 11,
        versionsBehind: { p50: 21, p99: 22, max: 23 },
        msBehind: { p50: 31, p99: 32, max: 33 },
        siblingsPerRead: 1.09,
        siblingsMax: 41,
      }),
      failed: 51,
      unknown: 61,
      bytesPerRequest: 71,
      messagesPerRequest: 8.11,
      cpuSecondsPerMillion: 25.8,
    });
    await open(plausibleResults({ ...bare, cells: [cellOf({ figures, ofFloor: 0.57 })] }));
    expect(await tab.locator("#A-closed-loop-256-in-flight td").allTextContents()).toEqual(
      "54,281 0.57 25.8 0.14_% 1.01 8.56 11 1.05 11.5 112 1.02 1.04 1.06 1.08 51 61 71 8.11 21 22 23 31 32 33 1.09 41"
        .split(" ")
        .map((figure) => figure.replace("_", " ")),
    );
  });

  test("says what each system promised, and where it was measured", async () => {
    const results = plausibleResults();
    await open(results);
    const text = (await tab.textContent("body"))!;
    for (const { guarantee } of results.cells) expect(text).toContain(guarantee);
    for (const fact of [results.machine.processor, "10,000 records of 100 bytes", "21 November 2026, 13:27 UTC"])
      expect(text).toContain(fact);
  });

  test("is content with one setting, and with nothing at all", async () => {
    await open(plausibleResults({ ...bare, cells: [cellOf({ figures: figuresOf() })] }));
    expect((await inkOfCharts()).map(({ coloured }) => coloured > 40)).toEqual([true, true]);
    expect(await tab.locator(".advice, #staleness, #faults").count()).toBe(0);
    await open(plausibleResults({ ...bare, cells: [] }));
    expect(await inkOfCharts()).toEqual([]);
    expect(await tab.textContent("h1")).toBe("coterie bench");
  });

  test("shows what it can where hardly anything is known", async () => {
    const none = { bytesPerRequest: undefined, messagesPerRequest: undefined, cpuSecondsPerMillion: undefined };
    const failed = figuresOf({
      ...none,
      perSecond: 0,
      reads: latencyOf(0, 0),
      writes: latencyOf(0, 0),
      consistency: consistencyOf(0, 0),
      failed: 12,
    });
    const cells = [
      cellOf({ figures: figuresOf(none), load: { kind: "open", perSecond: 1000 } }),
      cellOf({ figures: failed, setting: settingOf({ r: 3 }), load: { kind: "open", perSecond: 1000 } }),
    ];
    const [fault] = plausibleResults().faults;
    const faults = [
      { ...fault!, timeline: [] },
      { ...fault!, timeline: fault!.timeline.slice(0, 1) },
    ];
    await open(plausibleResults({ ...bare, cells, faults }));
    expect(await tab.locator("#A-open-loop-1-000-requests-s tbody").first().textContent()).toContain("12");
    expect(await tab.locator("#faults figure").count()).toBe(1);
  });

  test("never takes what stands in the results for markup", async () => {
    const evil = "</script><script>document.title = 'evil'</script><!--<b>";
    const results = plausibleResults();
    await open({
      ...results,
      startedAt: evil,
      machine: { ...results.machine, processor: evil, coterie: `"><b>${evil}` },
      cells: results.cells.map((cell) => ({ ...cell, guarantee: evil })),
      advice: { ...results.advice!, sentence: evil },
    });
    expect(await tab.textContent("header .advice")).toBe(evil);
    expect(await tab.textContent("#promises td")).toBe(evil);
    expect(await tab.title()).toContain(evil);
    expect(await tab.locator("b").count()).toBe(0);
  });

  test("is light on paper, also by night", async () => {
    await tab.emulateMedia({ colorScheme: "dark" });
    await open(plausibleResults());
    const paper = (): Promise<string> => tab.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const byNight = await paper();
    await tab.evaluate(() => dispatchEvent(new Event("beforeprint")));
    const printed = await paper();
    const charts = await inkOfCharts();
    await tab.evaluate(() => dispatchEvent(new Event("afterprint")));
    expect([byNight, printed, await paper()]).toEqual(["rgb(15, 19, 23)", "rgb(252, 252, 251)", "rgb(15, 19, 23)"]);
    expect(charts.filter(({ coloured }) => coloured < 40)).toHaveLength(1);
  });
});

test("pages load nothing, and have nothing to complain of", () => {
  expect(problems).toEqual([]);
  expect(requests.length).toBeGreaterThan(5);
  expect(requests.filter((url) => !url.startsWith("file:"))).toEqual([]);
});

async function open(results: Results, width = 1280): Promise<void> {
  const path = join(directory, "report.html");
  writeFileSync(path, renderReport(results));
  await tab.setViewportSize({ width, height: 900 });
  await tab.goto(pathToFileURL(path).href);
}

/** Of each chart, how many of its pixels below the legend are neither grey nor nearly so: axes, grid and words are. */
async function inkOfCharts(): Promise<{ readonly label: string; readonly coloured: number }[]> {
  return tab.evaluate(() =>
    [...document.querySelectorAll("canvas")].map((canvas) => {
      const legend = Math.ceil((28 * canvas.height) / canvas.clientHeight);
      const { data } = canvas.getContext("2d")!.getImageData(0, legend, canvas.width, canvas.height - legend);
      let coloured = 0;
      for (let at = 0; at < data.length; at += 4) {
        const [red, green, blue] = [data[at]!, data[at + 1]!, data[at + 2]!];
        if (data[at + 3]! > 128 && Math.max(red, green, blue) - Math.min(red, green, blue) > 50) coloured++;
      }
      return { label: canvas.ariaLabel ?? "", coloured };
    }),
  );
}
