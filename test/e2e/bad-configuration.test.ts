// Directories, ports and configurations that cannot be are refused in a sentence: which field, which value, what is allowed.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { checkConfig } from "../../node/io/config.ts";
import { startNode } from "../../node/io/index.ts";
import { coterie, endAll, freePorts, Nodes, Program, run, tempDirectory } from "./processes.ts";

describe("data directories and ports", () => {
  afterEach(endAll);

  test("a second process on one directory", async () => {
    const nodes = await Nodes.start(1, { defaults: { n: 1 } });
    const node = nodes.nodes[0]!;
    const second = await run(["node", "--config", `${node.data}.json`]);
    expect(second).toMatchObject({ code: 1, stdout: "" });
    expect(second.stderr).toBe(
      `coterie: node n1 cannot start: the data directory ${node.data} is in use by another process (pid ${node.program.pid}) (STORAGE)\n`,
    );
  });

  test("a taken port, which leaves no new directory behind", async () => {
    const { url } = (await Nodes.start(1, { defaults: { n: 1 } })).nodes[0]!;
    const member = `n1=${url}`;
    const data = join(tempDirectory(), "n1");
    const second = await run(["node", "--id", "n1", "--data", data, "--member", member]);
    expect(second).toMatchObject({ code: 1, stdout: "" });
    const sentence = `port ${new URL(url).port} on 127.0.0.1 is taken by another process`;
    expect(second.stderr).toBe(`coterie: node n1 cannot start: ${sentence} (INVALID_ARGUMENT)\n`);
    expect(existsSync(data)).toBe(false);
    const embedded = startNode({ id: "n1", data, members: [{ id: "n1", url }] });
    await expect(embedded).rejects.toMatchObject({ code: "INVALID_ARGUMENT", message: sentence });
    expect(existsSync(data)).toBe(false);
    // One that is there already, as a mount point is, may be used later all the same.
    mkdirSync(data);
    expect((await run(["node", "--id", "n1", "--data", data, "--member", member])).code).toBe(1);
    expect(readdirSync(data)).toContain("lock");
    const port = await freePorts(1);
    const later = new Program(process.execPath, [
      coterie,
      "node",
      "--id",
      "n1",
      "--data",
      data,
      "--member",
      `n1=ws://127.0.0.1:${port}`,
    ]);
    await later.printed("node n1 ready");
    expect(await later.stop()).toMatchObject({ code: 0, stdout: expect.stringContaining("node n1 stopped") as string });
  });

  test("a directory of somebody else, and one where nothing can be written", async () => {
    const foreign = tempDirectory();
    writeFileSync(join(foreign, "thesis.tex"), "");
    const paths = [
      [foreign, "is already used by something else"],
      [join(foreign, "thesis.tex"), "cannot be used"],
      ["/proc/coterie", "cannot be used"],
    ] as const;
    for (const [path, sentence] of paths) {
      const refused = await run(["node", "--id", "n1", "--data", path, "--member", "n1=ws://127.0.0.1:1"]);
      expect(refused).toMatchObject({ code: 1, stdout: "" });
      expect(refused.stderr).toContain(path);
      expect(refused.stderr).toContain(sentence);
    }
  });
});

