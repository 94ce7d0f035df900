/**
 * Every limit of the store, with its unit and what it costs to raise it. Both sides of the wire check them: the client
 * early and kindly, the node because bytes from outside are not to be trusted.
 */
export interface Limits {
  /** UTF-8 bytes of a key. LMDB's own limit is 1,978 with the partition and the bucket's name before it. */
  readonly keyBytesMax: number;
  /** ASCII bytes of a bucket's name. */
  readonly bucketBytesMax: number;
  /** Encoded bytes of one value. Values are held in memory whole, once per request and replica. */
  readonly valueBytesMax: number;
  /** Bytes of one record, all siblings together, from which on a write is refused. A sync may go past it, never past a frame. */
  readonly recordBytesMax: number;
  /** Encoded bytes of a causal context that a client hands in: about 1,000 actors. */
  readonly tokenBytesMax: number;
  /** Siblings of one key from which on a write is refused: its clients do not read before they write. */
  readonly siblingsMax: number;
  /** Elements and fields of one replicated data type, all levels together, from which on a change is refused: a record is rewritten whole. */
  readonly elementsMax: number;
  /** Changes in one operation. */
  readonly changesMax: number;
  /** Characters of a path within a replicated data type: names of fields, and a few more per level. */
  readonly pathLengthMax: number;
  /** How deep maps may be nested in maps. */
  readonly mapDepthMax: number;
  /** Spent increments of one key, kept to recognise retries, from which on new ones are refused. Each takes about 30 bytes. */
  readonly spentIncrementsMax: number;
  /** Other spent elements of one key; of more the oldest are forgotten. A retry that comes after that rises as a sibling. */
  readonly spentMax: number;
  /** Siblings of one key from which on the node warns. */
  readonly siblingsWarn: number;
  /** Actors and single dots beyond gaps in one context from which on a write is refused: honest ones have a few dozen. */
  readonly contextEntriesMax: number;
  /** Actors in one context from which on the node warns. */
  readonly actorsWarn: number;
  /** Bytes of one WebSocket message. Must hold the join of `recordBytesMax` from each of five replicas. */
  readonly frameBytesMax: number;
  /** Bytes from which on a sender closes a frame and begins the next, so that large messages do not add up to one too large. */
  readonly frameBytesTarget: number;
  /** Bytes of the first message of somebody who has not yet said who he is. */
  readonly helloBytesMax: number;
  /** Messages in one frame: a node works on all of them in one turn. A sender's frames stay below it by `frameBytesTarget`. */
  readonly frameMessagesMax: number;
  /** Values in one frame or stored value, all levels together: each may cost a hundred times its byte on the wire in memory. */
  readonly decodedValuesMax: number;
  /** How deep arrays and maps may be nested in a frame or a value; deeper ones would overflow the decoder's stack. */
  readonly nestingMax: number;
  /** Longest `timeoutMs` of a request. Bounds how long a node remembers one. */
  readonly timeoutMsMax: number;
  /** Requests of one client connection that a node works on at a time; more are refused as overload. */
  readonly requestsPerConnectionMax: number;
  /** Requests that a node coordinates at a time, of all connections. */
  readonly requestsPerNodeMax: number;
  /** Bytes waiting in one socket before the node cuts it: the other side does not read. */
  readonly linkQueueBytesMax: number;
  /** How far ahead of this node's wall clock a timestamp may be, in ms. Later ones are refused, never clamped. */
  readonly clockOffsetMsMax: number;
}

export const limits: Limits = {
  keyBytesMax: 1024,
  bucketBytesMax: 64,
  valueBytesMax: 1024 * 1024,
  recordBytesMax: 8 * 1024 * 1024,
  tokenBytesMax: 16 * 1024,
  siblingsMax: 128,
  elementsMax: 32_768,
  changesMax: 1024,
  pathLengthMax: 1024,
  mapDepthMax: 16,
  spentIncrementsMax: 1024,
  spentMax: 64,
  siblingsWarn: 16,
  contextEntriesMax: 8192,
  actorsWarn: 64,
  frameBytesMax: 64 * 1024 * 1024,
  frameBytesTarget: 1024 * 1024,
  helloBytesMax: 8 * 1024,
  frameMessagesMax: 32_768,
  decodedValuesMax: 1_000_000,
  nestingMax: 100,
  timeoutMsMax: 600_000,
  requestsPerConnectionMax: 8192,
  requestsPerNodeMax: 32_768,
  linkQueueBytesMax: 256 * 1024 * 1024,
  clockOffsetMsMax: 500,
};
