// Documents merge alike in whatever order, and lose no edit: by law, by the handle, and across a partition of the shipped nodes.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { openClient, type Client } from "../../client/client.ts";
import { nodeMerge } from "../../client/resolver.ts";
import { document, documents, mergeDocuments } from "../../client/yjs.ts";
import type { Merge } from "../../node/merges.ts";
import { makeKey } from "../../src/key.ts";
import { decodeValue, encodeValue } from "../../src/value.ts";
import { Cluster } from "../node/cluster.ts";
import { connectTo, FakeNode, tooFew } from "./fake-node.ts";
import { FakeRuntime, ringOf, welcomeOf } from "./fake-runtime.ts";

/** One change by one author; places are shares of what is there. */
type Change = (doc: Y.Doc) => void;

const at = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const letters = fc.string({ minLength: 1, maxLength: 3 });
const name = fc.constantFrom("a", "b");
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(at, letters).map(
    ([share, text]): Change =>
      (doc) =>
        insertInto(doc.getText("body"), share, text),
  ),
  fc.tuple(at, at).map(
    ([share, end]): Change =>
      (doc) =>
        within(doc.getText("body"), share, end, (body, from, length) => body.delete(from, length)),
  ),
  fc.tuple(at, at, fc.boolean()).map(
    ([share, end, bold]): Change =>
      (doc) =>
        within(doc.getText("body"), share, end, (body, from, length) =>
          body.format(from, length, { bold: bold || null }),
        ),
  ),
  fc.tuple(name, fc.nat(9)).map(
    ([field, value]): Change =>
      (doc) =>
        doc.getMap("fields").set(field, value),
  ),
  name.map(
    (field): Change =>
      (doc) =>
        doc.getMap("fields").delete(field),
  ),
  fc.tuple(name, letters).map(
    ([field, text]): Change =>
      (doc) =>
        doc.getMap("fields").set(field, new Y.Text(text)),
  ),
  fc.tuple(name, at, letters).map(([field, share, text]): Change => (doc) => {
    const nested = doc.getMap("fields").get(field);
    if (nested instanceof Y.Text) insertInto(nested, share, text);
  }),
  fc.tuple(name, at, at).map(([field, share, end]): Change => (doc) => {
    const nested = doc.getMap("fields").get(field);
    if (nested instanceof Y.Text)
      within(nested, share, end, (text, from, length) => text.format(from, length, { slanted: share < 0.5 || null }));
  }),
  fc.tuple(at, fc.nat(9)).map(([share, value]): Change => (doc) => {
    const list = doc.getArray("list");
    list.insert(Math.floor(share * (list.length + 1)), [value]);
  }),
  at.map((share): Change => (doc) => {
    const list = doc.getArray("list");
    if (list.length > 0) list.delete(Math.floor(share * list.length));
  }),
);

function insertInto(text: Y.Text, share: number, letter: string): void {
  text.insert(Math.floor(share * (text.length + 1)), letter);
}

function within(
  text: Y.Text,
  share: number,
  end: number,
  act: (text: Y.Text, from: number, length: number) => void,
): void {
  const from = Math.floor(share * text.length);
  if (text.length > 0) act(text, from, 1 + Math.floor(end * (text.length - from)));
}

/**
 * Three states of one document as replicas may come to hold them: authors 2 to 4 have each gone on from what author 1 wrote, or from
 * what the one before them had.
 */
const threeStates: fc.Arbitrary<readonly [Uint8Array, Uint8Array, Uint8Array]> = fc
  .tuple(
    fc.array(change, { maxLength: 8 }),
    ...tupleOfThree(fc.tuple(fc.array(change, { maxLength: 8 }), fc.boolean())),
  )
  .map(([base, ...edits]) => {
    const began = edited(undefined, 1, base);
    const states: Uint8Array[] = [];
    for (const [author, [changes, goesOn]] of edits.entries())
      states.push(edited(goesOn ? (states.at(-1) ?? began) : began, author + 2, changes));
    return [states[0]!, states[1]!, states[2]!] as const;
  });

