/** What a run has been through: how often each thing happened that a test of this store ought to see. */
export class Coverage {
  readonly #counts = new Map<string, number>();

  mark(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
