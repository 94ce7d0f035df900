import type { Link } from "./wire.ts";

/** What a coordinator keeps of a request, in a slot that is used again after the last answer. */
interface Slot {
  client: Link | undefined;
  clientId: number;
  /** Answers after which the client gets its reply. */
  needed: number;
  /** Answers still to come; at zero the slot is free again. */
  missing: number;
  /** What a get found here; undefined for a put. */
  value: Uint8Array | undefined;
}

/** The requests in flight at a coordinator. A slot's number is the id that the replicas see. */
export class Tally {
  private readonly slots: Slot[] = [];
  private readonly free: number[] = [];
  private readonly reply: (client: Link, id: number, value: Uint8Array | undefined) => void;

  constructor(reply: (client: Link, id: number, value: Uint8Array | undefined) => void) {
    this.reply = reply;
  }

  open(client: Link, clientId: number, needed: number, asked: number, value: Uint8Array | undefined): number {
    const id = this.free.pop() ?? this.add();
    const slot = this.slots[id]!;
    slot.client = client;
    slot.clientId = clientId;
    slot.needed = needed;
    slot.missing = asked;
    slot.value = value;
    return id;
  }

  count(id: number): void {
    const slot = this.slots[id]!;
    slot.needed -= 1;
    slot.missing -= 1;
    if (slot.needed === 0) this.reply(slot.client!, slot.clientId, slot.value);
    if (slot.missing === 0) this.free.push(id);
  }

  private add(): number {
    this.slots.push({ client: undefined, clientId: 0, needed: 0, missing: 0, value: undefined });
    return this.slots.length - 1;
  }
}
