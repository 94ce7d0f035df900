// `coterie cluster` and the commands as their users type them: start, use, stop, start again.
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import {
  coterie,
  endAll,
  freePorts,
  isFree,
  Program,
  run,
  runJson,
  settled,
  tempDirectory,
  waiting,
} from "./processes.ts";

afterEach(endAll);

test("a cluster is started, used, stopped with Ctrl-C, and finds its data again on other ports", async () => {
  const data = join(tempDirectory(), "data");
  const port = await freePorts(3);
  const cluster = await startCluster(data, port);
  for (const at of [1, 2, 3])
    expect(cluster.stdout).toContain(
      `node n${at} ready at ws://127.0.0.1:${port + at - 1}, data in ${join(data, `n${at}`)}\n`,
    );
  expect(cluster.stdout).toContain("npx coterie put cart:alice");
  await useCommands(port);

  cluster.signal("SIGINT");
  expect(await cluster.ended).toMatchObject({ code: 0, stderr: "" });
  for (const at of [0, 1, 2]) expect(await isFree(port + at)).toBe(true);

  const otherPort = await freePorts(3);
  const again = await startCluster(data, otherPort);
  const read = await runJson(["get", "cart:alice", "--r", "all"], envOf(otherPort));
  expect(read).toMatchObject({ code: 0, json: { found: true, value: { items: ["tea", "jam"] } } });
  again.signal("SIGTERM");
  expect(await again.ended).toMatchObject({ code: 0, stderr: "" });
});

async function useCommands(port: number): Promise<void> {
  const env = envOf(port);
  expect(await run(["put", "cart:alice", '{"items":["tea"]}'], env)).toMatchObject({
    code: 0,
    stdout: "stored default/cart:alice at 2 of 3 replicas\n",
    stderr: "",
  });
  expect(await run(["get", "cart:alice"], env)).toMatchObject({
    code: 0,
    stdout: `${JSON.stringify({ items: ["tea"] }, undefined, 2)}\n`,
    stderr: "",
  });

  const read = await runJson(["get", "cart:alice", "--r", "all", "--pr", "2", "--timeout", "4000"], env);
  expect(read).toMatchObject({
    code: 0,
    json: {
      key: "cart:alice",
      bucket: "default",
      found: true,
      value: { items: ["tea"] },
      siblings: [{ items: ["tea"] }],
      context: expect.stringMatching(/^[\w-]{20,}$/) as string,
      effective: {
        n: 3,
        r: 3,
        pr: 2,
        timeoutMs: 4000,
        from: { r: "request", pr: "request", timeoutMs: "request", n: "default" },
      },
    },
  });
  expect([...(read.json.answered as string[])].sort()).toEqual(["n1", "n2", "n3"]);

  const strict = await runJson(["get", "cart:alice", "--no-sloppy", "--read-repair", "blocking"], env);
  expect(strict.json.effective).toMatchObject({
    sloppy: false,
    readRepair: "blocking",
    from: { sloppy: "request", readRepair: "request" },
  });

  const context = read.json.context as string;
  const written = await runJson(
    ["put", "cart:alice", "-", "--context", context, "--w", "3", "--pw", "1", "--dw", "one"],
    { ...env, input: '{"items":["tea","jam"]}\n' },
  );
  expect(written).toMatchObject({ code: 0, json: { replaced: null, effective: { w: 3, pw: 1, dw: 1 } } });
  expect((await runJson(["get", "cart:alice"], env)).json.siblings).toEqual([{ items: ["tea", "jam"] }]);

  await useSiblings(env);
  await useDelete(env);
  await useStatus(env, port);
}

async function useSiblings(env: Env): Promise<void> {
  for (const value of ["red", "blue"]) await run(["put", "colour", value, "--blind", "--bucket", "paint"], env);
  const both = await run(["get", "colour", "--bucket", "paint", "--r", "all"], env);
  expect(both.code).toBe(0);
  expect(both.stdout).toMatch(/^--- sibling 1 of 2\n(red|blue)\n--- sibling 2 of 2\n(red|blue)\n$/);
  expect(both.stderr).toContain("paint/colour has 2 siblings");
  expect(await runJson(["get", "colour", "--bucket", "paint"], env)).toMatchObject({
    json: { found: true, value: null },
  });
  const settled = await run(["put", "colour", "violet", "--bucket", "paint", "--r", "all"], env);
  expect(settled.stdout).toBe("stored paint/colour at 2 of 3 replicas, replacing 2 siblings\n");
  expect((await run(["get", "colour", "--bucket", "paint", "--r", "all"], env)).stdout).toBe("violet\n");
}

