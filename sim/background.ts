/**
 * What nodes say to each other all the time, whether or not anybody wants anything: who is there, and whether trees and
 * tombstones agree. It changes no object, so a cluster in which nothing else is under way is at rest.
 */
import type { PeerMessage } from "../src/messages.ts";

const kinds: ReadonlySet<string> = new Set([
  "Ping",
  "PingReply",
  "TreeRoots",
  "TreeRootsReply",
  "TreeNodes",
  "TreeNodesReply",
  "TreeKeys",
  "TreeKeysReply",
  "LeftoverCheck",
  "LeftoverCheckReply",
] satisfies PeerMessage["kind"][]);

export function isBackground({ kind }: { readonly kind: string }): boolean {
  return kinds.has(kind);
}
