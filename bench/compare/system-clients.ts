/** The client of a system, by its name. Loaded when it is asked for: not every machine has them all. */
import type { Address, SystemClient } from "./system.ts";

/** @throws whatever the system's own client throws when it cannot be reached */
export async function openSystem(address: Address): Promise<SystemClient> {
  switch (address.system) {
    case "coterie":
      return (await import("./coterie-client.ts")).connectCoterie(address);
    case "floor":
      return (await import("./floor-client.ts")).connectFloor(address);
    case "redis":
      return (await import("./redis-client.ts")).connectRedis(address);
    case "etcd":
      return (await import("./etcd-client.ts")).connectEtcd(address);
  }
}
