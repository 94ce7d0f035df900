/** Latencies, kept in microseconds to three significant digits, and what is told of them. */
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from "hdr-histogram-js";
import type { Latency, Spread } from "./results.ts";

const highest = 10 * 60_000_000;
/** Below this each number is counted by itself, and handed on when somebody asks: finding its bucket costs more than a request's loop. */
const plainEnd = 16_384;

/** Of microseconds, or of whatever else is a whole number. */
export class Distribution {
  readonly #histogram: Histogram;
  readonly #plain: Uint32Array = new Uint32Array(plainEnd);

  private constructor(histogram: Histogram) {
    this.#histogram = histogram;
  }

  static empty(): Distribution {
    return new Distribution(build({ highestTrackableValue: highest, numberOfSignificantValueDigits: 3 }));
  }

  static decode(text: string): Distribution {
    return new Distribution(decodeFromCompressedBase64(text));
  }

  static merge(texts: readonly string[]): Distribution {
    const merged = Distribution.empty();
    for (const text of texts) merged.#histogram.add(decodeFromCompressedBase64(text));
    return merged;
  }

  get count(): number {
    return this.#whole.totalCount;
  }

  add(value: number): void {
    const rounded = Math.min(highest, Math.max(0, Math.round(value)));
    if (rounded < plainEnd) this.#plain[rounded]! += 1;
    else this.#histogram.recordValue(rounded);
  }

  encode(): string {
    return encodeIntoCompressedBase64(this.#whole);
  }

  /** Of microseconds. */
  latency(): Latency {
    return {
      count: this.count,
      p50Ms: this.#at(50) / 1000,
      p95Ms: this.#at(95) / 1000,
      p99Ms: this.#at(99) / 1000,
      p999Ms: this.#at(99.9) / 1000,
      maxMs: this.#at(100) / 1000,
    };
  }

  /** @param unit how many of what was added make one; `undefined` if nothing was added */
  spread(unit: number): Spread | undefined {
    if (this.count === 0) return undefined;
    return { p50: this.#at(50) / unit, p99: this.#at(99) / unit, max: this.#at(100) / unit };
  }

  #at(percentile: number): number {
    return this.count === 0 ? 0 : this.#whole.getValueAtPercentile(percentile);
  }

  get #whole(): Histogram {
    for (const [value, count] of this.#plain.entries())
      if (count > 0) this.#histogram.recordValueWithCount(value, count);
    this.#plain.fill(0);
    return this.#histogram;
  }
}
