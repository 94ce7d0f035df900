/** Latencies, kept in microseconds to three significant digits, and what is told of them. */
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from "hdr-histogram-js";
import type { Latency, Spread } from "./results.ts";

const highestUs = 10 * 60_000_000;

/** Of microseconds, or of whatever else is a whole number. */
export class Distribution {
  readonly #histogram: Histogram;

  private constructor(histogram: Histogram) {
    this.#histogram = histogram;
  }

  static empty(): Distribution {
    return new Distribution(build({ highestTrackableValue: highestUs, numberOfSignificantValueDigits: 3 }));
  }

  static decode(text: string): Distribution {
    return new Distribution(decodeFromCompressedBase64(text));
  }

  static merge(texts: readonly string[]): Distribution {
    const merged = Distribution.empty();
    for (const text of texts) merged.#histogram.add(Distribution.decode(text).#histogram);
    return merged;
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  add(value: number): void {
    this.#histogram.recordValue(Math.min(highestUs, Math.max(0, Math.round(value))));
  }

  encode(): string {
    return encodeIntoCompressedBase64(this.#histogram);
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
    return this.count === 0 ? 0 : this.#histogram.getValueAtPercentile(percentile);
  }
}
