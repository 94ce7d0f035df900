/** The little of `consistent-hash` 1.2.2 that the ring uses; the package ships no types. */
declare module "consistent-hash" {
  class ConsistentHash<Node> {
    constructor(options: { readonly range: number });
    /** Adds a node at explicit control points. Without `points` the package draws them with Math.random: never do that. */
    add(node: Node, count: number, points: readonly number[]): this;
    /** The first `count` distinct nodes clockwise from the hash of `name`; null on an empty ring. */
    get(name: string, count: number): Node[] | null;
  }
  export = ConsistentHash;
}
