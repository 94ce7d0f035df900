/**
 * What a request goes by, and the form in which its reply echoes that: settled once for each combination of choices, not once per
 * request. `decodeOptions` makes one object of each combination, so what was settled is found by that object.
 */
import { bucketOf } from "../src/key.ts";
import type { Get, Put } from "../src/messages.ts";
import {
  encodeEffective,
  settleOptions,
  type ClusterOptions,
  type RequestOptions,
  type SettledOptions,
} from "../src/options.ts";

/** Of all requests that choose nothing. */
const noOptions: RequestOptions = {};

export class OptionSettler {
  readonly #options: ClusterOptions;
  /** By what requests choose, then by kind and configured bucket. */
  readonly #settled = new WeakMap<RequestOptions, Map<string, SettledOptions>>();

  constructor(options: ClusterOptions) {
    this.#options = options;
  }

  /** @throws INVALID_ARGUMENT if the choices do not fit each other, or the cluster's */
  settle(message: Pick<Get | Put, "kind" | "key" | "options">): SettledOptions {
    const kind = message.kind === "Get" ? "get" : "put";
    const bucket = bucketOf(message.key);
    const chosen = message.options ?? noOptions;
    const slot = `${kind} ${Object.hasOwn(this.#options.buckets, bucket) ? bucket : ""}`;
    const known = this.#settled.get(chosen)?.get(slot);
    if (known !== undefined) return known;
    const effective = settleOptions(kind, chosen, bucket, this.#options);
    const settled = { ...effective, echo: encodeEffective(effective) };
    this.#settled.set(chosen, (this.#settled.get(chosen) ?? new Map<string, SettledOptions>()).set(slot, settled));
    return settled;
  }
}
