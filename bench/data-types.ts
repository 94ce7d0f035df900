/**
 * `npm run bench:data-types`: what replicated data types cost, through a cluster of three processes and the SDK: operations per second
 * of each type, bytes per element, and how large a counter and a set are that were changed very often.
 */
import { Command } from "commander";
import { connect, counter, growSet, register, set, type Client } from "../client/index.ts";
import { parseCount, parsePositive } from "./arguments.ts";
import { CoterieTarget } from "./coterie-target.ts";
import { runLoad, type LoadResult } from "./load.ts";
import { recordBytes } from "./record-size.ts";

interface Flags {
  readonly json: boolean;
  readonly keys: number;
  readonly inFlight: number;
  readonly duration: number;
  readonly elements: number;
  readonly long: number;
  readonly clients: number;
}

/** One operation on a key; `number` is another one each time. */
type Operate = (key: string, number: number) => Promise<unknown>;

interface Kind {
  readonly name: string;
  readonly bucket: string;
  readonly operate: Operate;
  /** What one key holds after so many operations: what its record's bytes are divided by. */
  readonly elementsAfter: (operations: number) => number;
}

interface Row extends LoadResult {
  readonly name: string;
  /** Of a key after as many operations as `--elements` says. */
  readonly recordBytes: number;
  readonly bytesPerElement: number;
}

interface LongRun {
  readonly name: string;
  readonly operations: number;
  readonly seconds: number;
  readonly bytes: readonly (readonly [operations: number, bytes: number])[];
}

const program = new Command("bench:data-types")
  .description(
    "Three node processes, N=3 R=W=2, and the SDK: operations per second of every data type, and bytes per element.\n" +
      "With --long also one counter and one set that are changed so often: a million takes some minutes.",
  )
  .option("--json", "print the figures as JSON", false)
  .option("--keys <count>", "keys, drawn uniformly", parseCount, 16)
  .option("--in-flight <count>", "operations under way", parseCount, 64)
  .option("--duration <seconds>", "of each type, after a warm-up of half of it", parsePositive, 4)
  .option("--elements <count>", "operations on the key whose bytes are counted", parseCount, 1000)
  .option("--long <count>", "operations of each long run, 0 for none", Number, 0)
  .option("--clients <count>", "of the long runs", parseCount, 8);

await run(program.parse().opts<Flags>());

async function run(flags: Flags): Promise<void> {
  const target = new CoterieTarget();
  try {
    await target.start();
    const client = await connect(target.urls);
    const rows: Row[] = [];
    for (const kind of kindsOf(client)) rows.push(await measure(kind, target, flags));
    await client.close();
    const runs = flags.long > 0 ? [await countLong(target, flags), await changeLong(target, flags)] : [];
    showProgress("");
    process.stdout.write(
      `${flags.json ? JSON.stringify({ rows, runs }, null, 2) : renderTable(rows) + renderRuns(runs)}\n`,
    );
  } finally {
    await target.stop();
  }
}

/** Sets are drawn from a thousand elements, so that they stay as large as they are. */
function kindsOf(client: Client): Kind[] {
  const one = (): number => 1;
  const upTo = (operations: number): number => Math.min(operations, 1000);
  const element = (number: number): number => number % 1000;
  const [values, counters, growCounters] = [client.bucket("plain"), client.counter("pn"), client.growCounter("g")];
  const [growSets, sets] = [client.growSet<number>("gs"), client.set<number>("or")];
  const removeWins = client.set<number>("rw", { wins: "remove" });
  const [registers, multiRegisters] = [client.register<number>("lww"), client.multiRegister<number>("mv")];
  const [flags, disableWins] = [client.flag("ew"), client.flag("dw", { wins: "disable" })];
  const tasks = client.map("tasks", {
    status: register<string>(),
    notes: growSet<number>(),
    blockers: set<number>(),
    timeSpent: counter(),
  });
  return [
    { name: "a plain put", bucket: "plain", operate: (key, number) => values.put(key, number), elementsAfter: one },
    { name: "pnCounter: increment", bucket: "pn", operate: (key) => counters.increment(key), elementsAfter: one },
    { name: "gCounter: increment", bucket: "g", operate: (key) => growCounters.increment(key), elementsAfter: one },
    {
      name: "gSet: add",
      bucket: "gs",
      operate: (key, number) => growSets.add(key, element(number)),
      elementsAfter: upTo,
    },
    { name: "orSet: add", bucket: "or", operate: (key, number) => sets.add(key, element(number)), elementsAfter: upTo },
    {
      name: "rwSet: add",
      bucket: "rw",
      operate: (key, number) => removeWins.add(key, element(number)),
      elementsAfter: upTo,
    },
    {
      name: "lwwRegister: set",
      bucket: "lww",
      operate: (key, number) => registers.assign(key, number),
      elementsAfter: one,
    },
    {
      name: "mvRegister: set",
      bucket: "mv",
      operate: (key, number) => multiRegisters.assign(key, number),
      elementsAfter: one,
    },
    { name: "ewFlag: enable", bucket: "ew", operate: (key) => flags.enable(key), elementsAfter: one },
    { name: "dwFlag: disable", bucket: "dw", operate: (key) => disableWins.disable(key), elementsAfter: one },
    {
      name: "map: four fields at once",
      bucket: "tasks",
      operate: (key, number) =>
        tasks.edit(key, (task) => {
          task.status.assign(`s${number % 3}`);
          task.notes.add(element(number));
          task.blockers.add(number % 10);
          task.timeSpent.increment(5);
        }),
      elementsAfter: (operations) => upTo(operations) + 10 + 2,
    },
  ];
}

