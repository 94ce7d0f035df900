// Design §3.2: what stands in a batch's `then` runs after the batch is durable. Seen from outside: between the arrival of a put and the
// first byte of its reply, the record is written to a file that was opened for synchronous data, and the write has returned.
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Bucket } from "../../client/index.ts";
import { connectTo, endAll, Nodes, freePorts, tempDirectory } from "./processes.ts";
import { readLog, straceFailingWrites, straceInto, type SystemCall } from "./system-calls.ts";

afterEach(endAll);

const marker = "marker-6f1c0a";
const inOrder = ["request arrives", "record is on disk", "reply leaves"];

test("a node alone acknowledges a put when it is on disk", async () => {
  const nodes = new Nodes(await freePorts(1), 1, { defaults: { n: 1 } });
  const [log] = await tracePut(nodes, 1);
  expect(orderOf(log!)).toEqual(inOrder);
});

test("all three replicas acknowledge a put with dw=3 when it is on their disks", async () => {
  const nodes = new Nodes(await freePorts(3), 3);
  const logs = await tracePut(nodes, 3);
  expect(logs.map(orderOf)).toEqual([inOrder, inOrder, inOrder]);
});

test("when the disk fails a write, the node says so and is gone, and nothing that it acknowledged is", async () => {
  // Scenario 26 (riak_kv#1714): a node whose disk takes no writes any more does not stay as a ghost of itself.
  const nodes = new Nodes(await freePorts(1), 1, { defaults: { n: 1 } });
  const node = nodes.nodes[0]!;
  await node.start(...straceFailingWrites(join(node.data, "log.0"), 20));
  const { ended } = node.program;
  const bucket = (await connectTo(nodes.urls)).bucket<number>("default", { timeoutMs: 500 });
  let acknowledged = 0;
  const failure = await putUntilFailure(bucket, () => acknowledged++);
  expect(failure).toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" });
  expect(acknowledged).toBeGreaterThan(10);
  const { code, stderr } = await ended;
  expect(code).toBe(1);
  expect(stderr).toContain(`coterie: Writes to the store in ${node.data} are not durable any more`);

  await node.start();
  const values = await Promise.all(Array.from({ length: acknowledged }, (_, at) => bucket.get(`k${at}`)));
  expect(values.map(({ value }) => value)).toEqual(values.map((_, at) => at));
});

async function putUntilFailure(bucket: Bucket<number>, onAcknowledged: () => void): Promise<unknown> {
  for (let at = 0; ; at++) {
    try {
      await bucket.put(`k${at}`, at);
      onAcknowledged();
    } catch (error) {
      return error;
    }
  }
}

/** Starts the nodes under strace, puts the marker, and stops them. @returns the log of each */
async function tracePut(nodes: Nodes, dw: number): Promise<readonly (readonly SystemCall[])[]> {
  const directory = tempDirectory();
  const files = nodes.nodes.map(({ id }) => join(directory, id));
  await Promise.all(nodes.nodes.map((node, at) => node.start(...straceInto(files[at]!))));
  await nodes.linked();
  const client = await connectTo(nodes.urls);
  const put = await client.bucket("default").put("key", marker, { w: dw, dw, details: true, timeoutMs: 30_000 });
  expect(put.answered).toHaveLength(dw);
  await client.close();
  await Promise.all(nodes.nodes.map((node) => node.program.release()));
  return files.map(readLog);
}

/** What happened, in the order in which it was complete; the reply by its beginning. */
function orderOf(calls: readonly SystemCall[]): readonly string[] {
  const arrival = first(
    calls,
    "read of the put",
    ({ name, path, text }) => name === "read" && path.startsWith("socket") && text.includes(marker),
  );
  const synchronous = calls.filter(({ name, text }) => name === "openat" && /log\.[01].*O_DSYNC/.test(text));
  const files = new Set(synchronous.map(({ result }) => result));
  const written = first(
    calls,
    "write of the record",
    ({ file, path, text, result }) => files.has(file) && /log\.[01]$/.test(path) && text.includes(marker) && result > 0,
  );
  const reply = first(
    calls,
    "reply",
    (call) => call.path === arrival.path && isReply(call) && call.beginsAt > arrival.endsAt,
  );
  const moments: readonly (readonly [string, number])[] = [
    ["request arrives", arrival.endsAt],
    ["record is on disk", written.endsAt],
    ["reply leaves", reply.beginsAt],
  ];
  return moments.toSorted(([, a], [, b]) => a - b).map(([what]) => what);
}

function first(calls: readonly SystemCall[], what: string, isIt: (call: SystemCall) => boolean): SystemCall {
  const call = calls.find(isIt);
  if (call === undefined) throw new Error(`the log of ${calls.length} system calls has no ${what}`);
  return call;
}

/**
 * With an array of six that begins with the kind of a PutReply, or of three with that of a ReplicaPutReply: on the same link a node says
 * other things, too.
 */
function isReply({ name, text }: SystemCall): boolean {
  return ["write", "writev", "sendto", "sendmsg"].includes(name) && /\\226\\(?:00)?6|\\223\\v/.test(text);
}
