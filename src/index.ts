/** `coterie`: what every other door shares. */
export { CoterieError, errorCodes, type ErrorCode, type ErrorDetails, type Outcome } from "./errors.ts";
export { limits, type Limits } from "./limits.ts";
export type { ClusterOptions, Count, EffectiveOptions, OptionName, RequestOptions, Source } from "./options.ts";
export type { Member, NodeId, RingTable } from "./ring.ts";
