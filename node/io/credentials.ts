/** Compares secrets in constant time, so that the time of a refusal tells nothing about how much of a guess was right. */
import { createHash, timingSafeEqual } from "node:crypto";

export interface Secrets {
  /** Any of these lets a client in; none: every client is let in. */
  readonly clientTokens: readonly string[];
  /** What nodes show each other; none: every member's name is believed. */
  readonly clusterSecret: string | undefined;
}

export function isCredential(secrets: Secrets, role: "client" | "node", given: string | undefined): boolean {
  const accepted =
    role === "client" ? secrets.clientTokens : secrets.clusterSecret === undefined ? [] : [secrets.clusterSecret];
  if (accepted.length === 0) return true;
  // Every one is compared, so that the place of the right one does not show either.
  return accepted.filter((secret) => timingSafeEqual(digest(secret), digest(given ?? ""))).length > 0;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
