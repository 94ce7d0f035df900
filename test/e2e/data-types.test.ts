// Every replicated data type through a real cluster of three: two clients, real sockets and disks, and what the command line shows of it.
import { afterAll, beforeAll, expect, test } from "vitest";
import { counter, flag, growSet, map, multiRegister, of, register, set, type Client } from "../../client/index.ts";
import { connectTo, endAll, Nodes, run, runJson } from "./processes.ts";

let nodes: Nodes;
let mine: Client;
let theirs: Client;
let env: { readonly env: { readonly COTERIE_URL: string } };

beforeAll(async () => {
  nodes = await Nodes.start(3);
  mine = await connectTo([nodes.urls[0]!]);
  theirs = await connectTo([nodes.urls[1]!]);
  env = { env: { COTERIE_URL: nodes.urls.join(",") } };
});
afterAll(endAll);

/** What both clients do is seen by all: no quorum reads past it. */
const all = { r: "all" } as const;

test("counters count what both clients count, side by side, and are reset", async () => {
  const likes = [mine, theirs].map((kv) => kv.counter("likes"));
  await Promise.all(likes.flatMap((one) => [2, 3, 5].map((amount) => one.increment("post-1", amount))));
  await likes[0]!.decrement("post-1", 4);
  expect(await likes[1]!.get("post-1", all)).toMatchObject({ found: true, value: 16, effective: { r: 3 } });
  await likes[0]!.reset("post-1", all);
  await likes[1]!.increment("post-1");
  expect((await likes[0]!.get("post-1", all)).value).toBe(1);
  await mine.growCounter("visits").increment("home", 2);
  expect(await theirs.growCounter("visits").increment("home", 3, { w: "all", returnValue: true })).toMatchObject({
    changed: true,
    value: 5,
    effective: { w: 3, from: { w: "request" } },
  });
});

test("sets lose what was seen of a removed element, and keep the others", async () => {
  await mine.set<string>("tags").addAll("post-1", ["red", "blue"]);
  await theirs.set<string>("tags").remove("post-1", "red", all);
  expect([...(await mine.set<string>("tags").get("post-1", all)).value]).toEqual(["blue"]);
  await mine.set<string>("bans", { wins: "remove" }).addAll("post-1", ["ann", "bob"]);
  await theirs.set<string>("bans", { wins: "remove" }).remove("post-1", "ann");
  expect([...(await mine.set<string>("bans", { wins: "remove" }).get("post-1", all)).value]).toEqual(["bob"]);
  await Promise.all([mine, theirs].map((kv, at) => kv.growSet("notes").add("post-1", `note ${at}`)));
  expect((await mine.growSet("notes").get("post-1", all)).value.size).toBe(2);
});

test("registers and flags hold what was written last", async () => {
  await mine.register("names").assign("a", { first: "Ann" });
  await theirs.register("names").assign("a", { first: "Anna" });
  expect((await mine.register("names").get("a", all)).value).toEqual({ first: "Anna" });
  await Promise.all([mine, theirs].map((kv, at) => kv.multiRegister("names").assign("b", at)));
  const { values } = await mine.multiRegister("names").get("b", all);
  await mine.multiRegister("names").assign("b", "both", all);
  expect(values.length).toBeGreaterThan(0);
  expect((await theirs.multiRegister("names").get("b", all)).values).toEqual(["both"]);
  for (const wins of ["enable", "disable"] as const) {
    await mine.flag("features", { wins }).enable(wins);
    await theirs.flag("features", { wins }).disable(wins, all);
    expect((await mine.flag("features", { wins }).get(wins, all)).value).toBe(false);
    await theirs.flag("features", { wins }).enable(wins, all);
    expect((await mine.flag("features", { wins }).get(wins, all)).value).toBe(true);
  }
});

