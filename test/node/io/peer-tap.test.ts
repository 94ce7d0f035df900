/**
 * node/io/peer-tap.ts: whoever measures sees every message of a request between nodes, in the order of the protocol, and can hold each
 * back by itself; a node without a tap is the same node.
 */
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { connect, type Bucket, type Client } from "../../../client/index.ts";
import type { Message } from "../../../src/messages.ts";
import { startNode, type PeerTap } from "../../../node/io/index.ts";
import { freePorts } from "../../e2e/processes.ts";
import { makeTempDirectory } from "../../temp-directory.ts";

/** Says what it saw of puts and gets, and holds back what it is told to. */
class Notes implements PeerTap {
  readonly lines: string[];
  readonly held: (() => void)[] = [];
  #holds: Message["kind"] | undefined;
  readonly #at: string;

  constructor(at: string, lines: string[]) {
    this.#at = at;
    this.lines = lines;
  }

  hold(kind: Message["kind"]): void {
    this.#holds = kind;
  }

  release(): void {
    this.#holds = undefined;
    for (const pass of this.held.splice(0)) pass();
  }

  out(to: string, message: Message, pass: () => void): void {
    this.#note(`${this.#at} to ${to}`, message);
    pass();
  }

  in(from: string, message: Message, pass: () => void): void {
    this.#note(`${this.#at} from ${from}`, message);
    if (message.kind === this.#holds) this.held.push(pass);
    else pass();
  }

  sees(message: Message): void {
    this.#note(this.#at, message);
  }

  #note(where: string, { kind }: Message): void {
    if (/^(Replica)?(Put|Get)/.test(kind)) this.lines.push(`${where}: ${kind}`);
  }
}

const waiting = { timeout: 60_000 } as const;

interface Pair {
  readonly client: Client;
  readonly bucket: Bucket<string>;
  readonly taps: readonly Notes[];
  readonly lines: string[];
}

/** Two nodes in this process. */
async function startPair(): Promise<Pair> {
  const port = await freePorts(2);
  const members = ["n1", "n2"].map((id, at) => ({ id, url: `ws://127.0.0.1:${port + at}` }));
  const lines: string[] = [];
  const taps = members.map(({ id }) => new Notes(id, lines));
  const data = makeTempDirectory();
  const defaults = { n: 2, w: 2, r: 2, readRepair: "off" } as const;
  const nodes = await Promise.all(
    members.map(({ id }, at) => startNode({ id, members, data: join(data, id), defaults }, { tap: taps[at]! })),
  );
  const client = await connect(members.map(({ url }) => url));
  onTestFinished(async () => {
    for (const tap of taps) tap.release();
    await client.close();
    await Promise.all(nodes.map((node) => node.close()));
  });
  const bucket = client.bucket<string>("default");
  // No request before they are linked: one that failed would be tried again, and be seen later.
  const areLinked = async (): Promise<void> => expect(JSON.stringify(await client.status())).not.toContain('"down"');
  await vi.waitFor(areLinked, waiting);
  lines.length = 0;
  return { client, bucket, taps, lines };
}

/** Who coordinates the key is for the ring to say. */
function named(lines: readonly string[]): readonly string[] {
  const coordinator = lines[0]!.split(":")[0]!;
  return lines.map((line) =>
    line.replaceAll(/\bn\d\b/g, (node) => (node === coordinator ? "the coordinator" : "the other")),
  );
}

test("sees a put and a get from the request to the answer", async () => {
  const { bucket, lines } = await startPair();
  await bucket.put("k", "v");
  // Its own disk may answer before the other does, and before the copy leaves: the first write of a start waits for it.
  const put = named(lines.splice(0));
  expect([...put].sort()).toEqual(
    [
      "the coordinator: Put",
      "the coordinator to the other: ReplicaPut",
      "the other from the coordinator: ReplicaPut",
      "the other to the coordinator: ReplicaPutReply",
      "the coordinator from the other: ReplicaPutReply",
      "the coordinator: ReplicaPutReply",
      "the coordinator: PutReply",
    ].sort(),
  );
  expect([put[0], put.at(-1)]).toEqual(["the coordinator: Put", "the coordinator: PutReply"]);
  await bucket.get("k");
  expect(named(lines)).toEqual([
    "the coordinator: Get",
    "the coordinator to the other: ReplicaGet",
    "the other from the coordinator: ReplicaGet",
    "the other to the coordinator: ReplicaGetReply",
    "the coordinator from the other: ReplicaGetReply",
    "the coordinator: GetReply",
  ]);
});

test("a message that is held back arrives when it is passed on, and the others do not wait for it", async () => {
  const { bucket, taps, lines } = await startPair();
  for (const tap of taps) tap.hold("ReplicaPut");
  const slow = bucket.put("k", "new");
  await vi.waitFor(() => expect(taps.flatMap(({ held }) => held)).toHaveLength(1), waiting);
  // A read of both replicas overtakes it, and shows it all the same: the coordinator has it.
  expect((await bucket.get("k")).value).toBe("new");
  expect(lines.filter((line) => line.endsWith("ReplicaPutReply") && line.includes("from"))).toEqual([]);
  for (const tap of taps) tap.release();
  await slow;
  expect(lines.filter((line) => line.endsWith("ReplicaPutReply") && line.includes("from"))).toHaveLength(1);
});
