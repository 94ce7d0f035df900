/**
 * That nodes come to hold the same by themselves: each is asked for its own copy, and nobody mends by being read.
 */
import { expect, vi } from "vitest";
import { decodeValue } from "../../src/value.ts";
import { formatKey } from "../../src/key.ts";
import { emptyObject } from "../../src/object.ts";
import { visibleSiblings } from "../../src/shown.ts";
import type { RequestOptions } from "../../src/options.ts";
import { decodeRecord } from "../../src/record.ts";
import { RawLink, statusOf } from "../e2e/raw-link.ts";
import type { Found } from "./ledger.ts";

/** A node's tuning, so that what its hints have missed is found within seconds. */
export const soonEqual = { antiEntropyIntervalMs: 1000, antiEntropyConfirmMs: 200 } as const;

const ownCopy: RequestOptions = { r: 1, readRepair: "off" };
/** How long the replicas may take to become equal once everything is healed. */
const convergence = { timeout: 60_000, interval: 200 } as const;

/** @returns what each key holds, once all nodes say the same of all of them and have nothing left to hand to each other */
export function agreed<T = string>(
  urls: readonly string[],
  keys: readonly Uint8Array[],
): Promise<readonly (readonly Found<T>[])[]> {
  return vi.waitFor(async () => {
    const perNode = await Promise.all(urls.map((url) => readAll<T>(url, keys)));
    for (const other of perNode.slice(1)) expectSame(perNode[0]!, other, keys);
    for (const url of urls) expect((await statusOf(url)).hints.count, `hints that ${url} keeps`).toBe(0);
    return perNode[0]!;
  }, convergence);
}

/** Every key, from one node, without a client that would choose another. */
async function readAll<T>(url: string, keys: readonly Uint8Array[]): Promise<readonly (readonly Found<T>[])[]> {
  const link = await RawLink.greet(url);
  try {
    const common = { kind: "Get", timeoutMs: 10_000, options: ownCopy, head: false, details: false } as const;
    link.send(...keys.map((key, id) => ({ ...common, id, key })));
    const found: Found<T>[][] = [];
    for (let answers = 0; answers < keys.length; answers++) {
      const reply = await link.next();
      if (reply.kind !== "GetReply") throw new Error(`${url} does not read: ${JSON.stringify(reply)}`);
      found[reply.id] = valuesOf<T>(reply.record);
    }
    return found;
  } finally {
    link.close();
  }
}

function valuesOf<T>(record: Uint8Array | undefined): Found<T>[] {
  const object = record === undefined ? emptyObject : decodeRecord(record);
  return visibleSiblings(object).map(({ value, dot }) => ({ value: decodeValue(value) as T, dot }));
}

function expectSame(
  one: readonly (readonly Found<unknown>[])[],
  other: readonly (readonly Found<unknown>[])[],
  keys: readonly Uint8Array[],
): void {
  const different = keys.filter((_, at) => JSON.stringify(one[at]) !== JSON.stringify(other[at]));
  expect(different.map(formatKey), "keys in which two nodes differ").toEqual([]);
}
