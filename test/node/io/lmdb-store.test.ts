import { onTestFinished } from "vitest";
import { openLmdbStore, type LmdbStore } from "../../../node/io/lmdb-store.ts";
import type { Batch, StoreEvents } from "../../../node/store.ts";
import { describeStoreContract, type StoreHarness } from "../../contract/store.ts";
import { makeTempDirectory } from "../../temp-directory.ts";

describeStoreContract("LMDB", (events) => new LmdbHarness(events));

class LmdbHarness implements StoreHarness {
  readonly #directory = makeTempDirectory();
  readonly #events: StoreEvents;
  #submitted = 0;
  #durable = 0;
  #onSettled: () => void = () => {};
  store: LmdbStore<Batch>;

  constructor(events: StoreEvents) {
    this.#events = events;
    this.store = this.#open();
    onTestFinished(() => this.store.close());
  }

  settle(): Promise<void> {
    return this.#submitted === this.#durable
      ? Promise.resolve()
      : new Promise((resolve) => (this.#onSettled = resolve));
  }

  async reopen(): Promise<void> {
    await this.store.close();
    this.store = this.#open();
  }

  #open(): LmdbStore<Batch> {
    const store = openLmdbStore<Batch>(this.#directory, {
      onDurable: (batch) => {
        this.#durable++;
        this.#events.onDurable(batch);
        if (this.#submitted === this.#durable) this.#onSettled();
      },
      onFailure: (error) => this.#events.onFailure(error),
    });
    const commit = store.commit.bind(store);
    store.commit = (batch) => {
      this.#submitted++;
      commit(batch);
    };
    return store;
  }
}
