/**
 * `coterie/yjs`: texts and documents that are edited side by side, by the Yjs library (an optional peer dependency: `npm install yjs`).
 * A document is stored as one Yjs update; siblings are merged by joining what they hold, so no edit is lost and nobody sees siblings.
 *
 *     const notes = documents(kv, "notes");
 *     await notes.edit("page-1", (doc) => doc.getText("body").insert(0, "hello"));
 *     const doc = await notes.get("page-1");
 *
 * - Equal documents are equal bytes, in whatever order and grouping they were merged. `Y.mergeUpdates` alone does not do that: where two
 *   updates hold one range cut differently its bytes depend on the order. So everything is joined in a fresh document and encoded anew.
 * - Yjs names each change by (author, clock), as dots name writes. An author's clock must never go back, or two changes would have one
 *   name and one of them be lost: the author of an edit is used again only while the document that is read holds all of his.
 * - Deleted text leaves its place behind and no content; edits by one handle of a page in a row are one author's, and stay small.
 */
import * as Y from "yjs";
import { equalBytes } from "../src/bytes.ts";
import { CoterieError, invalidArgument } from "../src/errors.ts";
import type { RequestOptions } from "../src/options.ts";
import type { Bucket } from "./bucket.ts";
import type { Client } from "./client.ts";
import type { Context } from "./context.ts";
import { merge, siblings, type Resolver } from "./resolver.ts";

/** Pages whose author is remembered. One that has fallen out gets a new author: some twenty bytes more, and no harm. */
const authorsMax = 10_000;

/** Who has written a page here last, and how many changes he has made by then. */
interface Author {
  readonly id: number;
  readonly clock: number;
}

/**
 * Joins two documents, each a Yjs update of its whole state. A module that re-exports it as its default is a merge for a node's
 * configuration.
 * @throws CoterieError INVALID_ARGUMENT for what is no Yjs update
 */
export function mergeDocuments(a: Uint8Array, b: Uint8Array): Uint8Array {
  return Y.encodeStateAsUpdate(join([a, b]));
}

/** For buckets whose values are Yjs updates of whole documents. */
export const document: Resolver<Uint8Array> = merge(mergeDocuments);

/**
 * The documents of a bucket.
 * @param kv a client
 * @param bucket its name; every value in it is a document
 * @param options as for `bucket`: n, r, w, …
 */
export function documents(
  kv: Pick<Client, "bucket">,
  bucket: string,
  options: Omit<RequestOptions, "resolver"> = {},
): Documents {
  return new Documents(kv.bucket<Uint8Array>(bucket, { ...options, resolver: siblings }));
}

export class Documents {
  /** Without a resolver: all siblings are joined at once. */
  readonly #bucket: Bucket<Uint8Array>;
  /** By key, least recently edited first. */
  readonly #authors = new Map<string, Author>();
  /** By key, the end of the edits that were begun here: two at a time would name different changes alike. */
  readonly #edits = new Map<string, Promise<void>>();

  constructor(bucket: Bucket<Uint8Array>) {
    this.#bucket = bucket;
  }

  /**
   * Reads a document: a copy, whose changes go nowhere. One that is not there is empty.
   * @throws CoterieError as `Bucket.get`; INVALID_ARGUMENT if what is stored is no document
   */
  async get(key: string): Promise<Y.Doc> {
    return (await this.#read(key)).doc;
  }

  /**
   * Reads a document, has it changed, and writes it with the context of the read. What others write meanwhile is merged with it.
   * Edits of one document by one handle come one after the other. An edit that fails with outcome `unknown` may be stored: done again, it
   * may be there twice.
   * @param change is handed the document, once; if it throws nothing is written
   * @returns the document as it was written
   * @throws CoterieError as `get` and `Bucket.put`
   */
  edit(key: string, change: (doc: Y.Doc) => void | Promise<void>): Promise<Y.Doc> {
    const edit = (this.#edits.get(key) ?? Promise.resolve()).then(() => this.#edit(key, change));
    const end = edit.then(
      () => undefined,
      () => undefined,
    );
    this.#edits.set(key, end);
    void end.then(() => {
      if (this.#edits.get(key) === end) this.#edits.delete(key);
    });
    return edit;
  }

  /** Deletes a document; what others wrote meanwhile stays. */
  async delete(key: string): Promise<void> {
    const { context } = await this.#bucket.get(key);
    await this.#bucket.delete(key, { context });
  }

  async #edit(key: string, change: (doc: Y.Doc) => void | Promise<void>): Promise<Y.Doc> {
    const { doc, siblings, context } = await this.#read(key);
    doc.clientID = authorOf(doc, this.#takeAuthor(key));
    await change(doc);
    const update = Y.encodeStateAsUpdate(doc);
    const isStored = siblings.length === 1 && equalBytes(siblings[0]!, update);
    if (!isStored) await this.#bucket.put(key, update, { context });
    this.#keepAuthor(key, { id: doc.clientID, clock: clockOf(doc, doc.clientID) });
    return doc;
  }

  async #read(key: string): Promise<{ doc: Y.Doc; siblings: readonly Uint8Array[]; context: Context }> {
    const { siblings, context } = await this.#bucket.get(key);
    return { doc: join(siblings), siblings, context };
  }

  /** Forgotten until his changes are known to be stored: in those that were not, his clock has gone on. */
  #takeAuthor(key: string): Author | undefined {
    const author = this.#authors.get(key);
    this.#authors.delete(key);
    return author;
  }

  #keepAuthor(key: string, author: Author): void {
    this.#authors.set(key, author);
    const [oldest] = this.#authors.keys();
    if (this.#authors.size > authorsMax) this.#authors.delete(oldest!);
  }
}

/**
 * In one transaction, so that what is deleted is dropped and what fits together is put together only once, when all is there. `local`,
 * because Yjs tidies up the formatting of texts after changes from elsewhere: that would be an edit, and a merge makes none.
 */
function join(updates: readonly unknown[]): Y.Doc {
  const doc = new Y.Doc();
  doc.transact((transaction) => {
    for (const update of updates) apply(doc, update);
    transaction.local = true;
  });
  return doc;
}

/** @throws INVALID_ARGUMENT: what is stored need not have come from here */
function apply(doc: Y.Doc, update: unknown): void {
  if (!(update instanceof Uint8Array))
    throw invalidArgument(`a document is a Yjs update, as bytes, not ${typeof update}`);
  try {
    Y.applyUpdate(doc, update);
  } catch (error) {
    const message = `these ${update.length} bytes are no Yjs update: ${(error as Error).message}`;
    throw new CoterieError("INVALID_ARGUMENT", message, { cause: error });
  }
}

/** Yjs draws 32 bits for one: of the thousands of authors that a page may have, two would have come up alike now and then. */
function authorOf(doc: Y.Doc, last: Author | undefined): number {
  if (last !== undefined && clockOf(doc, last.id) === last.clock) return last.id;
  let id = doc.clientID;
  while (clockOf(doc, id) > 0) id = new Y.Doc().clientID;
  return id;
}

/** How many changes of an author are in a document. */
function clockOf(doc: Y.Doc, author: number): number {
  return Y.getState(doc.store, author);
}