async function measure(kind: Kind, target: CoterieTarget, flags: Flags): Promise<Row> {
  const { name, operate } = kind;
  showProgress(name);
  let number = 0;
  const issue = (_: unknown, key: number, done: (error?: Error) => void): void =>
    void operate(`key-${key}`, number++).then(() => done(), done);
  const load = await runLoad(issue, {
    kind: "put",
    inFlight: flags.inFlight,
    warmUpMs: flags.duration * 500,
    durationMs: flags.duration * 1000,
    keys: flags.keys,
    seed: 7,
  });
  let next = 0;
  await inLanes(16, async () => {
    while (next < flags.elements) await operate("counted", next++);
  });
  await operate("counted", 0);
  const bytes = await recordBytes(target.urls[0]!, kind.bucket, "counted");
  return { name, ...load, recordBytes: bytes, bytesPerElement: bytes / kind.elementsAfter(flags.elements) };
}

/** One counter, incremented by several clients. */
async function countLong(target: CoterieTarget, flags: Flags): Promise<LongRun> {
  const name = "one counter, incremented";
  return runLong(name, "long-counter", target, flags, (client) => {
    const counters = client.counter("long-counter");
    return (key) => counters.increment(key);
  });
}

/** One set: each lane adds an element of its own, and removes it. */
async function changeLong(target: CoterieTarget, flags: Flags): Promise<LongRun> {
  const name = "one set, added to and removed from";
  return runLong(name, "long-set", target, flags, (client) => {
    const sets = client.set<number>("long-set");
    return async (key, number) => {
      await sets.add(key, number);
      await sets.remove(key, number);
    };
  });
}

async function runLong(
  name: string,
  bucket: string,
  target: CoterieTarget,
  { long, clients: count }: Flags,
  operateAs: (client: Client) => Operate,
): Promise<LongRun> {
  const clients = await Promise.all(Array.from({ length: count }, () => connect(target.urls)));
  const bytes: [number, number][] = [];
  const began = performance.now();
  let done = 0;
  for (const share of [0.01, 0.1, 0.25, 0.5, 0.75, 1]) {
    const until = Math.round(long * share);
    const operates = clients.map(operateAs);
    await inLanes(count * 8, async (lane) => {
      while (done < until) {
        if (++done % 1000 === 0) showProgress(`${name}: ${done} of ${long}`);
        await operates[lane % count]!("key", done);
      }
    });
    bytes.push([until, await recordBytes(target.urls[0]!, bucket, "key")]);
  }
  const seconds = (performance.now() - began) / 1000;
  await Promise.all(clients.map((client) => client.close()));
  bytes.push([long, await recordBytes(target.urls[0]!, bucket, "key")]);
  return { name, operations: long, seconds, bytes };
}

async function inLanes(count: number, run: (lane: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, lane) => run(lane)));
}

/** For whoever sits in front of it. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text}\u001b[K`);
}

function renderTable(rows: readonly Row[]): string {
  const headings = ["operations/s", "p50 ms", "p99 ms", "errors", "record bytes", "per element"];
  const lines = rows.map((row) => [
    row.name,
    Math.round(row.perSecond).toLocaleString("en"),
    (row.p50Us / 1000).toFixed(1),
    (row.p99Us / 1000).toFixed(1),
    `${row.errors}`,
    row.recordBytes.toLocaleString("en"),
    row.bytesPerElement.toFixed(0),
  ]);
  const table = [["", ...headings], ...lines];
  return table
    .map(([name = "", ...cells]) => name.padEnd(26) + cells.map((cell) => cell.padStart(14)).join(""))
    .join("\n");
}

function renderRuns(runs: readonly LongRun[]): string {
  return runs
    .map(({ name, operations, seconds, bytes }) => {
      const sizes = bytes.map(([after, size]) => `${size} bytes after ${after.toLocaleString("en")}`).join(", ");
      return `\n\n${name} ${operations.toLocaleString("en")} times: ${seconds.toFixed(0)} s\n  ${sizes}`;
    })
    .join("");
}
