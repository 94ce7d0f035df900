/** What a comparison compares: the options that its requests carry. */
import type { ReadRepair, StoredResolver } from "../../src/options.ts";

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
