/** node/identity.ts: who mints dots (design §4.3) and timestamps (§4.4). */
import * as fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { addDot, contextOf, emptyContext } from "../../src/causal-context.ts";
import { epochOf, makeActor, type Dot } from "../../src/dot.ts";
import { compareTimestamps, earliest, type Timestamp } from "../../src/timestamp.ts";
import { limits } from "../../src/limits.ts";
import type { Instant, Persist } from "../../node/effects.ts";
import { Identity } from "../../node/identity.ts";
import { dotText } from "./cluster.ts";
import { MemoryStore } from "./memory-store.ts";

const metaKey = new Uint8Array([1]);
const epochsPerLease = 10_000;
const noon: Instant = { monotonicMs: 0, wallMs: 1_700_000_000_000 };

/** One node's identity over its starts and stops. */
class Life {
  store = new MemoryStore();
  identity = new Identity();
  now = noon;
  #starts = 0;

  start(mayBeOlder = false): this {
    this.identity = new Identity();
    const freshReplicaId = `fresh-${(this.#starts++).toString(36)}`.padEnd(8, ".");
    this.store.commit(this.identity.start(this.now, this.store, freshReplicaId, mayBeOlder));
    return this;
  }

  /** What is under way becomes durable, and the identity is told of its leases. */
  sync(): this {
    for (let batch = this.store.syncOne(); batch !== undefined; batch = this.store.syncOne()) this.#run(batch);
    return this;
  }

  crash(): this {
    this.store.crash();
    return this.start();
  }

  stop(): this {
    this.store.commit(this.identity.stop());
    return this.sync();
  }

  renew(): boolean {
    return this.#commit(this.identity.renewIfLow(this.now));
  }

  /** What must go to disk before the record with the last timestamp. */
  renewIfOutrun(): boolean {
    return this.#commit(this.identity.renewIfOutrun(this.now));
  }

  #commit(renewal: Persist | undefined): boolean {
    if (renewal !== undefined) this.store.commit(renewal);
    return renewal !== undefined;
  }

  #run({ then }: Persist): void {
    for (const effect of then)
      if (effect.kind === "deliver" && effect.input.kind === "leased") this.identity.leased(effect.input.lease);
  }
}

let life: Life;
beforeEach(() => {
  life = new Life().start().sync();
});

describe("replica id", () => {
  test("is created with the directory and stays over clean stops", () => {
    // Design §4.3: random 64 bits, created with the data directory, stored in it.
    expect(life.identity.replicaId).toBe("fresh-0.");
    expect(life.stop().start().sync().stop().start().identity.replicaId).toBe("fresh-0.");
  });

  test("is a new one after a crash", () => {
    // Design §4.3: after an unclean stop no epoch of before is minted in again.
    expect(life.crash().identity.replicaId).toBe("fresh-1.");
    expect(life.sync().crash().identity.replicaId).toBe("fresh-2.");
  });

  test("is a new one in a directory that was set back to any state of before, but not one of a clean stop", () => {
    // R10: an old snapshot forces a new actor. Whether a state of a clean stop is the last one is for the data directory to say.
    const running = life.store.copy();
    const stopped = life.stop().store.copy();
    life.start().sync();
    life.store = running;
    expect(life.start().identity.replicaId).toBe("fresh-2.");
    life.store = stopped.copy();
    expect(life.start(true).identity.replicaId).toBe("fresh-3.");
    life.store = stopped;
    expect(life.start().identity.replicaId).toBe("fresh-0.");
  });

  test("is a new one in a lost directory", () => {
    // Design §4.3: a lost directory is a new replica.
    life.store = new MemoryStore();
    expect(life.start().identity.replicaId).toBe("fresh-1.");
  });

  test("is a new one in a copied directory", () => {
    // Design §4.3, scenario 6 (PR#1027): a clone must not share the id of its original.
    life.store = life.stop().store.copy();
    expect(life.start(true).identity.replicaId).toBe("fresh-1.");
    life.sync().stop();
    expect(life.start().identity.replicaId).toBe("fresh-1.");
  });

  test("is a new one if any byte of the stored identity has rotted", () => {
    // node/identity.ts: an identity that cannot be read is replaced, which is always safe.
    const stored = life.stop().store.get("meta", metaKey)!;
    for (const at of stored.keys()) {
      const rotten = stored.slice();
      rotten[at]! ^= 0x10;
      life.store.tamper("meta", metaKey, rotten);
      expect(life.start().identity.replicaId, `byte ${at}`).not.toBe("fresh-0.");
    }
  });

  test("is a new one if the stored identity is cut short", () => {
    // node/identity.ts: an identity that cannot be read is replaced, which is always safe.
    const stored = life.stop().store.get("meta", metaKey)!;
    for (let length = 0; length < stored.length; length++) {
      life.store.tamper("meta", metaKey, stored.slice(0, length));
      expect(life.start().identity.replicaId, `${length} bytes`).not.toBe("fresh-0.");
    }
  });
});

