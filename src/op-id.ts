/**
 * An operation id names one mutation across all its retries: 8 bytes of client id (random, per client) and 6 bytes of
 * sequence, as a binary string of 14 characters.
 */
export type ClientId = string;
export type OpId = string;

export const sequenceMax: number = 2 ** 48 - 1;

export function makeOpId(client: ClientId, sequence: number): OpId {
  const high = Math.floor(sequence / 2 ** 24);
  return (
    client +
    String.fromCharCode(
      (high >>> 16) & 0xff,
      (high >>> 8) & 0xff,
      high & 0xff,
      (sequence >>> 16) & 0xff,
      (sequence >>> 8) & 0xff,
      sequence & 0xff,
    )
  );
}

export function clientOf(op: OpId): ClientId {
  return op.slice(0, 8);
}

export function sequenceOf(op: OpId): number {
  let sequence = 0;
  for (let at = 8; at < 14; at++) sequence = sequence * 0x100 + op.charCodeAt(at);
  return sequence;
}
