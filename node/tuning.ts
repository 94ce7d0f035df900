/**
 * How a node looks after itself and the others: paces, ages and bounds of everything that no client waits for. Each field with its
 * unit and what turning it costs. Tests and the simulator draw extreme ones; users rarely need any.
 */
export interface Tuning {
  /** How often a node pings one other member. Shorter finds failures sooner and costs every node that many more messages. */
  readonly probeIntervalMs: number;
  /** How long a ping may take before others are asked to try. Must be well below `probeIntervalMs`. */
  readonly probeTimeoutMs: number;
  /** A hint older than this is dropped and counted, and left to anti-entropy. Longer costs disk while a node is away. */
  readonly hintAgeMsMax: number;
  /** Bytes of all hints that this node holds. Past it new ones are dropped and counted. */
  readonly hintBytesMax: number;
  /** How often two primaries compare their trees. Shorter finds differences sooner; equal trees cost 8 bytes a partition. */
  readonly antiEntropyIntervalMs: number;
  /** A difference must still be there after this long: what is on its way looks like one. */
  readonly antiEntropyConfirmMs: number;
  /** How long one walk over all records takes that checks their sums and rebuilds the trees. Shorter finds rot sooner. */
  readonly scrubIntervalMs: number;
  /** How long a tombstone must have been the whole of a key before it may go. Longer than `hintAgeMsMax`, and `retryWindowMs`. */
  readonly tombstoneAgeMs: number;
  /**
   * Nothing that was sent, or is being worked on, is older than this; so it exceeds `limits.timeoutMsMax` by far. Twice so far apart
   * all nodes must agree on what is left over. Shorter loses nothing but certainty: what was deleted could come back.
   */
  readonly messageLifetimeMs: number;
  /**
   * How long after its first try an operation may be tried again: at least `limits.timeoutMsMax`. Later tries are refused, since what
   * was kept to recognise them may be gone: so long what is spent stays, before all nodes are asked. Longer keeps more of it.
   */
  readonly retryWindowMs: number;
  /** How long what last-write-wins left out can be listed. */
  readonly conflictAgeMsMax: number;
  /** Bytes of all that it left out, with some for each entry. Past it the oldest go before their time; twice as many there never are. */
  readonly conflictBytesMax: number;
  /** The share of gets that ask all n replicas, so that read repair sees those that are seldom asked. More costs that many requests. */
  readonly readRepairShare: number;
  /** Hedged gets, as a share of all. More cuts the tail of latencies, and adds that much load when the cluster is slow. */
  readonly hedgeShare: number;
  /** What hints and anti-entropy together may send, and the scrub may read. Less slows repair, more disturbs clients. */
  readonly backgroundBytesPerSecond: number;
  /** When the event loop lags this far behind, new requests of clients are refused. */
  readonly lagMsMax: number;
  /** When so much waits in this node's sockets, new requests of clients are refused. */
  readonly queuedBytesMax: number;
}

const hourMs = 3_600_000;

export const defaultTuning: Tuning = {
  probeIntervalMs: 1000,
  probeTimeoutMs: 300,
  hintAgeMsMax: 3 * hourMs,
  hintBytesMax: 1024 * 1024 * 1024,
  antiEntropyIntervalMs: 10_000,
  antiEntropyConfirmMs: 1000,
  scrubIntervalMs: 24 * hourMs,
  tombstoneAgeMs: 4 * hourMs,
  messageLifetimeMs: hourMs / 2,
  retryWindowMs: hourMs / 4,
  conflictAgeMsMax: 24 * hourMs,
  conflictBytesMax: 16 * 1024 * 1024,
  readRepairShare: 0.1,
  hedgeShare: 0.05,
  backgroundBytesPerSecond: 16 * 1024 * 1024,
  lagMsMax: 500,
  queuedBytesMax: 64 * 1024 * 1024,
};
