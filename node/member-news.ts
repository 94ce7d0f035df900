/**
 * What a node passes on about the members: pieces of news that ride on pings and their replies, so that gossip costs no messages of
 * its own (SWIM, Das et al. 2002, section 4.1).
 *
 * - A message carries at most `newsMax` pieces, however large the cluster is.
 * - Those that were told least often go first, and of these the latest. Each is told about 4·log2(n + 1) times and then forgotten: by
 *   then everybody has it, with high probability.
 * - What is outdated is never passed on: a new piece drives out all that it overrides.
 */
import type { MemberNews } from "../src/messages.ts";

/** Pieces of news in one message. */
export const newsMax = 8;
/** Members that say the same of another: the first, and those that confirm it. More would not shorten a suspicion. */
const voicesMax = 4;
const retellingFactor = 4;

const ranks = { alive: 0, suspect: 1, dead: 2 } as const;

/** Above 0 if `a` overrides `b`: a higher incarnation does, and in the same one the worse state. */
export function compareNews(a: MemberNews, b: MemberNews): number {
  return a.incarnation - b.incarnation || ranks[a.state] - ranks[b.state];
}

interface Piece {
  readonly news: MemberNews;
  told: number;
}

export class NewsQueue {
  readonly #toldMax: number;
  /** The latest last. */
  #pieces: Piece[] = [];

  /** @param members how many the cluster has */
  constructor(members: number) {
    this.#toldMax = retellingFactor * Math.ceil(Math.log2(members + 1));
  }

  get size(): number {
    return this.#pieces.length;
  }

  /** Takes no piece that is known, or overridden by one that is. */
  add(news: MemberNews): void {
    const known = this.#pieces.filter((piece) => piece.news.node === news.node);
    if (known.some((piece) => compareNews(piece.news, news) > 0)) return;
    const same = known.filter((piece) => compareNews(piece.news, news) === 0);
    if (same.some(({ news: { by } }) => by === news.by)) return;
    if (same.length >= (news.state === "alive" ? 1 : voicesMax)) return;
    if (known.length > same.length) this.#pieces = this.#pieces.filter((piece) => !isOverridden(piece.news, news));
    this.#pieces.push({ news, told: 0 });
  }

  /** What the next message may carry, and has then been told once more. */
  take(count: number = newsMax): MemberNews[] {
    if (this.#pieces.length === 0) return [];
    const chosen = this.#pieces.toReversed().sort((a, b) => a.told - b.told);
    chosen.length = Math.min(count, chosen.length);
    for (const piece of chosen) piece.told++;
    if (chosen.some(({ told }) => told >= this.#toldMax))
      this.#pieces = this.#pieces.filter(({ told }) => told < this.#toldMax);
    return chosen.map(({ news }) => news);
  }
}

function isOverridden(old: MemberNews, news: MemberNews): boolean {
  return old.node === news.node && compareNews(news, old) > 0;
}
