// What `coterie status` prints: what is there is shown, what is not is left out, and what is wrong comes with its reason.
import { describe, expect, test } from "vitest";
import type { NodeReport } from "../../../../client/index.ts";
import { isWhole, reasonOf, reportText } from "../../../../node/io/cli/status-report.ts";

const options = { timeoutMs: 1000, wallMs: 1_000_000 };
const plain = {
  node: "n1",
  replicaId: "6e312e2e2e2e2e2e",
  ring: { epoch: 1, partitions: 4, nodes: 2, owned: 2 },
  links: { n2: "up" },
  openRequests: 1,
  counters: { gets: 7, puts: 3, failures: 0 },
};

function up(node: string, more: object = {}): NodeReport {
  return { node, url: `ws://${node}:7401`, status: { ...plain, node, ...more } };
}

function down(node: string, problem: string): NodeReport {
  return { node, url: `ws://${node}:7401`, problem: `ws://${node}:7401: ${problem}` };
}

describe("the report", () => {
  test("of nodes that say no more than they must is a table", () => {
    expect(reportText([up("n1"), up("n20", { links: { n1: "up" } })], options)).toBe(
      [
        "node  url            state  links  partitions  open  gets  puts  replica id",
        "n1    ws://n1:7401   up     1/1    2           1     7     3     6e312e2e2e2e2e2e",
        "n20   ws://n20:7401  up     1/1    2           1     7     3     6e312e2e2e2e2e2e",
        "",
      ].join("\n"),
    );
  });

  test("says why a node is down, and why a link between two that answer is", () => {
    const members = { n3: { state: "suspect", why: "no answer to 3 pings", incarnation: 4 }, n2: { state: "alive" } };
    const text = reportText(
      [
        up("n1", { links: { n2: "down", n3: "down", n4: "down" }, members }),
        up("n2", { links: { n1: "down", n3: "up", n4: "down" } }),
        up("n3", { links: { n1: "up", n2: "up", n4: "down" } }),
        down("n4", "connect ECONNREFUSED 10.0.0.4:7401"),
      ],
      options,
    );
    expect(text).toContain("\nn4    ws://n4:7401  down\n");
    expect(text).toContain("n4 is down: refused, nothing listens there (ECONNREFUSED)\n");
    expect(text).toContain("n1 has no link to n3: it is suspect, no answer to 3 pings\n");
    expect(text).toContain("n1 has no link to n2: both answer here, so look at the network between them");
    expect(text).not.toContain("no link to n4");
    expect(text).toContain(
      "member  state    as seen by  incarnation  why\nn3      suspect  n1          4            no answer to 3 pings\n",
    );
  });

  test("is short about members when all are alive", () => {
    const members = { n1: { state: "alive", why: "", incarnation: 1 }, n2: { state: "alive", incarnation: 2 } };
    expect(reportText([up("n1", { members })], options)).toContain(
      "\nmembers: all alive, as every node that answers sees them\n",
    );
  });

  test("shows who keeps hints for whom, and what was dropped", () => {
    const hints = {
      count: 3,
      bytes: 12_500,
      dropped: 2,
      delivered: 30,
      targets: {
        n2: { count: 1, bytes: 200, oldestAgeMs: 500 },
        n3: { count: 2, bytes: 12_300, oldestAgeMs: 181_000 },
      },
    };
    const none = { count: 0, bytes: 0, dropped: 0, targets: {} };
    expect(reportText([up("n1", { hints }), up("n4", { hints: none })], options)).toContain(
      [
        "\nhints waiting",
        "at  for  hints  size   oldest",
        "n1  n2   1      200 B  500 ms",
        "n1  n3   2      12 KB  3 min",
        "handed over since the start: 30 at n1",
        "dropped, and left to anti-entropy: 2 at n1\n",
      ].join("\n"),
    );
    expect(reportText([up("n4", { hints: none })], options)).toContain("\nhints: none waiting\n");
  });

  test("lays out whatever else a node says in objects, by its shape and its names", () => {
    const antiEntropy = {
      treesReady: 256,
      freshPartitions: [1, 2, 3],
      lastRoundSeconds: { n2: 180, n3: null },
      scrub: { doneShare: 0.5, badRecords: 0 },
      peers: { n2: { lastAtMs: 990_000, keysRepaired: 4 }, n3: { lastAtMs: 40_000, keysRepaired: 0, unit: "x" } },
    };
    const latencies = { n2: { averageMs: 1.25, p95Ms: 8 } };
    const text = reportText(
      [up("n1", { antiEntropy, latencies, novelty: { sizeBytes: 2048 }, mood: "fine" })],
      options,
    );
    expect(text).toContain(
      "\nanti-entropy\nnode               n1\ntrees ready        256\nfresh partitions   3\nlast round n2      3 min\nlast round n3      –\nscrub done         50 %\nscrub bad records  0\n",
    );
    expect(text).toContain(
      [
        "anti-entropy, peers",
        "node  of  last        keys repaired  unit",
        "n1    n2  10 s ago    4",
        "n1    n3  16 min ago  0              x\n",
      ].join("\n"),
    );
    expect(text).toContain("\nlatencies\nnode  of  average  p95\nn1    n2  1.3 ms   8 ms\n");
    expect(text).toContain("\nnovelty\nnode  size\nn1    2 KB\n");
    expect(text).not.toContain("fine");
  });

  test("lists the counters that are not nought everywhere, a column per node", () => {
    const counters = { gets: 1, puts: 1, failures: 0, recoveries: 12, lateReplies: 0 };
    expect(reportText([up("n1", { counters }), up("n2")], options)).toContain(
      "\nsince the start  n1  n2\nrecoveries       12  0\n",
    );
    expect(reportText([up("n2")], options)).not.toContain("since the start");
  });

  test("says no counter twice", () => {
    const counters = { keysRepairedHere: 3, recoveries: 2, antiEntropyBytes: 2048 };
    const text = reportText([up("n1", { counters, antiEntropy: { keysRepairedHere: 3, sentBytes: 2048 } })], options);
    expect(text).toContain("\nanti-entropy\nnode  keys repaired here  sent\nn1    3                   2 KB\n");
    expect(text).toContain("\nsince the start  n1\nrecoveries       2\n");
    expect(text.match(/keys repaired here|2 KB/g)).toHaveLength(2);
  });

  test("is turned where a part would be wider than a terminal", () => {
    const antiEntropy = {
      lastRoundSeconds: { n2: 7, n3: 0 },
      keysRepairedHere: 1,
      keysRepairedThere: 2,
      sentBytes: 2048,
      treesReady: 256,
      treesRebuilt: 0,
      freshPartitions: 0,
    };
    const text = reportText([up("n1", { antiEntropy }), up("n2")], options);
    expect(text).toContain("\nanti-entropy\nnode                 n1\nlast round n2        7 s\n");
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test("shows disks that are full and nodes that are overloaded as their state", () => {
    const text = reportText([up("n1", { disk: "full", overloaded: true }), up("n2", { disk: "ok" })], options);
    expect(text).toMatch(/^n1 +\S+ +up, disk full, overloaded +1\/1/m);
    expect(text).toMatch(/^n2 +\S+ +up +1\/1/m);
  });

  test("shows who holds each partition if asked, and who has still to compare it", () => {
    const partitions = [
      ["n1", "n2"],
      ["n2", "n1"],
    ];
    const told = [
      { partition: 0, isReady: false, isFresh: false },
      { partition: 1, isReady: true, isFresh: false },
    ];
    const text = reportText([up("n1", { partitions: told }), down("n2", "gone")], {
      ...options,
      partitions,
    });
    expect(text).toContain(
      [
        "partition  nodes  up   being read at  to be compared at",
        "0          n1 n2  1/2  n1             n1",
        "1          n2 n1  1/2                 n1\n",
      ].join("\n"),
    );
  });

  test("survives whatever a stranger says", () => {
    for (const status of [
      null,
      5,
      "ok",
      [],
      {},
      { links: 3, counters: [], hints: null, members: "x", antiEntropy: [] },
    ])
      expect(reportText([{ node: "n1", url: "ws://n1:1", status }], options)).toMatch(/^n1 +ws:\/\/n1:1 +up/m);
  });
});

test.each([
  ["ws://n1:1 does not answer", "no answer within 1 s"],
  ["ws://n1:1: connect ECONNREFUSED 127.0.0.1:1", "refused, nothing listens there (ECONNREFUSED)"],
  ["ws://n1:1: getaddrinfo ENOTFOUND n1", "its machine's name is unknown (ENOTFOUND)"],
  ["ws://n1:1: the node is stopping", "the node is stopping"],
])("the problem %j is told as %j", (problem, words) => {
  expect(reasonOf("ws://n1:1", problem, 1000)).toBe(words);
});

test("a node is whole if it is up, linked to all others and able to write", () => {
  expect(isWhole(up("n1"))).toBe(true);
  expect(isWhole(up("n1", { disk: "ok" }))).toBe(true);
  expect(isWhole(up("n1", { disk: "full" }))).toBe(false);
  expect(isWhole(up("n1", { links: { n2: "up", n3: "down" } }))).toBe(false);
  expect(isWhole(down("n1", "gone"))).toBe(false);
});
