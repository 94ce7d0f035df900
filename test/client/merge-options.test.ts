// What may be asked of a merge besides merging, and what is refused when it is made.
import { expect, test } from "vitest";
import { checkMergeOptions } from "../../client/merge-options.ts";

const max = Math.max;

test("everything may be chosen, or nothing", () => {
  const all = {
    samples: [1, 2],
    checkLaws: true,
    onBrokenLaw: () => undefined,
    shadow: max,
    onDifference: () => undefined,
  };
  expect(checkMergeOptions({})).toBeUndefined();
  expect(checkMergeOptions<number>(all)).toBeUndefined();
});

test.each<[unknown, string]>([
  [null, "options of a merge are an object, not null"],
  [max, "options of a merge are an object"],
  [{ sample: [] }, "sample is no option of merge; there are samples, checkLaws"],
  [{ samples: { a: 1 } }, "samples are an array of values"],
  [{ checkLaws: "yes" }, "checkLaws is true or false, not yes"],
  [{ onBrokenLaw: true }, "onBrokenLaw is a function"],
  [{ shadow: 1, onDifference: max }, "shadow is a function of two values"],
  [{ shadow: async () => 1, onDifference: max }, "shadow cannot be async"],
  [{ shadow: max }, "shadow and onDifference belong together"],
  [{ onDifference: max }, "shadow and onDifference belong together"],
  [{ shadow: max, onDifference: true }, "shadow and onDifference belong together"],
])("%o is refused", (options, sentence) => {
  expect(() => checkMergeOptions(options as never)).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(sentence) }),
  );
});
