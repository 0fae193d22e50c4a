/**
 * One process offers a range of its memory to one other process, by pid. That process claims the range and has the same pages.
 * The usual way goes through four names: {@link allocate} and {@link vmOffer} here, {@link incomingOffers} or {@link vmClaim}
 * there. A {@link Channel} passes messages between the two.
 *
 * Everywhere:
 *
 * - Addresses are `bigint`. Lengths and offsets are in bytes, and only whole pages are offered. Times are in milliseconds, unless
 *   the name says otherwise. A pid is a number in the pid namespace of the process that uses it.
 * - The caller that gets a {@link Region} or a {@link Claim} owns and releases it. It belongs to its thread; an offer belongs to
 *   its process.
 * - Every function may be called from the main thread and from workers.
 * - Wrong arguments are refused with an error that names the value, the rule and the remedy. Every error is a
 *   {@link VmoError}, except for the `reason` of a signal. A call that throws or rejects has changed nothing, unless its page
 *   says otherwise.
 * - The types need TypeScript 5.7 or later, with `@types/node`.
 *
 * [semantics](../semantics.md) says exactly what happens, to whom and when. [errors](../errors.md), [channel](../channel.md),
 * [security](../security.md), [performance](../performance.md) and [troubleshooting](../troubleshooting.md) say more.
 *
 * @packageDocumentation
 */
export { allocate, type AllocateOptions } from './allocate.js';
export { capabilities, type Capabilities, type Capability } from './capabilities.js';
export { Channel } from './channel/channel.js';
export type { Message } from './channel/message.js';
export type { AcceptOptions, ChannelOptions, ChannelUseOptions, WaitOptions, WhenFull } from './channel/options.js';
export type { ClaimStats, ClaimSupplyStats, FaultLatency } from './claim-stats.js';
export { Claim } from './claim.js';
export { VmoError, type VmoErrorCode, type VmoErrorDetails } from './errors.js';
export {
  VMO_DISOWN,
  VMO_DROP_R,
  VMO_DROP_W,
  VMO_DROP_X,
  VMO_GRANT_R,
  VMO_GRANT_W,
  VMO_GRANT_X,
  VMO_GRANTALL,
} from './flags.js';
export {
  IncomingOffer,
  incomingOffers,
  offersFrom,
  type IncomingOffersOptions,
  type OfferSource,
} from './incoming-offers.js';
export type { OfferEnding, OfferKind, OfferState, PageKind, PagingKind, TransferKind } from './kinds.js';
export { vmListOffer, vmListOfferSync, type OfferRecord } from './list-offers.js';
export { Offer } from './offer.js';
export type { ClaimOptions } from './options.js';
export type { PrefetchOptions, PrefetchProgress } from './prefetch-queue.js';
export { RegionRange } from './region-range.js';
export { Region } from './region.js';
export { ResidencyMap, type PageRun } from './residency-map.js';
export type { SupplyFailure } from './supply-failure.js';
export { SupplyPin } from './supply-pin.js';
export { loadSupplier } from './supply/load.js';
export type { SupplyOptions } from './supply/options.js';
export { SuppliedRegion } from './supply/supplied-region.js';
export type { CreateSupplier, SuppliedMemory, Supplier, SupplierModule, Want } from './supply/supplier.js';
export type { SupplyStats } from './supply/supply-stats.js';
export { fileRange, type FileRangeOptions } from './supply/suppliers/file-range.js';
export { httpLength, type HttpLength, type HttpLengthOptions } from './supply/suppliers/http-length.js';
export { httpRange } from './supply/suppliers/http-range.js';
export type { HttpOptions } from './supply/suppliers/http/options.js';
export { supply } from './supply/supply.js';
export { claimFrom, vmClaim, vmClaimSync, type ClaimSource } from './vm-claim.js';
export { offerTo, vmOffer, type OfferableMemory, type OfferDestination } from './vm-offer.js';