test("a map is edited by both clients in one operation each, read without a schema, and deleted whole", async () => {
  const schema = {
    status: register<"open" | "done">(),
    notes: growSet<string>(),
    blockers: set<string>({ wins: "remove" }),
    timeSpent: counter(),
    isUrgent: flag(),
    reviewers: multiRegister<string>(),
    owner: map({ name: register<string>() }),
    labels: of(register<string>()),
  };
  const [tasks, same] = [mine.map("tasks", schema), theirs.map("tasks", schema)];
  await tasks.edit("t1", (t) => {
    t.status.assign("open");
    t.notes.add("call back");
    t.blockers.addAll(["paint", "wood"]);
    t.timeSpent.increment(5);
    t.isUrgent.enable();
    t.reviewers.assign("Bob");
    t.owner.name.assign("Ann");
    t.labels.field("colour").assign("red");
    t.labels.field("size").assign("xl");
  });
  await same.edit(
    "t1",
    (t) => {
      t.status.assign("done");
      t.blockers.remove("paint");
      t.timeSpent.increment(7);
      t.labels.delete("size");
      t.isUrgent.disable();
    },
    all,
  );
  const { value } = await tasks.get("t1", all);
  expect(value).toMatchObject({
    status: "done",
    timeSpent: 12,
    isUrgent: false,
    reviewers: ["Bob"],
    owner: { name: "Ann" },
  });
  expect([[...value.blockers], [...value.labels]]).toEqual([["wood"], [["colour", "red"]]]);

  const shown = await runJson(["get", "t1", "--bucket", "tasks", "--r", "all"], env);
  expect(shown).toMatchObject({
    code: 0,
    json: {
      found: true,
      type: "map",
      value: {
        status: "done",
        notes: ["call back"],
        blockers: ["wood"],
        timeSpent: 12,
        reviewers: ["Bob"],
        owner: { name: "Ann" },
        labels: { colour: "red" },
      },
      siblings: [],
    },
  });
  await same.delete("t1", all);
  expect((await tasks.get("t1", all)).found).toBe(false);
  expect(await run(["get", "t1", "--bucket", "tasks", "--r", "all"], env)).toMatchObject({ code: 1, stdout: "" });
});

test("a key of one type is refused to the handles of others, in a sentence that names the right one", async () => {
  await mine.counter("mixed").increment("a");
  expect((await run(["get", "a", "--bucket", "mixed"], env)).stdout).toBe("1\n");
  const right = 'mixed/a holds a counter, for which there is counter("mixed")';
  for (const read of [
    () => mine.set("mixed").get("a"),
    () => mine.bucket("mixed").get("a"),
    () => mine.bucket("mixed").get("a", { head: true }),
  ])
    await expect(read()).rejects.toMatchObject({ code: "INVALID_ARGUMENT", outcome: "none", message: right });
  const refused = "holds a counter, for which there is counter(";
  for (const write of [
    () => mine.set("mixed").add("a", 1),
    () => mine.bucket("mixed").put("a", 1),
    () => mine.bucket("mixed").delete("a"),
  ])
    await expect(write()).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(refused) as string,
    });
  expect((await run(["put", "a", "1", "--bucket", "mixed"], env)).stderr).toContain(right);
  await mine.bucket("mixed").put("b", "plain");
  await expect(mine.counter("mixed").get("b")).rejects.toMatchObject({
    message: 'mixed/b holds a value, for which there is bucket("mixed")',
  });
  await expect(mine.counter("mixed").increment("b")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});

test("a node that dies in the middle does not make anything count twice", async () => {
  const likes = mine.counter("likes", { timeoutMs: 20_000 });
  const counted = Array.from({ length: 60 }, async (_, at) => {
    if (at === 30) await nodes.nodes[2]!.kill();
    return likes.increment("post-2");
  });
  const outcomes = await Promise.allSettled(counted);
  const done = outcomes.filter(({ status }) => status === "fulfilled").length;
  const { value } = await likes.get("post-2");
  expect(value).toBeGreaterThanOrEqual(done);
  expect(value).toBeLessThanOrEqual(60);
});
