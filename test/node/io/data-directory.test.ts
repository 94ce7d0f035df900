import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { directoryFormat, openDataDirectory, type DataDirectory } from "../../../node/io/data-directory.ts";
import { ChildProcess } from "../../child-process.ts";
import { makeTempDirectory } from "../../temp-directory.ts";

const holder = fileURLToPath(new URL("../../fixtures/data-directory-holder.mjs", import.meta.url));
const storeFiles = ["data.mdb", "log.0", "log.1"];

describe("making a directory", () => {
  test("it is made with its parents, for its owner only", () => {
    const path = join(makeTempDirectory(), "a", "b", "node-1");
    expect(openHere(path)).toMatchObject({ path, mayBeOlder: false });
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  test("an empty one, and one whose making was interrupted, are taken", () => {
    const path = makeTempDirectory();
    openHere(path).close();
    renameSync(join(path, "identity"), join(path, "identity.new"));
    expect(openHere(path).mayBeOlder).toBe(false);
  });

  test("one with other files in it is refused, and nothing is left there", () => {
    const path = makeTempDirectory();
    writeFileSync(join(path, "thesis.tex"), "");
    expect(() => openHere(path)).toThrow(`${path} is already used by something else: it holds "thesis.tex"`);
    expect(readdirSync(path)).toEqual(["thesis.tex"]);
  });

  test("a path where nothing can be written is refused in a sentence with the path", () => {
    const file = join(makeTempDirectory(), "file");
    writeFileSync(file, "");
    for (const path of [file, join(file, "below"), "/proc/coterie"]) {
      expect(() => openHere(path)).toThrow(`the data directory ${path} cannot be used: `);
    }
  });

  test("every refusal has the code STORAGE", () => {
    expect(() => openHere("/proc/coterie")).toThrow(expect.objectContaining({ code: "STORAGE" }));
  });
});

test("processes that start together may make their common parent together", async () => {
  const parent = join(makeTempDirectory(), "cluster");
  const nodes = [1, 2, 3, 4].map((index) => new ChildProcess("node", holder, join(parent, `node-${index}`)));
  for (const node of nodes) expect(await node.printed(1)).toEqual(["held"]);
});

describe("the lock", () => {
  test("a second opener in the same process is refused until the first closes", () => {
    const path = makeTempDirectory();
    const first = openHere(path);
    expect(() => openHere(path)).toThrow(`${path} is in use by another process (pid ${process.pid})`);
    first.close();
    first.close();
    openHere(path);
  });

  test("another process is refused, and told who holds the directory", async () => {
    const path = makeTempDirectory();
    openHere(path);
    const other = new ChildProcess("node", holder, path);
    await other.ended;
    expect(other.lines).toEqual([
      `refused STORAGE the data directory ${path} is in use by another process (pid ${process.pid}).`,
    ]);
  });

  test("it is free at once after its holder was killed", async () => {
    const path = makeTempDirectory();
    const other = new ChildProcess("node", holder, path);
    expect(await other.printed(1)).toEqual(["held"]);
    expect(() => openHere(path)).toThrow(/in use by another process \(pid \d+\)/);
    await other.kill();
    expect(openHere(path).mayBeOlder).toBe(false);
  });
});

describe("the identity", () => {
  test("it survives a restart, and a move within the file system", () => {
    const path = join(makeTempDirectory(), "node");
    openHere(path).close();
    openHere(path).close();
    renameSync(path, `${path}-moved`);
    const moved = openHere(`${path}-moved`);
    expect(moved.mayBeOlder).toBe(false);
  });

  test("a copy is known as one, with its times kept or not, and the original stays the original", () => {
    const path = join(makeTempDirectory(), "node");
    openHere(path).close();
    cpSync(path, `${path}-copy-1`, { recursive: true });
    cpSync(path, `${path}-copy-2`, { recursive: true, preserveTimestamps: true });
    expect(openHere(`${path}-copy-1`).mayBeOlder).toBe(true);
    expect(openHere(`${path}-copy-2`).mayBeOlder).toBe(true);
    expect(openHere(path).mayBeOlder).toBe(false);
  });

  test("a backup put back into its old place is a copy", () => {
    const path = join(makeTempDirectory(), "node");
    openHere(path).close();
    const backup = `${path}-backup`;
    cpSync(path, backup, { recursive: true });
    renameSync(path, `${path}-lost`);
    cpSync(backup, path, { recursive: true });
    expect(openHere(path).mayBeOlder).toBe(true);
  });

  test("a copy stays one until it is confirmed, whatever happens in between", () => {
    const path = makeTempDirectory();
    openHere(path).close();
    const copy = join(makeTempDirectory(), "copy");
    cpSync(path, copy, { recursive: true });
    openHere(copy).close();
    const directory = openHere(copy);
    expect(directory.mayBeOlder).toBe(true);
    directory.confirmIdentity();
    directory.close();
    expect(openHere(copy).mayBeOlder).toBe(false);
    expect(existsSync(join(copy, "identity.new"))).toBe(false);
  });

  test("confirming an original changes nothing", () => {
    const path = makeTempDirectory();
    const directory = openHere(path);
    const identity = readFileSync(join(path, "identity"), "utf8");
    directory.confirmIdentity();
    expect(readFileSync(join(path, "identity"), "utf8")).toBe(identity);
  });

  test("a directory of a newer format is refused, whatever else its identity says", () => {
    const path = makeTempDirectory();
    openHere(path).close();
    writeFileSync(join(path, "identity"), JSON.stringify({ format: directoryFormat + 1, replica: 7 }));
    const sentence = `${path} was written by a newer version of Coterie (format ${directoryFormat + 1}, this version reads up to`;
    expect(() => openHere(path)).toThrow(sentence);
  });

  test("a directory of an older format is raised at once, so that no older version opens it and misses the log", () => {
    const path = stoppedCleanly();
    const identity = JSON.parse(readFileSync(join(path, "identity"), "utf8")) as object;
    writeFileSync(join(path, "identity"), JSON.stringify({ ...identity, format: 1 }));
    const directory = openHere(path);
    expect(directory.mayBeOlder).toBe(false);
    directory.close();
    expect(JSON.parse(readFileSync(join(path, "identity"), "utf8"))).toMatchObject({ format: directoryFormat });
    expect(openHere(path).mayBeOlder).toBe(false);
  });

  test("a damaged identity is refused with advice, and the lock is let go", () => {
    const path = makeTempDirectory();
    openHere(path).close();
    for (const text of ["", "{", "null", "[]", '{"format":1}', '{"format":1,"inode":7,"birthTimeNs":"1"}']) {
      writeFileSync(join(path, "identity"), text);
      expect(() => openHere(path)).toThrow(
        `the file ${join(path, "identity")} is damaged, and maybe others with it: start with`,
      );
    }
  });

  test("a store without an identity is refused: nothing can tell whose it is", () => {
    const path = makeTempDirectory();
    writeFileSync(join(path, "data.mdb"), "");
    expect(() => openHere(path)).toThrow("already used by something else");
  });
});

describe("the store after a clean stop", () => {
  test("is believed if nobody has touched it, as often as it is opened, and after a move", () => {
    // Design §4.3: an actor never issues a counter twice. Reading is no harm.
    const path = stoppedCleanly();
    for (let times = 0; times < 2; times++) {
      const directory = openHere(path);
      expect(directory.mayBeOlder).toBe(false);
      directory.confirmIdentity();
      directory.close();
    }
    cpSync(path, `${path}-backup`, { recursive: true });
    renameSync(path, `${path}-moved`);
    expect(openHere(`${path}-moved`).mayBeOlder).toBe(false);
  });

  test.each(storeFiles)(
    "is not believed once %s was written to, and no start makes it so: the next clean stop does",
    (name) => {
      // What a crash leaves. To confirm an identity is to confirm no stop.
      const path = stoppedCleanly();
      untilItShows(join(path, name), () => writeFileSync(join(path, name), "more"));
      for (let times = 0; times < 2; times++) {
        const directory = openHere(path);
        expect(directory.mayBeOlder).toBe(true);
        directory.confirmIdentity();
        directory.close();
      }
      stopCleanly(path);
      expect(openHere(path).mayBeOlder).toBe(false);
    },
  );

  test("is not believed without its log", () => {
    const path = stoppedCleanly();
    rmSync(join(path, "log.1"));
    expect(openHere(path).mayBeOlder).toBe(true);
  });

  test.each(["overwritten", "replaced"] as const)("is not believed once it was %s by a backup of itself", (how) => {
    // R10: what cp and rsync do to a directory in its place, with the times kept.
    const path = stoppedCleanly();
    const backup = `${path}-backup`;
    cpSync(path, backup, { recursive: true, preserveTimestamps: true });
    const store = join(path, "data.mdb");
    if (how === "replaced") renameSync(store, `${backup}-old`);
    untilItShows(store, () => cpSync(join(backup, "data.mdb"), store, { preserveTimestamps: true }));
    expect(statSync(store).mtimeMs).toBe(statSync(join(backup, "data.mdb")).mtimeMs);
    expect(openHere(path).mayBeOlder).toBe(true);
  });

  test("is not believed with an identity of before the stop, or with none that says how the stop left it", () => {
    // A crash between the last batch and the record; a directory of a version that made no record.
    const path = stoppedCleanly();
    const identity = JSON.parse(readFileSync(join(path, "identity"), "utf8")) as object;
    for (const store of [undefined, null, {}, "", { "data.mdb": 1 }, { inode: "1", changeTimeNs: "2" }]) {
      writeFileSync(join(path, "identity"), JSON.stringify({ ...identity, store }));
      const directory = openHere(path);
      expect(directory.mayBeOlder).toBe(true);
      directory.close();
    }
  });

  test("is not believed in a copy of the directory", () => {
    // Design §4.3, scenario 6.
    const path = stoppedCleanly();
    cpSync(path, `${path}-copy`, { recursive: true, preserveTimestamps: true });
    expect(openHere(`${path}-copy`).mayBeOlder).toBe(true);
  });
});

function stoppedCleanly(): string {
  const path = join(makeTempDirectory(), "node");
  openHere(path).close();
  for (const name of storeFiles) writeFileSync(join(path, name), "bytes");
  stopCleanly(path);
  return path;
}

test("a directory of another node is refused, and stays as it was", () => {
  // scenarios §5, R10: a copy of another node's file. What n1 holds would count as what n2 has caught up with.
  const path = makeTempDirectory();
  openHere(path).close();
  const before = readFileSync(join(path, "identity"), "utf8");
  expect(() => openDataDirectory(path, "node n2")).toThrow(
    /is that of node n1, not of node n2: each needs one of its own/,
  );
  expect(readFileSync(join(path, "identity"), "utf8")).toBe(before);
  openHere(path);
});

function stopCleanly(path: string): void {
  const directory = openHere(path);
  directory.confirmCleanStop();
  directory.close();
}

/** Again until the clock of the file system, which ticks only every few milliseconds, has moved on. */
function untilItShows(path: string, write: () => void): void {
  const changeTimeNs = (): bigint | undefined => statSync(path, { bigint: true, throwIfNoEntry: false })?.ctimeNs;
  const before = changeTimeNs();
  do write();
  while (changeTimeNs() === before);
}

function openHere(path: string): DataDirectory {
  const directory = openDataDirectory(path, "node n1");
  onTestFinished(() => directory.close());
  return directory;
}