describe("dots", () => {
  test("of one key are contiguous within an epoch", () => {
    // Design §4.3: inside an epoch, counters are per key and contiguous.
    let seen = emptyContext;
    const minted: string[] = [];
    for (let write = 0; write < 3; write++) {
      const dot = life.identity.mint(seen, false);
      seen = addDot(seen, dot);
      minted.push(dotText(dot));
    }
    expect(minted).toEqual(["fresh-0.1:1", "fresh-0.1:2", "fresh-0.1:3"]);
  });

  test("of a key that is not here take a fresh epoch", () => {
    // Design §4.3, scenario 1: a local record that is not found means a fresh epoch.
    const first = life.identity.mint(emptyContext, false);
    const second = life.identity.mint(emptyContext, false);
    expect([epochOf(first.actor), epochOf(second.actor)]).toEqual([1, 2]);
  });

  test("of a key whose record is known to be less than it was take a fresh epoch", () => {
    // Design §4.3: missing or knowing less → fresh epoch.
    const dot = life.identity.mint(emptyContext, false);
    expect(epochOf(life.identity.mint(contextOf([dot]), true).actor)).toBe(2);
  });

  test("after an unclean stop no epoch of before is minted in again", () => {
    // Design §4.3: the first mint for any key takes a fresh epoch after an unclean stop.
    const before = life.identity.mint(emptyContext, false);
    life.crash().sync();
    expect(dotText(life.identity.mint(contextOf([before]), false))).toBe("fresh-1.1:1");
  });

  test("after a clean stop the old epochs go on", () => {
    // Design §4.3: after a clean stop the old ones go on.
    const before = life.identity.mint(emptyContext, false);
    life.stop().start().sync();
    expect(life.identity.mint(contextOf([before]), false)).toEqual({ actor: before.actor, counter: 2 });
    expect(epochOf(life.identity.mint(emptyContext, false).actor)).toBe(2);
  });

  test("a clean stop that did not reach the disk was none", () => {
    // Design §4.3: dots may have left whose records never reached the disk.
    const before = life.identity.mint(emptyContext, false);
    life.store.commit(life.identity.stop());
    life.crash().sync();
    expect(life.identity.mint(contextOf([before]), false).actor).not.toBe(before.actor);
  });

  test("a clean stop counts once: a crash after the next start closes the epochs", () => {
    // Design §4.3: the mark of a clean stop must be gone from disk before anything is minted.
    const before = life.identity.mint(emptyContext, false);
    life.stop().start().sync();
    life.crash().sync();
    expect(life.identity.mint(contextOf([before]), false).actor).not.toBe(before.actor);
  });

  test("of an epoch with a gap are not continued: what lies in the gap may have been issued", () => {
    // Design §4.3: counters are contiguous, so a gap is a loss.
    const { actor } = life.identity.mint(emptyContext, false);
    const gap = contextOf([{ actor, counter: 3 }]);
    expect(life.identity.mint(gap, false).actor).not.toBe(actor);
  });
});

