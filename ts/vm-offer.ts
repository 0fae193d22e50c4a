import { invalidArgument } from './errors.js';
import { checkFlags } from './flags.js';
import { addon } from './load-addon.js';
import { log } from './log.js';
import { Offer } from './offer.js';
import { Region } from './region.js';
import { RegionRange } from './region-range.js';
import { SuppliedRegion } from './supply/supplied-region.js';
import { formatAddress, isMultiple } from './units.js';
import { checkAddress, checkLength, checkPid, checkWholePages, describeValue } from './validate.js';

/**
 * Memory that can be offered: a region, whole pages of it ({@link Region.range}), supplied memory ({@link supply}), or a typed array, `DataView` or `Buffer` on its
 * memory that begins and ends with a page.
 *
 * @category Offering
 */
export type OfferableMemory = Region | RegionRange | SuppliedRegion | ArrayBufferView;

/**
 * The name of the method by which {@link vmOffer} offers to an {@link OfferDestination}.
 *
 * @category Offering
 */
export const offerTo: unique symbol = Symbol.for('vmoffer.offerTo');

/**
 * Somebody else than a process of this machine to whom memory can be offered, such as a peer of the package `vmoffer-cluster`.
 *
 * @category Offering
 */
export interface OfferDestination<T> {
  /**
   * Offers the memory.
   *
   * @param memory what to offer.
   * @param flags valid flags; the destination need not support all of them.
   * @returns what {@link vmOffer} shall return.
   */
  [offerTo](memory: OfferableMemory, flags: number): T;
}

export interface Extent {
  address: bigint;
  byteLength: number;
}

/**
 * Offers memory to one other process, or to this one.
 *
 * Nothing changes before that process claims the memory: nothing is copied, and nothing taken away. The same memory can be
 * offered to any number of processes, once to each at a time. An offer does not keep the process alive; awaiting `offer.claimed`
 * does.
 *
 * A part of a region gets a memory object of its own the first time it is claimed apart from the rest: the claimer can
 * reach the offered bytes and not one byte more. That costs one copy of the part. The claim of a part is refused with
 * ERR_VMO_BUSY while another process shares the whole.
 *
 * @param destPid the pid of a live process, in this process's pid namespace.
 * @param memory what to offer. It must have come from `allocate()` or from a claim.
 * @param flags what the claimer gets and the source gives up: at least one `VMO_GRANT_*` bit, and any `VMO_DROP_*` bits.
 * @returns the offer, which stands.
 * @throws {VmoError} ERR_VMO_INVALID_ARGUMENT, ERR_VMO_NO_PROCESS, ERR_VMO_NOT_PERMITTED (granting more than is held),
 *   ERR_VMO_NOT_OWNED, ERR_VMO_BUSY (this address stands offered to that process already), ERR_VMO_UNSUPPORTED,
 *   ERR_VMO_TOO_MANY. Nothing is offered then.
 *
 * @example
 * const offer = vmOffer(destPid, region, VMO_GRANT_R | VMO_GRANT_W);
 * console.log(`claim ${offer.address} of ${process.pid}`);
 *
 * @category Offering
 */
export function vmOffer(destPid: number, memory: OfferableMemory, flags: number): Offer;
/**
 * Takes back the pending offer of that address to that process.
 *
 * @param destPid the pid that it was offered to.
 * @param address the offer's address.
 * @param byteLength 0.
 * @param flags ignored.
 * @returns true if it was cancelled, false if there was none.
 * @throws {VmoError} ERR_VMO_TOO_LATE if it is being claimed.
 *
 * @example
 * vmOffer(destPid, offer.address, 0);
 *
 * @category Offering
 */
export function vmOffer(destPid: number, address: bigint, byteLength: 0, flags?: number): boolean;
/**
 * Offers by address and length. With length 0 it cancels and returns a boolean.
 *
 * @param destPid the pid of a live process, in this process's pid namespace.
 * @param address the address of the first byte, a multiple of the page size.
 * @param byteLength the length in bytes, a multiple of the page size.
 * @param flags as above.
 * @returns the offer.
 * @throws {VmoError} as above.
 *
 * @example
 * const offer = vmOffer(destPid, region.address + 65536n, 4096, VMO_GRANT_R);
 *
 * @category Offering
 */
