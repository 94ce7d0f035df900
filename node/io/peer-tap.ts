/**
 * A seam for measurements: sees the messages of a node, and may hold back those between nodes, each by itself. Users have none, and
 * without one a message costs a look whether there is one.
 *
 * What is passed on late may come in another order than it was sent in, as the simulator has it too. What is passed on after its link
 * went down is dropped.
 */
import type { Message, PeerMessage } from "../../src/messages.ts";
import type { NodeId } from "../../src/ring.ts";

export interface PeerTap {
  /** On its way out. @param pass sends it: to be called once, at once or later; or never, and it is lost */
  out(to: NodeId, message: PeerMessage, pass: () => void): void;
  /** On its way in. @param pass has the node take it: all that it does at once is done when this returns */
  in(from: NodeId, message: PeerMessage, pass: () => void): void;
  /** What is no message between nodes, and goes its way: a client's request, its answer, and what the node tells itself. */
  sees(message: Message): void;
}
