/** The first of `count` places for which something holds that holds for all behind it too; `count` if it holds nowhere. */
export function firstPast(count: number, isPast: (place: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isPast(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
