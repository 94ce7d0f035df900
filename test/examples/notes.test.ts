// Pages that several people edit, on the shipped store under drawn faults: no acknowledged edit is ever lost, none is there twice.
import { expect, test } from "vitest";
import * as Y from "yjs";
import { merge, type Resolver } from "../../client/resolver.ts";
import { document } from "../../client/yjs.ts";
import { simulate, type Simulation } from "../../sim/index.ts";

/** An edit of its own author each time: one whose outcome is unknown may come to light later, and must not share its names. */
function append(page: Uint8Array | undefined, author: number, text: string): Uint8Array {
  const doc = new Y.Doc();
  if (page !== undefined) Y.applyUpdate(doc, page);
  doc.clientID = author;
  doc.getArray<string>("lines").push([text]);
  doc.getText("body").insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

function linesOf(page: Uint8Array | undefined): readonly string[] {
  const doc = new Y.Doc();
  if (page !== undefined) Y.applyUpdate(doc, page);
  return doc.getArray<string>("lines").toArray();
}

function pages(resolver: Resolver<Uint8Array> = document): Simulation {
  const acknowledged: string[] = [];
  return {
    buckets: { notes: { resolver } },
    *workload({ name, random }) {
      for (let edits = 0; edits < 15; edits++) {
        yield { kind: "think", lastsMs: random.exponential(150) };
        const text = `${name}.${edits} `;
        const author = random.next();
        const change = (page: Uint8Array | undefined): Uint8Array => append(page, author, text);
        const told = yield { kind: "update", bucket: "notes", key: "page-1", change };
        if (told?.outcome === "ok") acknowledged.push(text);
      }
    },
    invariant({ read }) {
      const lines = linesOf(read<Uint8Array>("notes", "page-1").value);
      const lost = acknowledged.filter((text) => !lines.includes(text));
      if (lost.length > 0) return `acknowledged and not there: ${lost.join(", ")}`;
      return new Set(lines).size === lines.length ? undefined : "an edit is there twice";
    },
  };
}

test("every acknowledged edit is there once, whatever strikes the nodes and the network", async () => {
  const report = await simulate(() => pages(), { seed: 1, seeds: 6, shrinkRunsMax: 0 });
  expect(report.failure?.text).toBeUndefined();
  expect(report.calls).toBeGreaterThan(200);
});

test("a merge that keeps one of two pages is caught", async () => {
  const { failure } = await simulate(() => pages(merge((a) => a)), { seed: 1, seeds: 6, shrinkRunsMax: 0 });
  expect(failure?.sentence).toContain("acknowledged and not there: ");
});
