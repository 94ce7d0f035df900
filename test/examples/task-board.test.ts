// A task of a task board, edited on two sides of a partition: this is the example of the README. Nothing of either side's work is lost.
import { expect, test } from "vitest";
import { SimulatedCluster } from "./simulated-cluster.ts";
import { open, report, taskBoard } from "./task-board.ts";

test("two clients on two sides of a partition edit one task, and after healing both see the work of both", async () => {
  const cluster = await SimulatedCluster.start();
  const ann = taskBoard(await cluster.connect("ann"));
  const bob = taskBoard(await cluster.connect("bob"));
  await cluster.play(open(ann, "fence", ["paint"]));

  cluster.cut(["ann"], ["bob"]);
  await cluster.play(report(ann, "fence", { note: "sanded it", minutes: 40, status: "in progress" }));
  await cluster.play(ann.edit("fence", (t) => t.blockers.add("dry weather")));
  await cluster.play(bob.edit("fence", (t) => (t.blockers.remove("paint"), t.blockers.add("a second brush"))));
  await cluster.play(report(bob, "fence", { note: "painted it", minutes: 90, status: "done" }));
  expect((await cluster.play(ann.get("fence"))).value.status).toBe("in progress");
  expect((await cluster.play(bob.get("fence"))).value.status).toBe("done");

  await cluster.heal(["ann"], ["bob"]);
  for (const board of [ann, bob]) {
    const { value } = await cluster.play(board.get("fence"));
    expect([...value.notes].sort()).toEqual(["painted it", "sanded it"]);
    expect([...value.blockers].sort()).toEqual(["a second brush", "dry weather"]); // the paint was there: both had seen it
    expect(value.timeSpent).toBe(130);
    expect(value.status).toBe("done"); // it was set later
  }
});

test("a blocker that one removes while the other adds it again stays", async () => {
  const cluster = await SimulatedCluster.start();
  const ann = taskBoard(await cluster.connect("ann"));
  const bob = taskBoard(await cluster.connect("bob"));
  await cluster.play(open(ann, "fence", ["paint"]));
  cluster.cut(["ann"], ["bob"]);
  await cluster.play(ann.edit("fence", (t) => t.blockers.remove("paint")));
  await cluster.play(bob.edit("fence", (t) => t.blockers.add("paint")));
  await cluster.heal(["ann"], ["bob"]);
  for (const board of [ann, bob])
    expect([...(await cluster.play(board.get("fence"))).value.blockers]).toEqual(["paint"]);
});

test("a task that one deletes while the other works on it keeps that work, and nothing else", async () => {
  const cluster = await SimulatedCluster.start();
  const ann = taskBoard(await cluster.connect("ann"));
  const bob = taskBoard(await cluster.connect("bob"));
  await cluster.play(report(ann, "fence", { note: "sanded it", minutes: 40, status: "in progress" }));
  cluster.cut(["ann"], ["bob"]);
  await cluster.play(ann.delete("fence"));
  await cluster.play(report(bob, "fence", { note: "painted it", minutes: 90, status: "done" }));
  await cluster.heal(["ann"], ["bob"]);
  const { value } = await cluster.play(ann.get("fence"));
  expect(value).toMatchObject({ status: "done", timeSpent: 90 });
  expect([...value.notes]).toEqual(["painted it"]);
});
