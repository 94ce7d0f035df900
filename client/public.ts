/** What both doors of the client, for Node and for browsers, have in common. */
export { CoterieError, type ErrorCode, type ErrorDetails, type Outcome } from "../src/errors.ts";
export type { Count, EffectiveOptions, RequestOptions } from "../src/options.ts";
export { Bucket, type BucketOptions, type GetResult, type PutResult, type WriteBack } from "./bucket.ts";
export { Client, type ConnectOptions, type NodeReport, type StatusOptions } from "./client.ts";
export { Context } from "./context.ts";
export type { GetOptions, PutOptions, UpdateOptions } from "./options.ts";
export type { Breach, Law, Side } from "./law.ts";
export type { MergeFunction } from "./merge-function.ts";
export type { BrokenLaw, Difference, MergeOptions } from "./merge-options.ts";
export {
  lww,
  merge,
  nodeMerge,
  siblings,
  type LwwResolver,
  type MergeResolver,
  type NodeResolver,
  type Resolver,
  type SiblingsResolver,
} from "./resolver.ts";
