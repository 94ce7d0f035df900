/** The floor is a yardstick only as long as it keeps what it acknowledges: also while records move from its log into its table. */
import { expect, test } from "vitest";
import { Store } from "../../bench/floor/store.ts";
import { Random } from "../../src/random.ts";
import { makeTempDirectory } from "../temp-directory.ts";

/** So many that moving them takes longer than a commit of the log. */
const keys = 10_000;
const together = 1_000;
/** Enough to move the log twice. */
const rounds = 60;

test("a read has the last value that was acknowledged", async () => {
  const random = new Random(1);
  const model = new Map<string, string>();
  let missing = 0;
  let answer = (): void => undefined;
  const store = new Store(makeTempDirectory(), () => {
    missing -= 1;
    if (missing === 0) answer();
  });
  for (let round = 0; round < rounds; round++) {
    const durable = new Promise<void>((resolve) => (answer = resolve));
    missing = together;
    for (let at = 0; at < together; at++) {
      const key = `key-${random.between(1, keys)}`;
      model.set(key, `${round}-${at}`);
      store.write(key, Buffer.from(`${round}-${at}`), undefined, at);
    }
    await durable;
    const wrong = [...model].filter(([key, value]) => String(store.read(key)) !== value);
    expect(wrong, `after round ${round}`).toEqual([]);
  }
  expect(store.read("key-of-nobody")).toBeUndefined();
  await store.close();
});