describe("the lease of epochs", () => {
  test("is durable before the first epoch is handed out", () => {
    // Design §4.3: the durable lease is always ≥ the counter.
    life = new Life().start();
    expect(() => life.identity.mint(emptyContext, false)).toThrow(expect.objectContaining({ code: "OVERLOADED" }));
    expect(dotText(life.sync().identity.mint(emptyContext, false))).toBe("fresh-0.1:1");
  });

  test("is renewed at 80 % and not asked for twice", () => {
    // Design §4.3: leased ahead, renew at 80 %.
    for (let epoch = 1; epoch <= 0.8 * epochsPerLease; epoch++) {
      expect(life.renew(), `before epoch ${epoch}`).toBe(false);
      life.identity.mintFresh();
    }
    life.identity.mintFresh();
    expect([life.renew(), life.renew()]).toEqual([true, false]);
  });

  test("refuses when used up, until the renewal is durable", () => {
    // Design §4.3, scenarios §4 on Riak's fix: block when exhausted.
    for (let epoch = 1; epoch <= epochsPerLease; epoch++) life.identity.mintFresh();
    life.renew();
    expect(() => life.identity.mintFresh()).toThrow(expect.objectContaining({ code: "OVERLOADED", outcome: "none" }));
    life.sync();
    expect(epochOf(life.identity.mintFresh().actor)).toBe(epochsPerLease + 1);
  });

  test("ends where the counter stands at a clean stop", () => {
    // Design §4.3: after a start continue from the lease. No epoch is left out and none is handed out twice.
    for (let start = 1; start <= 3; start++) {
      expect(epochOf(life.identity.mintFresh().actor)).toBe(start);
      life.stop().start().sync();
    }
  });

  test("I0: whatever is minted, lost, stopped and renewed, no dot is issued twice", () => {
    // Invariant I0 of scenarios.md: dot uniqueness. Keys lose their contexts by crashes and by being forgotten.
    fc.assert(
      fc.property(
        fc.array(fc.record({ act: fc.constantFrom(...acts), key: fc.nat(2), mayBeOlder: fc.boolean() })),
        (script) => {
          const keys = new Keys();
          for (const { act, key, mayBeOlder } of script) keys.play(act, key, mayBeOlder);
          expect(new Set(keys.issued).size).toBe(keys.issued.length);
        },
      ),
    );
  });
});

const acts = ["mint", "mint", "sync", "crash", "stop", "forget", "snapshot", "setBack", "copy"] as const;

/** Three keys of one node: their contexts on disk and in memory, and all dots ever issued. */
class Keys {
  readonly issued: string[] = [];
  readonly #life = new Life().start().sync();
  #inMemory = [emptyContext, emptyContext, emptyContext];
  #onDisk = [...this.#inMemory];
  #snapshot = { store: this.#life.store.copy(), contexts: [...this.#onDisk] };

  play(act: (typeof acts)[number], key: number, mayBeOlder: boolean): void {
    switch (act) {
      case "mint": {
        const dot = this.#life.identity.mint(this.#inMemory[key]!, false);
        this.issued.push(dotText(dot));
        this.#inMemory[key] = addDot(this.#inMemory[key]!, dot);
        return;
      }
      case "sync":
        this.#onDisk = [...this.#inMemory];
        return void this.#life.sync();
      case "crash":
        this.#inMemory = [...this.#onDisk];
        return void this.#life.crash().sync();
      case "stop":
        this.#onDisk = [...this.#inMemory];
        return void this.#life.stop().start(mayBeOlder).sync();
      case "forget":
        this.#inMemory[key] = this.#onDisk[key] = emptyContext;
        return;
      case "snapshot":
        this.#snapshot = { store: this.#life.store.copy(), contexts: [...this.#onDisk] };
        return;
      case "setBack":
        this.#life.store = this.#snapshot.store.copy();
        this.#inMemory = [...this.#snapshot.contexts];
        this.#onDisk = [...this.#snapshot.contexts];
        return void this.#life.start(mayBeOlder).sync();
      case "copy":
        this.#life.store = this.#life.store.copy();
        this.#inMemory = [...this.#onDisk];
        return void this.#life.start(true).sync();
    }
  }
}

function mintTwice(): [Dot, Dot] {
  const first = life.identity.mint(emptyContext, false);
  return [first, life.identity.mint(contextOf([first]), false)];
}

