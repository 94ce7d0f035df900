/**
 * The first words on a link. Whoever opened it says Hello; the other side answers Welcome, or says why not and closes.
 * Pure, so that the simulator's links begin like real ones. Comparing secrets is the caller's: in node/io, in constant time.
 */
import { protocol, unauthenticated, invalidArgument } from "../src/errors.ts";
import { protocolVersion, type Hello, type Message, type Welcome } from "../src/messages.ts";
import type { ClientId } from "../src/op-id.ts";
import { toBinary } from "../src/bytes.ts";
import type { NodeId } from "../src/ring.ts";
import type { NodeConfig } from "./self.ts";

export type Guest =
  | { readonly role: "client"; readonly client: ClientId }
  | { readonly role: "node"; readonly node: NodeId };

/** @throws PROTOCOL, UNAUTHENTICATED, INVALID_ARGUMENT with a sentence for the guest */
export function greet(
  config: NodeConfig,
  message: Message,
  isCredential: (role: Hello["role"], credential: string | undefined) => boolean,
): Guest {
  if (message.kind !== "Hello") throw protocol(`the first message on a link is a Hello, not a ${message.kind}`);
  if (message.version !== protocolVersion)
    throw protocol(`this node speaks protocol version ${protocolVersion}, not ${message.version}`);
  if (!isCredential(message.role, message.credential)) throw unauthenticated("missing or wrong credentials");
  const identity = toBinary(message.identity);
  if (message.role === "client") {
    if (identity.length !== 8) throw protocol(`a client's identity has 8 bytes, not ${identity.length}`);
    return { role: "client", client: identity };
  }
  if (config.ring.member(identity) === undefined || identity === config.id)
    throw invalidArgument(`${JSON.stringify(identity)} is no other member of this node's ring`);
  return { role: "node", node: identity };
}

export function welcome(config: NodeConfig): Welcome {
  const { id, ring, options } = config;
  return { kind: "Welcome", version: protocolVersion, features: [], node: id, ring: ring.table, options };
}

export function hello(role: Hello["role"], identity: Uint8Array, credential: string | undefined): Hello {
  return { kind: "Hello", version: protocolVersion, features: [], role, identity, credential };
}
