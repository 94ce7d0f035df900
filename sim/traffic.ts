/** How much is said: by nodes to each other, and by clients for their calls. */
export class Traffic {
  /** Of every kind of message between nodes, since the last `reset`. */
  readonly sent: Map<string, number> = new Map();
  /** What clients sent for their calls: first tries and further ones. */
  requests = 0;

  count(kind: string): void {
    this.sent.set(kind, (this.sent.get(kind) ?? 0) + 1);
  }

  reset(): void {
    this.sent.clear();
  }
}
