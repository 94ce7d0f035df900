/** What a count of stale reads can show: a share that was not seen may still be there. */

/**
 * The share of stale reads that is not exceeded with 95 % confidence, if reads are independent of each other. For none seen this is the
 * rule of three: 3 / reads; otherwise the upper end of the one-sided interval of a Poisson count, within 2 % of the exact one.
 */
export function staleShareBound({ stale, reads }: { readonly stale: number; readonly reads: number }): number {
  return reads === 0 ? 1 : Math.min(1, (stale + 1.355 + 1.645 * Math.sqrt(stale + 1)) / reads);
}
