/** How many siblings there are (I10), and what digests say of them: scenarios 7, 8, 22 and 23 on the pure core. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { addDot, emptyContext, type CausalContext } from "../../src/causal-context.ts";
import { makeActor, type Dot } from "../../src/dot.ts";
import { addEvent, emptyObject, sync, type StoredObject } from "../../src/object.ts";
import { plainWrite } from "../plain-write.ts";
import { digestOf, encodeRecord } from "../../src/record.ts";
import { hashKey, makeKey } from "../../src/key.ts";
import { histories, siblingOf } from "./history.ts";

/** One replica that mints properly. */
class Replica {
  object: StoredObject = emptyObject;
  readonly #actor: string;
  #counter = 0;

  constructor(name: string) {
    this.#actor = makeActor(name.padEnd(8, "."), 1);
  }

  put(seen: CausalContext): Dot {
    const dot = { actor: this.#actor, counter: ++this.#counter };
    this.object = plainWrite(this.object, seen, siblingOf(dot, true));
    return dot;
  }
}

test("scenario 7: two clients that interleave reading and writing stay at two siblings", () => {
  // riak_test sibling_explosion: with version vectors alone this ends at 99. Each client's context is one write old, always.
  const replica = new Replica("a");
  const contexts = [emptyContext, emptyContext];
  for (let turn = 0; turn < 200; turn++) {
    const client = turn % 2;
    const read = contexts[client]!;
    contexts[client] = addDot(read, replica.put(read));
    expect(replica.object.siblings.length).toBe(Math.min(turn + 1, 2));
  }
});

test("scenario 7: clients that read just before the other one writes stay at two siblings", () => {
  // The same with whole contexts of reads: both read, both write, a hundred times.
  const replica = new Replica("a");
  for (let turn = 0; turn < 100; turn++) {
    const read = replica.object.context;
    replica.put(read);
    replica.put(read);
    expect(replica.object.siblings).toHaveLength(2);
  }
});

test("one client that reads before it writes stays at one sibling, at whichever replica", () => {
  // I10: one sequential client has one sibling at every step.
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(2), fc.nat(2)), { maxLength: 50 }), (turns) => {
      const replicas = [new Replica("a"), new Replica("b"), new Replica("c")];
      let seen = emptyContext;
      for (const [at, other] of turns) {
        const replica = replicas[at]!;
        seen = addDot(seen, replica.put(seen));
        expect(replica.object.siblings).toHaveLength(1);
        replicas[other]!.object = sync(replicas[other]!.object, replica.object);
        expect(replicas[other]!.object.siblings).toHaveLength(1);
      }
    }),
  );
});

test("k clients that write with what they wrote before have at most k siblings", () => {
  // I10: k clients doing read, merge, write have ≤ k siblings, at any number of replicas that sync at random.
  const step = fc.record({ client: fc.nat(3), at: fc.nat(2), from: fc.nat(2) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100, size: "max" }), (steps) => {
      const replicas = [new Replica("a"), new Replica("b"), new Replica("c")];
      const contexts = Array.from({ length: 4 }, () => emptyContext);
      for (const { client, at, from } of steps) {
        const replica = replicas[at]!;
        contexts[client] = addDot(contexts[client]!, replica.put(contexts[client]!));
        replica.object = sync(replica.object, replicas[from]!.object);
        expect(replica.object.siblings.length).toBeLessThanOrEqual(4);
      }
    }),
  );
});

test("scenario 8: a replica with a sibling of its own that receives 100 versions in any order ends with two", () => {
  // riak_test verify_dvv_repl: replication of resolved writes explodes on the sink.
  const source = new Replica("a");
  const versions = Array.from({ length: 100 }, () => {
    source.put(source.object.context);
    return source.object;
  });
  fc.assert(
    fc.property(fc.shuffledSubarray(versions, { minLength: 100 }), (shuffled) => {
      const sink = new Replica("b");
      sink.put(emptyContext);
      for (const version of shuffled) {
        sink.object = sync(sink.object, version);
        expect(sink.object.siblings).toHaveLength(2);
      }
      expect(sink.object.siblings[0]).toEqual(source.object.siblings[0]);
    }),
    { numRuns: 20 },
  );
});

test("scenario 23: the same values under different contexts have different digests", () => {
  // ferrosa PR#47: a tree that hashes only part of the state never converges. An event without a value changes the context only.
  fc.assert(
    fc.property(histories, (history) => {
      for (const { object } of history.states) {
        const knowsMore = addEvent(object, { actor: makeActor("another.", 1), counter: 1 });
        expect(digestOf(encodeRecord(7n, knowsMore))).not.toEqual(digestOf(encodeRecord(7n, object)));
      }
    }),
  );
});

test("scenario 22: one state has another digest under another key", () => {
  const texts = fc.string({ minLength: 1, unit: "grapheme" });
  // leveled#207: two keys that miss the same change must not cancel out in a tree of XORs.
  fc.assert(
    fc.property(histories, texts, texts, (history, one, other) => {
      fc.pre(one !== other);
      const digest = (key: string): Uint8Array =>
        digestOf(encodeRecord(hashKey(makeKey("b", key)), history.states[0]!.object));
      expect(digest(one)).not.toEqual(digest(other));
      expect(digest(one)).toEqual(digest(one));
    }),
  );
});
