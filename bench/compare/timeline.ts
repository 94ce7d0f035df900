/**
 * How a run went, piece by piece of the measured time: what was answered in a piece makes its rate, and what was due in it its latencies
 * and failures, whenever it was answered.
 */
import { outcomeOf, type Observations, type Rows } from "./observations.ts";
import { pieceMs, piecesIn, type Window } from "./recorder.ts";
import type { Instant } from "./results.ts";

interface Piece {
  succeeded: number;
  failed: number;
  unknown: number;
  stale: number;
  readonly latenciesMs: number[];
}

/**
 * @param isStale for each process's reads, by row
 * @param unsent for each process, by piece
 */
export function timelineOf(
  observations: readonly Observations[],
  isStale: readonly Uint8Array[],
  unsent: readonly Uint32Array[],
  window: Window,
): Instant[] {
  const pieces = Array.from({ length: piecesIn(window) }, (_, at) => emptyPiece(unsent, at));
  for (const [process, { writes, reads }] of observations.entries()) {
    addRows(pieces, writes, window);
    addRows(pieces, reads, window);
    for (let row = 0; row < reads.count; row++)
      if (isStale[process]![row] === 1) pieceAt(pieces, reads.dueMs[row]!, window)!.stale++;
  }
  return pieces.map((piece, at) => instantOf(piece, at * pieceMs, Math.min(pieceMs, lengthMs(window) - at * pieceMs)));
}

function emptyPiece(unsent: readonly Uint32Array[], at: number): Piece {
  const failed = unsent.reduce((sum, each) => sum + each[at]!, 0);
  return { succeeded: 0, failed, unknown: 0, stale: 0, latenciesMs: [] };
}

function addRows(pieces: readonly Piece[], rows: Rows, window: Window): void {
  for (let row = 0; row < rows.count; row++) {
    if (rows.isWhole[row] === 0) continue;
    const outcome = outcomeOf(rows, row);
    const answered = pieceAt(pieces, rows.endMs[row]!, window);
    if (outcome === "ok" && answered !== undefined) answered.succeeded++;
    const due = pieceAt(pieces, rows.dueMs[row]!, window);
    if (due === undefined) continue;
    if (outcome === "ok") due.latenciesMs.push(rows.endMs[row]! - rows.dueMs[row]!);
    else due[outcome]++;
  }
}

function pieceAt(pieces: readonly Piece[], momentMs: number, { fromMs, toMs }: Window): Piece | undefined {
  return momentMs < toMs ? pieces[Math.floor((momentMs - fromMs) / pieceMs)] : undefined;
}

function instantOf({ succeeded, failed, unknown, stale, latenciesMs }: Piece, atMs: number, tookMs: number): Instant {
  const sorted = Float64Array.from(latenciesMs).sort();
  return {
    atMs,
    perSecond: (succeeded * 1000) / tookMs,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    failed,
    unknown,
    stale,
  };
}

function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

function lengthMs({ fromMs, toMs }: Window): number {
  return toMs - fromMs;
}