export function vmOffer(destPid: number, address: bigint, byteLength: number, flags: number): Offer | boolean;
/**
 * Offers memory to a destination that is no process of this machine.
 *
 * @param destination what a package for such destinations gives, a peer of `vmoffer-cluster` for example.
 * @param memory what to offer.
 * @param flags as above. The destination may not support all of them.
 * @returns what the destination makes of it.
 * @throws {VmoError} as above.
 *
 * @example
 * const offer = vmOffer(cluster.peer('scorer-9'), region, VMO_GRANT_R);
 *
 * @category Offering
 */
export function vmOffer<T>(destination: OfferDestination<T>, memory: OfferableMemory, flags: number): T;
export function vmOffer(
  destPid: number | OfferDestination<unknown>,
  memory: OfferableMemory | bigint,
  lengthOrFlags: number,
  flags?: number,
): unknown {
  if (isDestination(destPid)) {
    checkFlags(lengthOrFlags);
    return destPid[offerTo](memory as OfferableMemory, lengthOrFlags);
  }
  checkPid(destPid, 'destPid');
  if (typeof memory !== 'bigint') return offer(destPid, extentOf(memory), lengthOrFlags);
  checkAddress(memory, 'address', addon().pageSize);
  checkLength(lengthOrFlags, 'byteLength');
  if (lengthOrFlags === 0) return cancelAt(destPid, memory);
  checkWholePages(lengthOrFlags, 'byteLength', addon().pageSize);
  return offer(destPid, { address: memory, byteLength: lengthOrFlags }, flags);
}

function isDestination(value: unknown): value is OfferDestination<unknown> {
  return typeof value === 'object' && value !== null && offerTo in value;
}

function offer(destPid: number, { address, byteLength }: Extent, flags: unknown): Offer {
  checkFlags(flags);
  if (log.offer.enabled) log.offer('%s + %d to %d, flags %d', formatAddress(address), byteLength, destPid, flags);
  return Offer.of(addon().offer(destPid, address, byteLength, flags, 'memory'));
}

function cancelAt(destPid: number, address: bigint): boolean {
  if (log.offer.enabled) log.offer('cancel %s to %d', formatAddress(address), destPid);
  return addon().cancelAt(destPid, address);
}

export function extentOf(memory: unknown): Extent {
  if (memory instanceof Region) return extentOfRegion(memory, memory);
  if (memory instanceof RegionRange) return extentOfRegion(memory.region, memory);
  if (memory instanceof SuppliedRegion) return extentOfSupplied(memory);
  if (ArrayBuffer.isView(memory)) return extentOfView(memory);
  throw invalidArgument(
    `memory must be a Region, region.range(…), a view of a region's buffer, or an address (bigint) with a length, got ${describeValue(memory)}${remedyFor(memory)}`,
  );
}

function remedyFor(memory: unknown): string {
  const isBuffer = memory instanceof ArrayBuffer || memory instanceof SharedArrayBuffer;
  return isBuffer ? '; offer the Region it belongs to, or new Uint8Array(buffer)' : '';
}

function extentOfRegion(region: Region, { address, byteLength }: Extent): Extent {
  region.checkLive();
  return { address, byteLength };
}

function extentOfSupplied(region: SuppliedRegion): Extent {
  region.checkLive();
  return region;
}

function extentOfView(view: ArrayBufferView): Extent {
  const { byteLength } = view;
  if (byteLength === 0) {
    throw invalidArgument(
      'the view has no bytes: it is empty, or its buffer is detached (its region was released); offer a view of at least one page',
    );
  }
  const native = addon();
  const address = native.addressOf(view);
  const { pageSize } = native;
  if (address % BigInt(pageSize) !== 0n || !isMultiple(byteLength, pageSize)) {
    throw invalidArgument(
      `the view of ${byteLength} bytes at ${formatAddress(address)} is not whole pages (a page is ${pageSize} bytes); only whole pages of memory from allocate() or a claim can be offered`,
      { address },
    );
  }
  return { address, byteLength };
}
