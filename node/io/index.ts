/** `coterie/node`: a node inside a process of your own. */
export { startNode, type RunningNode, type StartOptions, type Traffic } from "./start-node.ts";
export type { PeerTap } from "./peer-tap.ts";
export type { BucketConfig, MemberOptions, NodeOptions } from "./config.ts";
export type { Merge, Merges } from "../merges.ts";
export type { TuningOptions } from "./tuning-options.ts";
export { CoterieError, type ErrorCode } from "../../src/errors.ts";
