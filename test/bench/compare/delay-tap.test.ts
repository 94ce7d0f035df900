// bench/compare/delay-tap.ts: what arrives is held back, what leaves is not, and whatever happens lets pass what is due.
import { expect, test } from "vitest";
import { DelayTap } from "../../../bench/compare/delay-tap.ts";
import type { PeerMessage } from "../../../src/messages.ts";

test("only what arrives is held back, behind what is due", () => {
  const story: string[] = [];
  const held: ((dueMs: number) => void)[] = [];
  const tap = new DelayTap({
    look: () => void story.push("look"),
    hold: (_message, pass) => void held.push(pass),
  });
  const message = { kind: "ReplicaPut" } as PeerMessage;
  tap.out("n2", message, () => story.push("out"));
  expect(story).toEqual(["out"]);
  tap.in("n2", message, () => story.push("in"));
  expect(story).toEqual(["out", "look"]);
  held[0]!(0);
  tap.sees();
  expect(story).toEqual(["out", "look", "in", "look"]);
});
