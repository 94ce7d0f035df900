/** sim/features.ts: a node is asked what it does, and is asked without harm; what it does not do yet is not demanded. */
import { expect, test } from "vitest";
import { featuresOfNode } from "../../sim/features.ts";

test("every feature is looked for, and the answer stays", () => {
  const features = featuresOfNode();
  expect(Object.keys(features).sort()).toEqual([
    "antiEntropy",
    "freshness",
    "fullDisk",
    "hints",
    "liveness",
    "readRepair",
    "tombstones",
  ]);
  expect(featuresOfNode()).toBe(features);
});
