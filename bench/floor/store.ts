import { open, type RootDatabase } from "lmdb";
import type { Link } from "./wire.ts";

/** Called once the record is on disk; `asker` is undefined when the coordinator asked its own store. */
export type OnDurable = (asker: Link | undefined, id: number) => void;

/** Writes that go to disk together, in columns, so that a write costs four appends and no object of its own. */
class Batch {
  readonly keys: string[] = [];
  readonly values: Uint8Array[] = [];
  readonly askers: (Link | undefined)[] = [];
  readonly ids: number[] = [];
}

/**
 * LMDB with group commit: while one commit is being synced, the writes that arrive form the next. One fsync per turn of
 * the event loop or per fsync, whichever is longer, and one promise per commit instead of one per write.
 */
export class Store {
  private readonly database: RootDatabase<Uint8Array, string>;
  private readonly onDurable: OnDurable;
  private next = new Batch();
  private committing = false;

  constructor(directory: string, onDurable: OnDurable) {
    this.onDurable = onDurable;
    this.database = open({
      path: `${directory}/floor.mdb`,
      encoding: "binary",
      // With our own group commit nothing overlaps. Off, a commit resolves only after its fsync and a failed sync
      // rejects; on, `flushed` would never settle after one.
      overlappingSync: false,
      // Random writes touch nearly every leaf of a batch: fewer and larger pages cost fewer system calls.
      pageSize: 8192,
      noMemInit: true,
      mapSize: 1024 * 1024 * 1024,
    });
  }

  /** The record in a buffer that the next read overwrites (its `length` is right, its views are not), or undefined. */
  peek(key: string): Uint8Array | undefined {
    return this.database.getBinaryFast(key);
  }

  /** A copy of the record that the caller may keep. Node's buffer pool makes it cheaper than lmdb's `getBinary`. */
  read(key: string): Uint8Array | undefined {
    const record = this.database.getBinaryFast(key);
    if (record === undefined) return undefined;
    const copy = Buffer.allocUnsafe(record.length);
    copy.set(new Uint8Array(record.buffer, record.byteOffset, copy.length));
    return copy;
  }

  write(key: string, value: Uint8Array, asker: Link | undefined, id: number): void {
    const batch = this.next;
    if (batch.ids.length === 0 && !this.committing) setImmediate(this.commit);
    batch.keys.push(key);
    batch.values.push(value);
    batch.askers.push(asker);
    batch.ids.push(id);
  }

  async close(): Promise<void> {
    await this.database.close();
  }

  private readonly commit = (): void => {
    const batch = this.next;
    this.next = new Batch();
    this.committing = true;
    let committed: Promise<boolean> | undefined;
    for (let at = 0; at < batch.keys.length; at++) {
      // lmdb returns one and the same promise for all writes of a turn
      committed = this.database.put(batch.keys[at]!, batch.values[at]!);
    }
    void committed?.then(() => this.acknowledge(batch));
  };

  private acknowledge(batch: Batch): void {
    this.committing = false;
    if (this.next.ids.length > 0) this.commit();
    for (let at = 0; at < batch.ids.length; at++) this.onDurable(batch.askers[at], batch.ids[at]!);
  }
}