function tupleOfThree<T>(one: T): [T, T, T] {
  return [one, one, one];
}

function edited(state: Uint8Array | undefined, author: number, changes: readonly Change[]): Uint8Array {
  const doc = new Y.Doc();
  if (state !== undefined) Y.applyUpdate(doc, state);
  doc.clientID = author;
  for (const act of changes) act(doc);
  return mergeDocuments(Y.encodeStateAsUpdate(doc), Y.encodeStateAsUpdate(doc));
}

/** What an application sees. */
function seen(state: Uint8Array): unknown {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, state);
  return [doc.getText("body").toDelta(), doc.getMap("fields").toJSON(), doc.getArray("list").toJSON()];
}

describe("merging documents", () => {
  const runs = { numRuns: 1000 };

  test("is commutative, associative and idempotent, to the byte", () => {
    // Design §8: the laws of a merge. To the byte, because readers compare, and because what is merged may be written back.
    fc.assert(
      fc.property(threeStates, ([a, b, c]) => {
        expect(mergeDocuments(b, a)).toEqual(mergeDocuments(a, b));
        expect(mergeDocuments(a, mergeDocuments(b, c))).toEqual(mergeDocuments(mergeDocuments(a, b), c));
        expect(mergeDocuments(a, a)).toEqual(a);
        expect(mergeDocuments(mergeDocuments(a, b), a)).toEqual(mergeDocuments(a, b));
      }),
      runs,
    );
  });

  test("gives what Yjs gives to somebody who is sent all updates", () => {
    // Beside the laws, which a merge that forgets everything would keep too.
    fc.assert(
      fc.property(threeStates, (states) => {
        const doc = new Y.Doc();
        for (const state of states) Y.applyUpdate(doc, state);
        expect(seen(states.reduce(mergeDocuments))).toEqual(seen(Y.encodeStateAsUpdate(doc)));
      }),
      runs,
    );
  });

  test("refuses what is no update, with a sentence", () => {
    const state = edited(undefined, 1, [(doc) => doc.getText("body").insert(0, "hello")]);
    expect(() => mergeDocuments(state, "hello" as never)).toThrow("a document is a Yjs update, as bytes, not string");
    expect(() => mergeDocuments(Uint8Array.of(9, 9, 9), state)).toThrow("these 3 bytes are no Yjs update");
  });

  test("is a resolver of buckets", () => {
    const states = ["one ", "two "].map((text, from) =>
      edited(undefined, from + 1, [(doc) => doc.getText("body").insert(0, text)]),
    );
    expect(document).toMatchObject({ kind: "merge", merge: mergeDocuments });
    expect(states.reduce(mergeDocuments)).toEqual(mergeDocuments(states[1]!, states[0]!));
  });
});

