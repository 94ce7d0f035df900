// Which failures to connect are final, so that nobody waits for a cluster that is not there.
import { expect, test, vi } from "vitest";
import { effectiveOf, isRefusedByAll, tellDetails } from "../../../../node/io/cli/cluster-client.ts";
import { invalidArgument, unauthenticated, unavailable } from "../../../../src/errors.ts";
import { settleOptions } from "../../../../src/options.ts";

test.each<readonly [what: string, error: unknown, isFinal: boolean]>([
  [
    "all refuse",
    unavailable("no node can be reached: ws://a:1: connect ECONNREFUSED 1; ws://b:1: connect ECONNREFUSED 2", "none"),
    true,
  ],
  [
    "one is silent",
    unavailable("no node can be reached: ws://a:1: connect ECONNREFUSED 1; ws://b:1: not tried yet", "none"),
    false,
  ],
  ["wrong credentials", unauthenticated("missing or wrong credentials"), true],
  ["a wrong address", invalidArgument("a node's address looks like ws://"), true],
  ["a bug", new TypeError("x is not a function"), true],
])("%s", (_, error, isFinal) => {
  expect(isRefusedByAll(error)).toBe(isFinal);
});

test("details say which nodes answered, and each option with where it came from, in short lines", () => {
  const effective = effectiveOf(settleOptions("get", {}, "carts", { defaults: { n: 2 }, buckets: {} }), { r: 1 });
  const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  tellDetails(effective, ["n2", "n1"], "token");
  const text = said.mock.calls.join("");
  said.mockRestore();
  expect(text).toMatch(/^answered: n2, n1\noptions \(\w+\): /);
  expect(text).toMatch(/^options \(request\): r \d$/m);
  expect(text).toMatch(/^options \(cluster\): n 2$/m);
  expect(text).toMatch(/\ncontext: token\n$/);
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(130);
});
