export { allocate, type AllocateOptions } from './allocate.js';
export { capabilities, type Capabilities, type Capability } from './capabilities.js';
export { Channel } from './channel/channel.js';
export type { Message } from './channel/message.js';
export type { AcceptOptions, ChannelOptions, ChannelUseOptions, WaitOptions, WhenFull } from './channel/options.js';
export { Claim, type ClaimStats } from './claim.js';
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
export { IncomingOffer, incomingOffers, type IncomingOffersOptions } from './incoming-offers.js';
export type { OfferEnding, OfferKind, OfferState, PageKind, PagingKind, TransferKind } from './kinds.js';
export { vmListOffer, vmListOfferSync, type OfferRecord } from './list-offers.js';
export { Offer } from './offer.js';
export type { ClaimOptions } from './options.js';
export type { PrefetchOptions, PrefetchProgress } from './prefetch-queue.js';
export { RegionRange } from './region-range.js';
export { Region } from './region.js';
export { ResidencyMap, type PageRun } from './residency-map.js';
export { vmClaim, vmClaimSync } from './vm-claim.js';
export { vmOffer, type OfferableMemory } from './vm-offer.js';
