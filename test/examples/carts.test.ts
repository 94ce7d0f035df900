// How an application tests its own merge in the simulator: this is what sim/README.md tells its readers to write.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { merge } from "coterie/client";
import { simulate, type EndOfSimulation, type Simulation } from "coterie/sim";
import { writePage } from "coterie/sim/page";
import { expect, test } from "vitest";
import { add, addCounted, mergeByMaximum, mergeBySum, type Cart, type CountedCart } from "./carts.ts";

/** Two clients put tea into one cart, now and then. */
const shopping = { nodes: 3, clients: 2, workMs: 5000, seeds: 20 };

/** Adds that may have happened, and those that certainly have. */
function adds({ calls }: EndOfSimulation): { readonly most: number; readonly least: number } {
  const told = calls.filter(({ call }) => call.kind === "update").map(({ told }) => told?.outcome ?? "unknown");
  return { most: told.filter((one) => one !== "none").length, least: told.filter((one) => one === "ok").length };
}

function carts<T>(mergeCarts: (a: T, b: T) => T, addTea: (cart: T | undefined, client: string) => T): Simulation {
  return {
    buckets: { carts: { resolver: merge(mergeCarts) } },
    *workload({ name, random }) {
      for (let calls = 0; calls < 10; calls++) {
        yield { kind: "think", lastsMs: random.exponential(300) };
        yield { kind: "update", bucket: "carts", key: "alice", change: (cart: T | undefined) => addTea(cart, name) };
      }
    },
  };
}

test("a merge that sums is caught, with the fewest calls that show it, and a page that shows why", async () => {
  const { failure } = await simulate(
    () => ({
      ...carts<Cart>(mergeBySum, (cart) => add(cart, "tea")),
      invariant(end) {
        const { tea = 0 } = end.read<Cart>("carts", "alice").value ?? {};
        const { most } = adds(end);
        return tea > most ? `alice's cart holds ${tea} of tea, and only ${most} were added` : undefined;
      },
    }),
    shopping,
  );
  expect(failure?.invariant).toBe("yours");
  expect(failure?.sentence).toBe("alice's cart holds 4 of tea, and only 3 were added");
  expect(failure?.steps).toHaveLength(3);
  expect(failure?.text).toContain("3 of ");

  const folder = mkdtempSync(join(tmpdir(), "carts-"));
  writePage(await failure!.record(), join(folder, "carts.html"));
  expect(readFileSync(join(folder, "carts.html"), "utf8")).toContain(failure!.sentence);
  rmSync(folder, { recursive: true });
});

test("a merge that joins passes, whatever strikes", async () => {
  const report = await simulate(
    () => ({
      ...carts<CountedCart>(mergeByMaximum, (cart, client) => addCounted(cart, "tea", client)),
      invariant(end) {
        const counts = end.read<CountedCart>("carts", "alice").value?.["tea"] ?? {};
        const tea = Object.values(counts).reduce((sum, count) => sum + count, 0);
        const { least, most } = adds(end);
        return tea < least || tea > most ? `alice's cart holds ${tea} of tea, not ${least} to ${most}` : undefined;
      },
    }),
    shopping,
  );
  expect(report.failure?.text).toBeUndefined();
  expect(report.seeds).toBe(20);
});
