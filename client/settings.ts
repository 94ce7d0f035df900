/**
 * What the requests of one bucket handle choose: the call before the handle before what the cluster says. Settled here, so
 * that a wrong combination is refused before anything is sent, and the node settles it again.
 */
import { equalBytes } from "../src/bytes.ts";
import { decodeEffective, encodeEffective } from "../src/option-codec.ts";
import {
  checkOptions,
  optionNames,
  settleOptions,
  type ClusterOptions,
  type EffectiveOptions,
  type OptionName,
  type RequestOptions,
  type Source,
} from "../src/options.ts";

export interface Settled {
  /** What the call itself chose; `undefined`: nothing. */
  readonly chosen: RequestOptions | undefined;
  /** What travels with the request; `undefined`: the bucket's and the cluster's own options hold. */
  readonly request: RequestOptions | undefined;
  readonly n: number;
  readonly timeoutMs: number;
}

export class Settings {
  readonly #bucket: string;
  readonly #own: RequestOptions;
  /** Most calls choose nothing and are all alike: settled once, for as long as the cluster says the same. */
  #plain: { readonly cluster: ClusterOptions; readonly get: Settled; readonly put: Settled } | undefined;
  #lastEcho: { readonly wire: Uint8Array; readonly effective: EffectiveOptions } | undefined;

  /** @throws INVALID_ARGUMENT */
  constructor(bucket: string, own: RequestOptions) {
    checkOptions(own);
    this.#bucket = bucket;
    this.#own = own;
  }

  /** @throws INVALID_ARGUMENT */
  settle(kind: "get" | "put", chosen: RequestOptions | undefined, cluster: ClusterOptions): Settled {
    if (chosen !== undefined) return this.#settle(kind, chosen, cluster);
    if (this.#plain?.cluster !== cluster)
      this.#plain = {
        cluster,
        get: this.#settle("get", undefined, cluster),
        put: this.#settle("put", undefined, cluster),
      };
    return this.#plain[kind];
  }

  /** The echo of a reply. The node cannot tell the handle's options from the call's: it saw both as the request's. */
  effective(wire: Uint8Array, chosen: RequestOptions | undefined): EffectiveOptions {
    if (chosen !== undefined) return this.#label(wire, chosen);
    if (this.#lastEcho === undefined || !equalBytes(this.#lastEcho.wire, wire))
      this.#lastEcho = { wire: new Uint8Array(wire), effective: this.#label(wire, {}) }; // a copy: a view would keep the whole frame
    return this.#lastEcho.effective;
  }

  /** What a request would have been sent with. @throws INVALID_ARGUMENT */
  unsent(kind: "get" | "put", chosen: RequestOptions, cluster: ClusterOptions): EffectiveOptions {
    const { request } = this.#settle(kind, chosen, cluster);
    return this.#label(encodeEffective(settleOptions(kind, request ?? {}, this.#bucket, cluster)), chosen);
  }

  #settle(kind: "get" | "put", chosen: RequestOptions | undefined, cluster: ClusterOptions): Settled {
    let request: Partial<Record<OptionName, unknown>> | undefined;
    for (const name of optionNames) {
      const value = chosen?.[name] ?? this.#own[name];
      if (value !== undefined) (request ??= {})[name] = value;
    }
    const { n, timeoutMs } = settleOptions(kind, (request ?? {}) as RequestOptions, this.#bucket, cluster);
    return { chosen, request: request as RequestOptions | undefined, n, timeoutMs };
  }

  #label(wire: Uint8Array, chosen: RequestOptions): EffectiveOptions {
    const effective = decodeEffective(wire);
    const from: Record<OptionName, Source> = { ...effective.from };
    for (const name of optionNames)
      if (from[name] === "request" && chosen[name] === undefined && this.#own[name] !== undefined)
        from[name] = "bucket";
    return { ...effective, from };
  }
}
