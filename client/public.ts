/** What both doors of the client, for Node and for browsers, have in common. */
export { CoterieError, type ErrorCode, type ErrorDetails, type Outcome } from "../src/errors.ts";
export type { Count, EffectiveOptions, RequestOptions } from "../src/options.ts";
export { Bucket, type BucketOptions, type GetResult, type PutResult, type WriteBack } from "./bucket.ts";
export { Client, type ConnectOptions, type NodeReport, type StatusOptions } from "./client.ts";
export type { Conflicts, ConflictsOptions, LostValue } from "./conflicts.ts";
export { Context } from "./context.ts";
export { counter, growCounter, type CounterBucket, type GrowCounterBucket } from "./counters.ts";
export type { CounterEditor, GrowCounterEditor } from "./counters.ts";
export type { DataBucket, DataOptions, Edited, Read } from "./data-bucket.ts";
export { flag, type FlagBucket, type FlagEditor, type FlagWins } from "./flags.ts";
export type { Inspection } from "./inspection.ts";
export { map, of, type FieldsEditor, type MapEditor, type MapValue, type Schema } from "./maps.ts";
export type { EditOptions, GetOptions, PutOptions, ReadOptions, UpdateOptions } from "./options.ts";
export { multiRegister, register, type MultiRegisterBucket, type RegisterBucket } from "./registers.ts";
export type { RegisterEditor, ValuesRead } from "./registers.ts";
export { growSet, set, type GrowSetBucket, type GrowSetEditor, type SetBucket } from "./sets.ts";
export type { SetEditor, SetWins } from "./sets.ts";
export type { EditorOf, Shape, ValueOf } from "./shape.ts";
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