describe("configurations", () => {
  afterAll(endAll);

  const members = [{ id: "n1", url: "ws://127.0.0.1:1" }];
  const good = { id: "n1", members, data: "data" };
  test.each<readonly [what: string, config: unknown, sentences: readonly string[]]>([
    ["no JSON", "{", ["is not JSON"]],
    ["no object", [good], ["must be a JSON object"]],
    ["nothing in it", {}, ["id, members and data are missing. What a node must know comes by --config"]],
    ["another name", { ...good, id: "n2" }, ['id is "n2", which is none of the members: n1']],
    [
      "a name of other characters",
      { ...good, members: [{ id: "n 1", url: "ws://127.0.0.1:1" }] },
      ['members.0.id is "n 1"', "letters, digits"],
    ],
    [
      "another address",
      { ...good, members: [{ id: "n1", url: "127.0.0.1:1" }] },
      ['members.0.url is "127.0.0.1:1"', "looks like ws://"],
    ],
    [
      "two of one name",
      { ...good, members: [...members, { id: "n1", url: "ws://127.0.0.1:2" }] },
      ["two have the name n1"],
    ],
    [
      "two at one address",
      { ...good, members: [...members, { id: "n2", url: "ws://127.0.0.1:1" }] },
      ["two have the url"],
    ],
    ["a port above all", { ...good, port: 70_000 }, ["port is 70000", "65535"]],
    ["partitions of no power", { ...good, partitions: 100 }, ["partitions is 100", "a power of two"]],
    [
      "a level that is none",
      { ...good, logLevel: "loud" },
      ['logLevel is "loud": it must be one of debug, info, warn'],
    ],
    [
      "a misspelt field",
      { ...good, data: undefined, dta: "d" },
      ["coterie: dta: unknown field; did you mean data? (INVALID_ARGUMENT)\n"],
    ],
    [
      "tuning that does not fit together",
      { ...good, tuning: { tombstoneAgeMs: 1000 } },
      ["tuning.tombstoneAgeMs is 1000: it must be above tuning.hintAgeMsMax, by default 10800000"],
    ],
    [
      "a field that is none",
      { ...good, cluserSecret: "12345678" },
      ["cluserSecret: unknown field; did you mean clusterSecret?"],
    ],
    [
      "a short secret, without saying it",
      { ...good, clusterSecret: "hush" },
      ["clusterSecret: it must have at least 8 characters"],
    ],
    ["defaults that cannot be", { ...good, defaults: { w: 4 } }, ["w is 4, more than n, which is 3"]],
    [
      "a bucket's options that cannot be",
      { ...good, buckets: { carts: { n: 2, dw: 3 } } },
      ["dw is 3, more than w, which is 2"],
    ],
    [
      "every network, without TLS",
      { ...good, host: "0.0.0.0" },
      ["host is 0.0.0.0, beyond this machine", "--insecure"],
    ],
  ])("%s", async (_, config, sentences) => {
    const directory = tempDirectory();
    const path = join(directory, "n1.json");
    writeFileSync(path, typeof config === "string" ? config : JSON.stringify(config));
    const refused = await run(["node", "--config", path], { cwd: directory });
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    for (const sentence of sentences) expect(refused.stderr).toContain(sentence);
    expect(refused.stderr).not.toContain("hush");
  });

  test("a file that is not there, flags that are wrong, and no configuration at all", async () => {
    const directory = tempDirectory();
    mkdirSync(join(directory, "n1.json"));
    const cases: readonly (readonly [readonly string[], string])[] = [
      [["--config", join(directory, "nowhere.json")], "the configuration cannot be read: ENOENT"],
      [["--config", join(directory, "n1.json")], "the configuration cannot be read: EISDIR"],
      [["--member", "n1"], "A member looks like n1=ws://127.0.0.1:7401"],
      [["--port", "http"], "It is a whole number from 0 to 65535."],
      [["--cluster-secret", "12345678"], "unknown option '--cluster-secret'"],
      [[], "id, members and data are missing. What a node must know comes by --config FILE, or by --id"],
      [["--id", "n1", "--data", "d", "--member", "n1=ws://127.0.0.1:1", "--host", "0.0.0.0"], "beyond this machine"],
    ];
    for (const [args, sentence] of cases) {
      const refused = await run(["node", ...args], { cwd: directory });
      expect(refused).toMatchObject({ code: 2, stdout: "" });
      expect(refused.stderr).toContain(sentence);
    }
  });

  test("an IPv6 address stands in brackets in a URL, and nowhere else", () => {
    const { host, port } = checkConfig({ ...good, members: [{ id: "n1", url: "ws://[::1]:7401" }] });
    expect({ host, port }).toEqual({ host: "::1", port: 7401 });
  });

  test("a node listens on every network when it is told so", async () => {
    const port = await freePorts(1);
    const args = [
      "--id",
      "n1",
      "--data",
      join(tempDirectory(), "n1"),
      "--member",
      `n1=ws://127.0.0.1:${port}`,
      "--host",
      "0.0.0.0",
    ];
    const node = new Program(process.execPath, [coterie, "node", ...args, "--insecure"]);
    await node.printed("node n1 ready");
    expect(await node.stop()).toMatchObject({ code: 0 });
  });
});