describe("what others claim", () => {
  test("is amnesia if it has dots of an epoch of ours that are not here", () => {
    // Design §4.3: knowing less of me than an incoming object does.
    const [first, second] = mintTwice();
    const all = contextOf([first, second]);
    expect(life.identity.knowsLess(contextOf([first]), all)).toBe(true);
    expect(life.identity.knowsLess(emptyContext, contextOf([second]))).toBe(true);
    expect(life.identity.knowsLess(all, all)).toBe(false);
    expect(life.identity.knowsLess(all, emptyContext)).toBe(false);
  });

  test("is none if the dots are of before a crash or of somebody else", () => {
    // Design §4.3: epochs of before are never minted in again, so what is missing of them cannot be issued twice.
    const [first, second] = mintTwice();
    const other = { actor: makeActor("another.", 1), counter: 1 };
    life.crash().sync();
    expect(life.identity.knowsLess(emptyContext, contextOf([first, second, other]))).toBe(false);
  });

  test("is refused if its epoch was never handed out", () => {
    // Design §4.5: dots this replica never issued as its own.
    const [first] = mintTwice();
    const future = { actor: makeActor(life.identity.replicaId, 2), counter: 1 };
    expect(life.identity.claimsFuture(contextOf([first]))).toBe(false);
    expect(life.identity.claimsFuture(contextOf([first, future]))).toBe(true);
    expect(life.identity.claimsFuture(contextOf([{ actor: makeActor("another.", 99), counter: 1 }]))).toBe(false);
  });
});

describe("starting over", () => {
  test("gives a new replica id, under which nothing is minted before it is durable", () => {
    // node/identity.ts: this disk was rolled back below what others have seen of it.
    life.stop().start().sync();
    const before = life.identity.mintFresh();
    life.store.commit(life.identity.startOver(noon));
    expect(life.identity.replicaId).toBe("fresh-1.");
    expect(() => life.identity.mint(contextOf([before]), false)).toThrow(
      expect.objectContaining({ code: "OVERLOADED" }),
    );
    expect(dotText(life.sync().identity.mintFresh())).toBe("fresh-1.1:1");
    expect(life.stop().start().identity.replicaId).toBe("fresh-1.");
  });

  test("gives an id that was never used, as often as it happens", () => {
    // Design §14: contexts that clients forge make this happen, and crash no node.
    const ids = [life.identity.replicaId];
    for (let times = 0; times < 5; times++) {
      life.store.commit(life.identity.startOver(noon));
      ids.push(life.sync().identity.replicaId);
    }
    expect(new Set(ids).size).toBe(6);
    expect(ids.every((id) => id.length === 8)).toBe(true);
  });

  test("makes a lease of the old replica useless", () => {
    // A renewal may be on its way to the disk while the replica id changes.
    life.crash().sync();
    for (let epoch = 0; epoch < 0.9 * epochsPerLease; epoch++) life.identity.mintFresh();
    life.renew();
    life.store.commit(life.identity.startOver(noon));
    const renewal = life.store.syncOne()!;
    for (const effect of renewal.then)
      if (effect.kind === "deliver" && effect.input.kind === "leased") life.identity.leased(effect.input.lease);
    expect(() => life.identity.mintFresh()).toThrow(expect.objectContaining({ code: "OVERLOADED" }));
  });
});

function at(ms: number): Instant {
  return { monotonicMs: 0, wallMs: noon.wallMs + ms };
}

