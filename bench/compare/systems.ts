/** The systems that can be compared with Coterie. Each is loaded when it is asked for: peers have clients that need not be installed. */
import type { System } from "./system.ts";

export interface Wanted {
  readonly floor: boolean;
  readonly peers: boolean;
}

/** @param onMissing told of each peer that cannot be started here, and why */
export async function otherSystems({ floor, peers }: Wanted, onMissing: (why: string) => void): Promise<System[]> {
  const systems: System[] = [];
  if (floor) systems.push(new (await import("./floor-system.ts")).FloorSystem());
  if (!peers) return systems;
  const [{ RedisSystem }, { EtcdSystem }] = await Promise.all([
    import("./redis-system.ts"),
    import("./etcd-system.ts"),
  ]);
  for (const peer of [new RedisSystem(), new EtcdSystem()]) {
    const missing = peer.missing();
    if (missing === undefined) systems.push(peer);
    else onMissing(missing);
  }
  return systems;
}
