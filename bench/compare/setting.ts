/** What a comparison compares: the options that its requests carry. */
import { CoterieError, invalidArgument } from "../../src/errors.ts";
import { settleOptions, type ReadRepair, type StoredResolver } from "../../src/options.ts";

/** Counts as numbers; what a system of one copy has no use for, it leaves alone. */
export interface Setting {
  readonly n: number;
  readonly r: number;
  readonly w: number;
  /** How many of the w must have it on disk. */
  readonly dw: number;
  readonly sloppy: boolean;
  readonly fanout: "quorum" | "all";
  readonly readRepair: ReadRepair;
  readonly resolver: StoredResolver;
}

export const defaultSetting: Setting = {
  n: 3,
  r: 2,
  w: 2,
  dw: 2,
  sloppy: true,
  fanout: "quorum",
  readRepair: "async",
  resolver: "siblings",
};

/** `n3 r2 w2`, and what differs from the default: `n3 r1 w2 dw1 strict all-replicas repair=off lww`. */
export function nameOf(setting: Setting): string {
  const { n, r, w, dw, sloppy, fanout, readRepair, resolver } = setting;
  const words = [`n${n}`, `r${r}`, `w${w}`];
  if (dw !== w) words.push(`dw${dw}`);
  if (!sloppy) words.push("strict");
  if (fanout === "all") words.push("all-replicas");
  if (readRepair !== "async") words.push(`repair=${readRepair}`);
  if (resolver !== "siblings") words.push(resolver);
  return words.join(" ");
}

/**
 * A setting in the words of `nameOf`, in any order. Without a word for it, n is 3, r and w are quorums of n, dw is w, and the rest as in
 * the default.
 * @throws INVALID_ARGUMENT naming the setting and the word, or the counts that do not fit each other
 */
export function parseSetting(text: string): Setting {
  const said: { -readonly [Name in keyof Setting]?: Setting[Name] } = {};
  for (const word of text.split(/[\s,]+/).filter((one) => one !== "")) {
    const meaning = meaningOf(word, text);
    const again = Object.keys(meaning).find((name) => name in said);
    if (again !== undefined)
      throw invalidArgument(`the setting ${JSON.stringify(text)} says twice what ${again} is: leave one out`);
    Object.assign(said, meaning);
  }
  const { n = defaultSetting.n } = said;
  const { r = quorumOf(n), w = quorumOf(n) } = said;
  const setting = { ...defaultSetting, ...said, n, r, w, dw: said.dw ?? w };
  refuseMisfit(setting, text);
  return setting;
}

/** All r and w from 1 to n; what else is chosen is as in `like`. */
export function gridOf(like: Setting): readonly Setting[] {
  const counts = Array.from({ length: like.n }, (_, at) => at + 1);
  return counts.flatMap((r) => counts.map((w) => ({ ...like, r, w, dw: w })));
}

function quorumOf(n: number): number {
  return Math.floor(n / 2) + 1;
}

function meaningOf(word: string, text: string): Partial<Setting> {
  const [, count, digits] = /^(n|r|w|dw)(\d{1,4})$/.exec(word) ?? [];
  if (count !== undefined) return { [count]: Number(digits) };
  switch (word) {
    case "sloppy":
      return { sloppy: true };
    case "strict":
      return { sloppy: false };
    case "all-replicas":
      return { fanout: "all" };
    case "repair=off":
      return { readRepair: "off" };
    case "repair=async":
      return { readRepair: "async" };
    case "repair=blocking":
      return { readRepair: "blocking" };
    case "siblings":
    case "lww":
      return { resolver: word };
    default:
      throw invalidArgument(
        `the setting ${JSON.stringify(text)} has the word ${JSON.stringify(word)}: its words are n3 r2 w2 dw2 with other numbers, ` +
          "strict, all-replicas, repair=off, repair=blocking and lww",
      );
  }
}

function refuseMisfit({ n, r, w, dw }: Setting, text: string): void {
  try {
    for (const kind of ["get", "put"] as const)
      settleOptions(kind, { n, r, w, dw }, "default", { defaults: { n }, buckets: {} });
  } catch (error) {
    if (!(error instanceof CoterieError)) throw error;
    throw invalidArgument(`the setting ${JSON.stringify(text)} cannot be: ${error.message}`);
  }
}