describe("timestamps", () => {
  test("are above all before, above what they replace and not below the wall clock", () => {
    // Design §4.4, I11. The wall jumps to and fro, as wall clocks do.
    const near = fc.integer({ min: -300, max: 199 });
    fc.assert(
      fc.property(fc.array(fc.tuple(near, fc.option(near))), (steps) => {
        let last: Timestamp = earliest;
        for (const [wall, seen] of steps) {
          const replaced = seen === null ? earliest : { ms: noon.wallMs + seen, counter: 65_535 };
          const next = life.identity.timestamp(at(wall), replaced);
          expect(compareTimestamps(next, last)).toBeGreaterThan(0);
          expect(compareTimestamps(next, replaced)).toBeGreaterThan(0);
          expect(next.ms).toBeGreaterThanOrEqual(at(wall).wallMs);
          last = next;
        }
      }),
    );
  });

  test("too far ahead are refused, up to the limit they are taken", () => {
    // Design §4.4: further than clockOffsetMaxMs ahead are refused with a named error, never clamped.
    const most = { ms: noon.wallMs + limits.clockOffsetMsMax, counter: 0 };
    expect(life.identity.timestamp(noon, most)).toEqual({ ...most, counter: 1 });
    expect(() => life.identity.timestamp(noon, { ...most, ms: most.ms + 1 })).toThrow(
      expect.objectContaining({ code: "CLOCK_SKEW" }),
    );
  });

  test.each(["crash", "stop"] as const)(
    "go on above all that were allowed to leave, after a %s, though the clock went back",
    (end) => {
      // Design §4.4: the bound of what was issued is durable across restarts.
      life.now = at(5000);
      const before = life.identity.timestamp(life.now, earliest);
      life.renewIfOutrun();
      expect(life.sync().identity.mayLeave).toBe(true);
      if (end === "stop") life.stop().start();
      else life.crash();
      expect(compareTimestamps(life.sync().identity.timestamp(at(4700), earliest), before)).toBeGreaterThan(0);
    },
  );

  test("may leave only below the durable bound", () => {
    // node/identity.ts: none leaves the node before a bound above it is on disk.
    life.identity.timestamp(at(199), earliest);
    expect([life.renewIfOutrun(), life.identity.mayLeave]).toEqual([false, true]);
    life.identity.timestamp(at(200), earliest);
    expect([life.renewIfOutrun(), life.renewIfOutrun(), life.identity.mayLeave]).toEqual([true, false, false]);
    expect(life.sync().identity.mayLeave).toBe(true);
  });

  test("have a bound that what is under way does not lower, though the clock goes back", () => {
    // A timestamp that leaves under the durable bound must not be above one that becomes durable after it.
    life.now = at(-200);
    life.store.commit(life.identity.startOver(life.now));
    const before = life.identity.timestamp(at(199), earliest);
    expect(life.identity.mayLeave).toBe(true);
    life.sync().crash();
    expect(compareTimestamps(life.sync().identity.timestamp(at(-200), earliest), before)).toBeGreaterThan(0);
  });

  test("are refused while the clock that issued them is further back than others tolerate", () => {
    // Design §4.4: refused, never clamped. Nobody would take them, and the put would end half-way, with an unknown outcome.
    life.identity.timestamp(at(60_000), earliest);
    expect(() => life.identity.timestamp(noon, earliest)).toThrow(
      expect.objectContaining({ code: "CLOCK_SKEW", outcome: "none" }),
    );
    expect(life.identity.timestamp(at(60_000), earliest).ms).toBe(noon.wallMs + 60_000);
  });

  test("hardly ever wait under load, for a write in every tenth of a second", () => {
    // node/identity.ts: the bound is renewed when half of `boundLeadMs` (200) is used up.
    let writes = 0;
    for (let ms = 0; ms < 1000; ms += 10) {
      life.now = at(ms);
      life.identity.timestamp(life.now, earliest);
      expect(life.identity.mayLeave, `after ${ms} ms`).toBe(true);
      if (life.renew()) writes++;
      life.sync();
    }
    expect(writes).toBe(9);
  });

  test("cost an idle node no writes, and one that was busy lately a few", () => {
    // node/identity.ts: the bound is kept ahead for `boundKeptMs` (1000).
    const writesUntil = (endMs: number): number => {
      const { writingBatches } = life.store;
      for (let ms = life.now.wallMs - noon.wallMs; ms < endMs; ms += 10) {
        life.now = at(ms);
        if (life.renew()) life.sync();
      }
      return life.store.writingBatches - writingBatches;
    };
    expect(writesUntil(5000)).toBe(0);
    life.identity.timestamp(life.now, earliest);
    expect(life.renewIfOutrun()).toBe(true);
    expect(writesUntil(7000)).toBe(9);
    expect(writesUntil(20_000)).toBe(0);
  });

  test("after a crash start ahead of the wall by less than others tolerate", () => {
    // node/identity.ts: boundLeadMs must stay far below clockOffsetMsMax, or a restart would be refused everywhere.
    life.crash().sync();
    expect(life.identity.timestamp(noon, earliest).ms - noon.wallMs).toBeLessThan(limits.clockOffsetMsMax / 2);
  });
});
