/**
 * What travels between the floor's processes: positional arrays, told apart by their first element. Ids are chosen
 * by whoever asks and come back in the answer.
 */
export const PUT = 1;
export const GET = 2;
export const REPLICA_PUT = 3;
export const REPLICA_GET = 4;
export const PUT_REPLY = 5;
export const GET_REPLY = 6;
export const REPLICA_REPLY = 7;

export type Put = [kind: typeof PUT, id: number, key: string, value: Uint8Array, w: number];
export type Get = [kind: typeof GET, id: number, key: string, r: number];
export type ReplicaPut = [kind: typeof REPLICA_PUT, id: number, key: string, value: Uint8Array];
export type ReplicaGet = [kind: typeof REPLICA_GET, id: number, key: string, digest: Uint8Array];
export type PutReply = [kind: typeof PUT_REPLY, id: number];
export type GetReply = [kind: typeof GET_REPLY, id: number, value: Uint8Array | null];
/** Answers a ReplicaPut (the record is durable) as well as a ReplicaGet (`same`: the digest is that of my record). */
export type ReplicaReply = [kind: typeof REPLICA_REPLY, id: number, same: boolean];

export type Message = Put | Get | ReplicaPut | ReplicaGet | PutReply | GetReply | ReplicaReply;

/** The floor's stand-in for Coterie's stored digest: the first bytes of the record, so that nobody computes one. */
export const DIGEST_BYTES = 8;
