/**
 * An operation id names one mutation across all its retries: 8 bytes of client id (random, per client) and 6 bytes of
 * sequence, as a binary string of 14 characters.
 */
import { binary48, number48 } from "./bytes.ts";

export type ClientId = string;
export type OpId = string;

export function makeOpId(client: ClientId, sequence: number): OpId {
  return client + binary48(sequence);
}

export function sequenceOf(op: OpId): number {
  return number48(op, 8);
}