async function useDelete(env: Env): Promise<void> {
  await run(["set", "gone", "-5"], env);
  expect((await run(["get", "gone", "--r", "all"], env)).stdout).toBe("-5\n");
  expect((await run(["rm", "gone", "--w", "all"], env)).stdout).toBe("deleted default/gone at 3 of 3 replicas\n");
  expect(await run(["get", "gone"], env)).toMatchObject({
    code: 1,
    stdout: "",
    stderr: "coterie: there is nothing under default/gone\n",
  });
  expect(await runJson(["get", "gone"], env)).toMatchObject({
    code: 1,
    json: { found: false, value: null, siblings: [] },
  });
}

async function useStatus(env: Env, port: number): Promise<void> {
  const table = await run(["status", "--url", `127.0.0.1:${port}`]);
  expect(table.code).toBe(0);
  const [head, ...rows] = table.stdout.split("\n\n")[0]!.trimEnd().split("\n");
  expect(head).toMatch(/^node +url +state +links +partitions +open +gets +puts +replica id$/);
  expect(rows).toHaveLength(3);
  for (const [at, row] of rows.entries())
    expect(row).toMatch(
      new RegExp(`^n${at + 1} +ws://127.0.0.1:${port + at} +up +2/2 +8[56] +0 +\\d+ +\\d+ +[0-9a-f]{16}$`),
    );
  const { nodes } = (await runJson(["status"], env)).json as { nodes: { status: { ring: { owned: number } } }[] };
  expect(nodes.reduce((sum, { status }) => sum + status.ring.owned, 0)).toBe(256);
  const { partitions } = (await runJson(["status", "--partitions"], env)).json as { partitions: string[][] };
  expect(partitions).toHaveLength(256);
  for (const holders of partitions) expect([...holders].sort()).toEqual(["n1", "n2", "n3"]);
}

test("a directory in use, one with another number of nodes, and one of somebody else are refused", async () => {
  const directory = tempDirectory();
  const data = join(directory, "data");
  const port = await freePorts(2);
  const cluster = await startCluster(data, port, "--nodes", "2");

  const second = await run(["cluster", "--data", data, "--port", `${await freePorts(2)}`]);
  expect(second).toMatchObject({ code: 1, stdout: "" });
  expect(second.stderr).toContain(`${data} is in use by another process (pid ${cluster.pid})`);
  const asNode = await run(["node", "--id", "n1", "--data", data, "--member", "n1=ws://127.0.0.1:1"]);
  expect(asNode).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("is the directory of a whole local cluster") as string,
  });
  cluster.signal("SIGINT");
  await cluster.ended;

  const other = await run(["cluster", "--data", data, "--nodes", "3", "--port", `${port}`]);
  expect(other).toMatchObject({ code: 2, stdout: "" });
  expect(other.stderr).toContain(`${data} holds a cluster of 2 nodes, and this version cannot change that`);
  const ofNode = await run(["cluster", "--data", join(data, "n1")]);
  expect(ofNode).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("data directory of a single node") as string,
  });
  const foreign = await run(["cluster", "--data", directory]);
  expect(foreign).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("already used by something else") as string,
  });
  await startCluster(data, port);
});

test("a taken port is named, and nothing is left running", async () => {
  const data = join(tempDirectory(), "data");
  const port = await freePorts(3);
  const squatter = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => void squatter.listen(port + 1, "127.0.0.1", resolve));
  const refused = await run(["cluster", "--data", data, "--port", `${port}`]);
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toContain(`node n2 cannot start: port ${port + 1} on 127.0.0.1 is taken by another process`);
  expect(refused.stderr).toContain("coterie: the cluster did not start: node n2: exit code 1");
  expect(await isFree(port)).toBe(true);
  expect(await isFree(port + 2)).toBe(true);
  await new Promise((resolve) => squatter.close(resolve));
  await startCluster(data, port);
});

test("the nodes end with the cluster when it is killed", async () => {
  const data = join(tempDirectory(), "data");
  const port = await freePorts(3);
  const cluster = await startCluster(data, port);
  const pids = [1, 2, 3].map((at) => pidOf(data, `n${at}`));
  await cluster.kill();
  await vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), waiting);
  await startCluster(data, port);
});

