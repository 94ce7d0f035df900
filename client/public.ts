/** What both doors of the client, for Node and for browsers, have in common. */
export { CoterieError, type ErrorCode, type ErrorDetails, type Outcome } from "../src/errors.ts";
export type { Count, EffectiveOptions, RequestOptions } from "../src/options.ts";
export { Bucket, type BucketOptions, type GetResult, type PutResult } from "./bucket.ts";
export { Client, type ConnectOptions, type NodeReport, type StatusOptions } from "./client.ts";
export type { Conflicts, ConflictsOptions, LostValue } from "./conflicts.ts";
export { Context } from "./context.ts";
export type { GetOptions, PutOptions, UpdateOptions } from "./options.ts";
export { merge, type Resolver } from "./resolver.ts";
