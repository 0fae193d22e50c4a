// The words in which regions, claims and offers say what they are.

/**
 * The pages underneath a region, from `region.pages`.
 *
 * - `'ordinary'`: pages of `capabilities().pageSize` bytes.
 * - `'transparent-huge'`: ordinary pages that the kernel was asked to join into huge ones. A claim has this from the process
 *   that allocated the memory, and has not verified it.
 * - `'hugetlb'`: huge pages that the system had reserved (`vm.nr_hugepages`).
 *
 * @category Allocating
 */
export type PageKind = 'ordinary' | 'transparent-huge' | 'hugetlb';

/**
 * Who brings the pages of a claim, and when, from `claim.paging`.
 *
 * - `'userfault'`: this library's pager, when they are touched. It installs them in windows, reads ahead, and counts what it
 *   does for `claim.stats()`.
 * - `'kernel'`: the kernel's own demand paging, when they are touched.
 * - `'eager'`: this library, all at once, before the claim is complete.
 *
 * @category Claiming
 */
export type PagingKind = 'userfault' | 'kernel' | 'eager';

/**
 * How a claim took its memory, from `claim.transfer`.
 *
 * - `'map'`: it mapped the offered memory itself, without a copy.
 * - `'pull'`: it copies the pages into private memory of its own.
 *
 * @category Claiming
 */
export type TransferKind = 'map' | 'pull';

/**
 * How an offer ended, from `await offer.claimed`.
 *
 * - `'claimed'`: its destination has the memory.
 * - `'cancelled'`: this process took it back, with `offer.cancel()` or `vmOffer(destPid, address, 0)`.
 * - `'expired'`: the destination process ended.
 * - `'revoked'`: another claim took from this process a right that the offer grants.
 *
 * @category Offering
 */
export type OfferEnding = 'claimed' | 'cancelled' | 'expired' | 'revoked';

/**
 * Where an offer stands, from `offer.state` and `vmListOffer()`.
 *
 * - `'pending'`: nobody has claimed it yet.
 * - `'claiming'`: a claim is under way. If it fails, the offer is `'pending'` again.
 * - Otherwise the offer has ended: see {@link OfferEnding}.
 *
 * @category Offering
 */
export type OfferState = 'pending' | 'claiming' | OfferEnding;

/**
 * What an offer is for, from `vmListOffer()`.
 *
 * - `'memory'`: `vmOffer()` made it.
 * - `'channel'`: `Channel.open()` made it, for the channel's rings.
 * - `'message'`: `channel.send()` made it, for one message that did not fit a slot or is a region.
 *
 * @category Listing
 */
export type OfferKind = 'memory' | 'channel' | 'message';
