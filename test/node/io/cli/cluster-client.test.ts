// Which failures to connect are final, so that nobody waits for a cluster that is not there.
import { expect, test } from "vitest";
import { isRefusedByAll } from "../../../../node/io/cli/cluster-client.ts";
import { invalidArgument, unauthenticated, unavailable } from "../../../../src/errors.ts";

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
