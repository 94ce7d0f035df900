/** A Coterie cluster that runs already, here or elsewhere: it is asked, and nothing else is done to it. What it uses, nobody here knows. */
import { connect } from "../../client/index.ts";
import { guaranteeOf } from "./guarantee.ts";
import type { Setting } from "./setting.ts";
import type { Address, System, Usage } from "./system.ts";

export class RemoteSystem implements System {
  readonly name = "coterie";
  readonly #urls: readonly string[];
  readonly #settings: readonly Setting[];

  /** @param settings under which it will be asked */
  constructor(urls: readonly string[], settings: readonly Setting[]) {
    this.#urls = urls;
    this.#settings = settings;
  }

  guaranteeOf(setting: Setting): string {
    return guaranteeOf(setting);
  }

  /**
   * @throws UNAVAILABLE if none of its nodes answers, UNAUTHENTICATED if it wants another token than `COTERIE_TOKEN`, INVALID_ARGUMENT if it
   * cannot serve one of the settings
   */
  async start(): Promise<Address> {
    const client = await connect(this.#urls, { auth: process.env.COTERIE_TOKEN || undefined });
    try {
      for (const { n, r, w, dw, sloppy } of this.#settings)
        await client.bucket("bench", { n, r, w, dw, sloppy }).get("is it there?");
    } finally {
      await client.close();
    }
    return { system: "coterie", nodes: this.#urls };
  }

  usage(): Promise<Usage | undefined> {
    return Promise.resolve(undefined);
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}
