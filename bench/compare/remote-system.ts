/** A Coterie cluster that runs already, here or elsewhere: it is asked, and nothing else is done to it. What it uses, nobody here knows. */
import { connect } from "../../client/index.ts";
import { guaranteeOf } from "./guarantee.ts";
import type { Setting } from "./setting.ts";
import type { Address, System, Usage } from "./system.ts";

export class RemoteSystem implements System {
  readonly name = "coterie";
  readonly #urls: readonly string[];

  constructor(urls: readonly string[]) {
    this.#urls = urls;
  }

  guaranteeOf(setting: Setting): string {
    return guaranteeOf(setting);
  }

  /** @throws UNAVAILABLE if none of its nodes answers, UNAUTHENTICATED if it wants another token than `COTERIE_TOKEN` */
  async start(): Promise<Address> {
    const client = await connect(this.#urls, { auth: process.env.COTERIE_TOKEN || undefined });
    await client.close();
    return { system: "coterie", nodes: this.#urls };
  }

  usage(): Promise<Usage | undefined> {
    return Promise.resolve(undefined);
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}
