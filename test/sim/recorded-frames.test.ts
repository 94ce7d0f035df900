// Of a long run the last messages are kept, and those that are said without end do not drive out the others.
import { expect, test } from "vitest";
import { encodeFrame } from "../../src/codec.ts";
import { makeKey } from "../../src/key.ts";
import { Path } from "../../sim/network.ts";
import { RecordedFrames } from "../../sim/recorded-frames.ts";
import { RecordedMessages } from "../../sim/recorded-messages.ts";
import { RecordedStates } from "../../sim/recorded-states.ts";
import { Simulator } from "../../sim/simulator.ts";

const path = new Path("n1", "n2", new Simulator(1).dice("net"));
const lanes = ["n1", "n2"];

function frames(): RecordedFrames {
  const messages = new RecordedMessages(new RecordedStates(), () => 0);
  return new RecordedFrames(messages, (name) => lanes.indexOf(name));
}

function get(id: number): Uint8Array {
  const key = makeKey("b", "k1");
  return encodeFrame([{ kind: "ReplicaGet", id, key, have: undefined, timeoutMs: 1000, durable: false }]);
}

function ping(id: number): Uint8Array {
  return encodeFrame([{ kind: "Ping", id, target: undefined, news: [] }]);
}

test("the last ones stay", () => {
  const recorded = frames();
  const first = get(0);
  recorded.sent(path, first, 0);
  for (let step = 1; step <= 20_000; step++) recorded.sent(path, ping(step), step);
  recorded.ended(first, 20_001, undefined);
  const all = recorded.all();
  const { background } = recorded.leftOut;
  expect(background).toBeGreaterThan(0);
  expect(recorded.leftOut).toEqual({ first: 0, background });
  expect(all.length).toBe(20_001 - background);
  expect(all[0]).toMatchObject({ sent: 0, ended: 20_001, messages: [{ kind: "ReplicaGet", keys: [0] }] });
  expect(all.at(-1)).toMatchObject({ sent: 20_000, messages: [{ kind: "Ping", id: 20_000 }] });
});

test("a frame that comes twice is two", () => {
  const recorded = frames();
  const frame = get(1);
  recorded.sent(path, frame, 0);
  recorded.ended(frame, 5, undefined);
  recorded.ended(frame, 7, undefined);
  expect(recorded.all().map(({ sent, ended, lost }) => [sent, ended, lost])).toEqual([
    [0, 5, undefined],
    [0, 7, undefined],
  ]);
});

test("a frame gets lost at once, or at the other end", () => {
  const recorded = frames();
  const [late, never] = [get(1), get(2)];
  recorded.sent(path, late, 0);
  recorded.ended(late, 5, "nobody listens any more");
  recorded.swallowed(path, never, 6, "lost");
  expect(recorded.all().map(({ sent, ended, lost }) => [sent, ended, lost])).toEqual([
    [0, 5, "nobody listens any more"],
    [6, undefined, "lost"],
  ]);
});

test("a frame without its end says so", () => {
  const recorded = frames();
  recorded.sent(path, get(1).subarray(0, 4), 0);
  expect(recorded.all()[0]?.messages).toEqual([{ kind: "Cut off", text: "its end is missing: it cannot be decoded" }]);
});
