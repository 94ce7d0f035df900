/** Figures as people read them, the same in the terminal, in the page and in sentences. A dash stands for what is not known. */

export const unknownAmount = "–";

/** Rates and counts: `78,120`. */
export function showCount(count: number | undefined): string {
  return count === undefined ? unknownAmount : Math.round(count).toLocaleString("en");
}

/** Three digits that count, never more than three behind the point: `0.042`, `4.21`, `1,204`. */
export function showAmount(amount: number | undefined): string {
  if (amount === undefined || !Number.isFinite(amount)) return unknownAmount;
  if (amount === 0) return "0";
  const size = Math.abs(amount);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return amount.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** `0.35 %`, `12 %`; nothing at all is `0`, and what is very little is still not nothing. */
export function showShare(share: number | undefined): string {
  if (share === undefined || !Number.isFinite(share)) return unknownAmount;
  if (share === 0) return "0";
  const percent = share * 100;
  if (percent < 0.0001) return "<0.0001 %";
  // Nearly all is not all.
  return `${percent >= 99 ? Math.floor(percent * 100) / 100 : Number(percent.toPrecision(2))} %`;
}

/** `850 ms`, `12.5 s`, `4 min 10 s` */
export function showDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${Number((ms / 1000).toFixed(1))} s`;
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60];
  return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
}

/** In units of 1,024: `100 B`, `7.8 GB` */
export function showBytes(bytes: number): string {
  const sizes = ["B", "KB", "MB", "GB", "TB"];
  const at = Math.min(Math.floor(Math.log2(Math.max(1, bytes)) / 10), sizes.length - 1);
  return `${Number((bytes / 1024 ** at).toFixed(1))} ${sizes[at]}`;
}

/** `A`, `A and B`, `A, B and C` */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