describe("a document", () => {
  async function notesOf(node = new FakeNode("n1", { defaults: {}, buckets: {} })) {
    const { client, runtime } = await connectTo(node);
    return { node, client, runtime, notes: documents(client, "notes") };
  }

  function append(text: string): Change {
    return (doc) => doc.getText("body").insert(doc.getText("body").length, text);
  }

  /** What everybody has stored under the key, as it is. */
  async function siblingsOf({ client, runtime }: Awaited<ReturnType<typeof notesOf>>): Promise<readonly Uint8Array[]> {
    return (await runtime.run(client.bucket<Uint8Array>("notes").get("page-1"))).siblings;
  }

  test("that is not there is empty, one that was edited has the edits, and deleted it is empty again", async () => {
    const { runtime, notes } = await notesOf();
    expect((await runtime.run(notes.get("page-1"))).getText("body").toJSON()).toBe("");
    await runtime.run(notes.edit("page-1", append("hello")));
    const written = await runtime.run(notes.edit("page-1", append(", world")));
    expect(written.getText("body").toJSON()).toBe("hello, world");
    expect((await runtime.run(notes.get("page-1"))).getText("body").toJSON()).toBe("hello, world");
    await runtime.run(notes.delete("page-1"));
    expect((await runtime.run(notes.get("page-1"))).getText("body").toJSON()).toBe("");
  });

  test("never shows siblings, and an edit replaces them by what they amount to", async () => {
    const side = await notesOf();
    const other = await notesOf(side.node);
    for (const text of ["one ", "two "]) {
      const state = edited(undefined, text.length + text.charCodeAt(0), [append(text)]);
      side.node.writeBlind(makeKey("notes", "page-1"), encodeValue(state));
    }
    expect(await siblingsOf(side)).toHaveLength(2);
    const both = (await side.runtime.run(side.notes.get("page-1"))).getText("body").toJSON();
    expect(["one two ", "two one "]).toContain(both);
    await side.runtime.run(side.notes.edit("page-1", append("three")));
    expect(await siblingsOf(side)).toHaveLength(1);
    expect((await other.runtime.run(other.notes.get("page-1"))).getText("body").toJSON()).toBe(`${both}three`);
  });

  test("that two edit at once from one handle has both edits", async () => {
    // Two changes with one name would be one change: edits of a handle wait for each other.
    const { runtime, notes } = await notesOf();
    await runtime.run(Promise.all(["one ", "two ", "three "].map((text) => notes.edit("page-1", append(text)))));
    expect((await runtime.run(notes.get("page-1"))).getText("body").toJSON()).toBe("one two three ");
  });

  test("whose edit may have been stored gets the next edit under another name", async () => {
    // A put that failed with outcome `unknown` may come to light later, with changes that the next edit has not seen.
    const { node, runtime, notes } = await notesOf();
    const first = await runtime.run(notes.edit("page-1", append("base ")));
    const failing = notes.edit("page-1", (doc) => {
      append("perhaps ")(doc);
      node.failures.push(...Array.from({ length: 100 }, () => tooFew));
    });
    await expect(runtime.run(failing)).rejects.toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" });
    node.failures.length = 0;
    const put = node.requests.at(-1);
    if (put?.kind !== "Put" || put.value === undefined) throw new Error("the last try was no put");
    const next = await runtime.run(notes.edit("page-1", append("next ")));
    expect(next.clientID).not.toBe(first.clientID);
    const surfaced = mergeDocuments(decodeValue(put.value) as Uint8Array, Y.encodeStateAsUpdate(next));
    expect(seen(surfaced)).toMatchObject([
      [{ insert: expect.stringMatching(/^base (perhaps next|next perhaps) $/) as string }],
      {},
      [],
    ]);
  });

  test("is edited under one name as long as the reads have all that was written under it", async () => {
    const { node, runtime, notes } = await notesOf();
    const first = await runtime.run(notes.edit("page-1", append("a")));
    expect((await runtime.run(notes.edit("page-1", append("b")))).clientID).toBe(first.clientID);
    // A replica that lags, or has lost it: under the old name the next change would be called as one that is elsewhere.
    await runtime.run(notes.delete("page-1"));
    node.writeBlind(makeKey("notes", "page-1"), encodeValue(edited(undefined, 1, [append("old")])));
    expect((await runtime.run(notes.edit("page-1", append("c")))).clientID).not.toBe(first.clientID);
  });

  test("is not written by an edit that changes nothing, nor by one that throws", async () => {
    const { node, runtime, notes } = await notesOf();
    await runtime.run(notes.edit("page-1", append("hello")));
    const before = node.requests.length;
    await runtime.run(notes.edit("page-1", () => undefined));
    const failing = notes.edit("page-1", () => {
      throw new Error("no ink");
    });
    await expect(runtime.run(failing)).rejects.toThrow("no ink");
    expect(node.requests.slice(before).map(({ kind }) => kind)).toEqual(["Get", "Get"]);
    await runtime.run(notes.edit("page-1", append("!")));
    expect((await runtime.run(notes.get("page-1"))).getText("body").toJSON()).toBe("hello!");
  });

  test("that is none is refused, and what is stored stays", async () => {
    const { node, runtime, notes } = await notesOf();
    node.writeBlind(makeKey("notes", "page-1"), encodeValue({ text: "hello" }));
    await expect(runtime.run(notes.edit("page-1", append("!")))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "a document is a Yjs update, as bytes, not object",
    });
    expect(node.requests.map(({ kind }) => kind)).toEqual(["Get"]);
  });

  test("stays small: a thousand edits of a page by one handle, with as much deleted as is left", async () => {
    // A new author for every edit would cost some twenty bytes each time; a thousand appended letters in a row are one piece.
    const side = await notesOf();
    const { runtime, notes } = side;
    for (let edits = 0; edits < 1000; edits++) await runtime.run(notes.edit("page-1", append("x")));
    const [typed] = await siblingsOf(side);
    expect(typed!.length).toBeLessThan(1100);
    await runtime.run(notes.edit("page-1", (doc) => doc.getText("body").delete(1, 998)));
    const [deleted] = await siblingsOf(side);
    expect(deleted!.length).toBeLessThan(100);
  });
});

