// Development is where `NODE_ENV` is not `production`; a page without a bundler, where there is no `process`, is none.
import { afterEach, expect, test, vi } from "vitest";
import { isDevelopment, warn } from "../../client/development.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test.each([
  ["production", false],
  ["development", true],
  ["test", true],
  [undefined, true],
])("NODE_ENV %s: %s", (value, expected) => {
  vi.stubEnv("NODE_ENV", value);
  expect(isDevelopment()).toBe(expected);
});

test("without a process it is none", () => {
  vi.stubGlobal("process", undefined);
  expect(isDevelopment()).toBe(false);
});

test("a developer is told on the console", () => {
  const told = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  warn("mind the gap");
  expect(told).toHaveBeenCalledExactlyOnceWith("mind the gap");
});