test("a node that dies is reported, the others serve, and the command that is told brings it back", async () => {
  const data = join(tempDirectory(), "data");
  const port = await freePorts(3);
  const cluster = await startCluster(data, port);
  await settled([0, 1, 2].map((at) => `ws://127.0.0.1:${port + at}`));
  process.kill(pidOf(data, "n2"), "SIGKILL");
  await vi.waitFor(() => expect(cluster.stderr).toContain("npx coterie node --config"), waiting);
  expect(cluster.stderr).toContain("coterie: node n2 has ended: killed by SIGKILL. 2 of 3 go on.");
  expect(await run(["put", "k", "v"], envOf(port))).toMatchObject({ code: 0 });
  const down = await run(["status"], envOf(port));
  expect(down.code).toBe(1);
  expect(down.stdout).toMatch(/^n2 +\S+ +down$/m);
  expect(down.stdout).toContain("n2 is down: refused, nothing listens there (ECONNREFUSED)");

  const told = /npx coterie (.*)/.exec(cluster.stderr)![1]!.split(" ");
  const back = new Program(process.execPath, [coterie, ...told]);
  await back.printed("node n2 ready");
  await vi.waitFor(async () => expect(await run(["status"], envOf(port))).toMatchObject({ code: 0 }), waiting);
  cluster.signal("SIGINT");
  expect((await cluster.ended).code).toBe(0);
  expect((await back.stop()).code).toBe(0);
});

test("a watch goes on until Ctrl-C, whatever becomes of the nodes", async () => {
  const data = join(tempDirectory(), "data");
  const port = await freePorts(2);
  await startCluster(data, port, "--nodes", "2");
  const watching = ["status", "--watch", "0.1"];
  const text = new Program(process.execPath, [coterie, ...watching], envOf(port));
  const json = new Program(process.execPath, [coterie, ...watching, "--json"], envOf(port));
  await text.printed("n2");
  await json.printed('"status"');
  process.kill(pidOf(data, "n2"), "SIGKILL");
  await text.printed("n2 is down: ");
  await json.printed('"problem"');
  for (const watch of [text, json]) {
    watch.signal("SIGINT");
    expect(await watch.ended).toMatchObject({ code: 0, stderr: "" });
  }
  // Into a pipe goes no control character: blocks, each with its time, or one object per line.
  const blocks = text.stdout.split(/^\d{4}-\d\d-\d\dT[\d:.]+Z\n/m).slice(1);
  expect(blocks.length).toBeGreaterThan(1);
  for (const block of blocks) expect(block).toMatch(/^node +url/);
  expect(text.stdout).not.toContain("\u001b");
  const lines = json.stdout.trimEnd().split("\n");
  for (const line of lines)
    expect(JSON.parse(line)).toMatchObject({
      at: expect.any(String) as string,
      nodes: [{ node: "n1" }, { node: "n2" }],
    });
});

test("a frozen node holds the stop up, until somebody insists", async () => {
  const data = join(tempDirectory(), "data");
  const port = await freePorts(2);
  const cluster = await startCluster(data, port, "--nodes", "2");
  const frozen = pidOf(data, "n1");
  process.kill(frozen, "SIGSTOP");
  cluster.signal("SIGINT");
  await vi.waitFor(async () => expect(await isFree(port + 1)).toBe(true), waiting);
  // Not beyond that: a signal that meets the cluster in its last moment, when Node has put its handlers away, would kill it.
  const insisting = setInterval(() => isRunning(frozen) && cluster.signal("SIGINT"), 50);
  expect(await cluster.ended).toMatchObject({ code: 1 });
  clearInterval(insisting);
  await startCluster(data, port);
});

test("when all nodes have died, so has the cluster", async () => {
  const data = join(tempDirectory(), "data");
  const cluster = await startCluster(data, await freePorts(1), "--nodes", "1");
  process.kill(pidOf(data, "n1"), "SIGKILL");
  expect((await cluster.ended).code).toBe(1);
});

type Env = { readonly env: Readonly<Record<string, string>> };

function envOf(port: number): Env {
  return { env: { COTERIE_URL: `ws://127.0.0.1:${port}` } };
}

async function startCluster(data: string, port: number, ...more: readonly string[]): Promise<Program> {
  const cluster = new Program(process.execPath, [coterie, "cluster", "--data", data, "--port", `${port}`, ...more]);
  await cluster.printed("npx coterie status");
  return cluster;
}

/** As its lock file says. */
function pidOf(data: string, id: string): number {
  return Number(readFileSync(join(data, id, "lock"), "utf8"));
}

/** Nobody may be there to bury an orphan: a zombie is not running. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