describe("two sides of a partition", () => {
  /** The shipped client, on one of the nodes of a test's cluster. */
  async function clientAt(
    cluster: Cluster,
    node: string,
  ): Promise<{ readonly client: Client; readonly runtime: FakeRuntime }> {
    const runtime = new FakeRuntime(node.charCodeAt(1));
    runtime.onSocket = (socket) => {
      socket.onFrame = (messages) =>
        runtime.schedule(1, () => {
          for (const message of messages) {
            if (message.kind === "Hello") socket.say(welcomeOf(node, ringOf(1), cluster.options));
            if (message.kind !== "Get" && message.kind !== "Put") continue;
            const request = cluster.request(node, message);
            cluster.settle();
            socket.say(request.answer!);
          }
        });
      runtime.schedule(1, () => socket.open());
    };
    return { client: await runtime.run(openClient([`ws://${node}:7400`], {}, runtime)), runtime };
  }

  test("edit one page; after healing both edits are there, for every reader", async () => {
    // Demand 4: text and documents through the Yjs library as a resolver. The nodes and the client are the shipped ones.
    const merges = { notes: mergeDocuments as Merge };
    const cluster = new Cluster({ options: { defaults: {}, buckets: { notes: { w: 1, r: 1, dw: 1 } } }, merges });
    const [here, there] = [await clientAt(cluster, "n1"), await clientAt(cluster, "n2")];
    const mine = documents(here.client, "notes");
    const theirs = documents(there.client, "notes");
    await here.runtime.run(mine.edit("page-1", (doc) => doc.getText("body").insert(0, "the plan")));
    cluster.isolate("n1");
    await here.runtime.run(mine.edit("page-1", (doc) => doc.getText("body").insert(0, "Mine: ")));
    await there.runtime.run(
      theirs.edit("page-1", (doc) => {
        doc.getText("body").insert("the plan".length, " of theirs");
        doc.getMap("fields").set("author", "them");
      }),
    );
    const alone = (await here.runtime.run(mine.get("page-1"))).getText("body").toJSON();
    expect(alone).toBe("Mine: the plan");
    for (const other of ["n2", "n3"]) cluster.linkUp("n1", other);
    cluster.settle();

    const notes = here.client.bucket<Uint8Array>("notes");
    expect((await here.runtime.run(notes.get("page-1", { r: 3 }))).siblings).toHaveLength(2);
    cluster.settle();
    for (const [side, { runtime, client }] of [
      [mine, here],
      [theirs, there],
    ] as const) {
      const doc = await runtime.run(side.get("page-1"));
      expect(doc.getText("body").toJSON()).toBe("Mine: the plan of theirs");
      expect(doc.getMap("fields").toJSON()).toEqual({ author: "them" });
      // A reader that has no Yjs has the node merge, and gets the same bytes.
      const read = await runtime.run(client.bucket("notes").get("page-1", { resolver: nodeMerge }));
      expect(read.siblings).toHaveLength(2);
      expect(new Uint8Array(read.value as Uint8Array)).toEqual(Y.encodeStateAsUpdate(doc));
    }
  });
});
