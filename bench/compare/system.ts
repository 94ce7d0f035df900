/**
 * What can be measured: Coterie, the floor below it, and its peers. A system is started by the process that compares; the client
 * processes reach it through a `SystemClient`, which they make themselves from its `address`.
 */
import type { Session } from "./session.ts";
import type { Setting } from "./setting.ts";

export type SystemName = "coterie" | "floor" | "redis" | "etcd";

/** Where a system is, as it is told to client processes: must survive a message between processes. */
export interface Address {
  readonly system: SystemName;
  /** Of its nodes. For Coterie whole URLs, for others `host:port`. */
  readonly nodes: readonly string[];
}

/** What a system's processes have used since they were started. `undefined` where it cannot be known, as of a remote cluster. */
export interface Usage {
  readonly cpuSeconds: number;
  /** What nodes sent each other and their clients. */
  readonly bytesSent: number | undefined;
  readonly messagesSent: number | undefined;
}

export interface System {
  readonly name: SystemName;
  /** One sentence: what an acknowledged write has and what a read shows, in this run. Depends on the setting for Coterie. */
  guaranteeOf(setting: Setting): string;
  /** Resolves when it serves. */
  start(): Promise<Address>;
  /** @throws if a process that it started has ended by itself */
  usage(): Promise<Usage | undefined>;
  /** Ends every process that it started and removes their data; harmless if it was not started. */
  stop(): Promise<void>;
}

/** A system that faults can be put to. */
export interface FaultySystem extends System {
  /** How many nodes there are. */
  readonly nodes: number;
  /** `kill -9`. @param at from 0 on */
  kill(at: number): Promise<void>;
  /** Resolves when it serves again. */
  restart(at: number): Promise<void>;
  /** Delays all that this node sends to the other nodes and gets from them; 0 ends it. */
  slowDown(at: number, delayMs: number): Promise<void>;
}

/** In a client process. */
export interface SystemClient {
  /**
   * @param bucket keeps data of different settings apart
   * @param keys how many it has, before any is inserted
   */
  session(setting: Setting, bucket: string, keys: number): Session;
  close(): Promise<void>;
}
