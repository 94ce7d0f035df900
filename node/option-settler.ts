/**
 * What a request goes by, and the form in which its reply echoes that: settled once for each combination of choices, not once per
 * request. `decodeOptions` makes one object of each combination, so what was settled is found by that object.
 */
import { bucketOf } from "../src/key.ts";
import type { Get, Put } from "../src/messages.ts";
import { encodeEffective } from "../src/option-codec.ts";
import { settleOptions, type ClusterOptions, type RequestOptions, type SettledOptions } from "../src/options.ts";

/** Of all requests that choose nothing. */
const noOptions: RequestOptions = {};

class Combinations extends WeakMap<RequestOptions, Map<string, SettledOptions>> {}

export class OptionSettler {
  readonly #options: ClusterOptions;
  /** By what requests choose, then by configured bucket. */
  readonly #settled = { get: new Combinations(), put: new Combinations() };

  constructor(options: ClusterOptions) {
    this.#options = options;
  }

  /** @throws INVALID_ARGUMENT if the choices do not fit each other, or the cluster's */
  settle(message: Pick<Get | Put, "kind" | "key" | "options">): SettledOptions {
    const kind = message.kind === "Get" ? "get" : "put";
    const bucket = bucketOf(message.key);
    const chosen = message.options ?? noOptions;
    const configured = Object.hasOwn(this.#options.buckets, bucket) ? bucket : "";
    const combinations = this.#settled[kind];
    const known = combinations.get(chosen)?.get(configured);
    if (known !== undefined) return known;
    const effective = settleOptions(kind, chosen, bucket, this.#options);
    const settled = { ...effective, echo: encodeEffective(effective) };
    combinations.set(chosen, (combinations.get(chosen) ?? new Map<string, SettledOptions>()).set(configured, settled));
    return settled;
  }
}
