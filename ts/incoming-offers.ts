import { inspect, type InspectOptions } from 'node:util';
import type { Claim } from './claim.js';
import { describeFlags } from './flags.js';
import { IncomingOfferIterator } from './incoming-offer-iterator.js';
import type { NativeOfferRecord } from './native.js';
import type { ClaimOptions } from './options.js';
import { formatAddress } from './units.js';
import { checkOptions, checkPid, checkSignal } from './validate.js';
import { vmClaim } from './vm-claim.js';

/**
 * The name of the method by which {@link incomingOffers} iterates over an {@link OfferSource}.
 *
 * @category Claiming
 */
export const offersFrom: unique symbol = Symbol.for('vmoffer.offersFrom');

/**
 * Something that brings offers from elsewhere than this machine, such as a cluster of the package `vmoffer-cluster`.
 *
 * @category Claiming
 */
export interface OfferSource<T> {
  /**
   * Iterates over the offers that stand, and then each new one.
   *
   * @param options a signal that ends the iteration.
   */
  [offersFrom](options: { signal?: AbortSignal }): AsyncIterable<T>;
}

/**
 * Which offers to iterate over, and until when.
 *
 * @category Claiming
 */
export interface IncomingOffersOptions {
  /** The pid of the process whose offers are wanted. Default: any process. */
  from?: number;
  /** Ends the iteration: it then throws `signal.reason`. */
  signal?: AbortSignal;
}

/**
 * An offer made to this process, from {@link incomingOffers}.
 *
 * It is a record of what was offered. It holds no memory, and the offer may have ended since.
 *
 * @category Claiming
 */
export class IncomingOffer {
  /** The offer's number, unique within its source process. */
  readonly id: number;
  /** The pid of the process that made it, in this process's pid namespace. */
  readonly srcPid: number;
  /** The address of its first byte in the source process. */
  readonly address: bigint;
  /** Its length in bytes. */
  readonly byteLength: number;
  /** What it grants and drops: `VMO_*` bits. */
  readonly flags: number;
  /** Whether its pages are brought when they are touched; see {@link Claim.ensure}. */
  readonly supplied: boolean;

  private constructor({ id, srcPid, address, byteLength, flags, supplied }: NativeOfferRecord) {
    this.id = id;
    this.srcPid = srcPid;
    this.address = address;
    this.byteLength = byteLength;
    this.flags = flags;
    this.supplied = supplied;
  }

  /** @internal */
  static of(record: NativeOfferRecord): IncomingOffer {
    return new IncomingOffer(record);
  }

  /**
   * Claims it: `vmClaim(offer.srcPid, offer.address, options)`.
   *
   * @param options how to take it.
   * @returns a promise of the claim. It rejects as {@link vmClaim} does: with ERR_VMO_NOT_OFFERED if the offer has ended.
   */
  claim(options?: ClaimOptions): Promise<Claim> {
    return vmClaim(this.srcPid, this.address, options);
  }

  /** What the offer is, in words and numbers, for `JSON.stringify`. */
  toJSON(): object {
    const { id, srcPid, byteLength } = this;
    return { id, srcPid, address: formatAddress(this.address), byteLength, flags: describeFlags(this.flags) };
  }

  /** @internal */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `IncomingOffer ${inspect(this.toJSON(), options)}`;
  }
}

/**
 * Iterates over the offers made to this process: those that stand when the iteration starts, and each new one as it is made.
 *
 * Nothing is polled, and it does not matter which process started first. Every iteration gets every offer, once. It keeps the
 * process alive and waits for ever; leave it with `break`, or with a signal. The offers of one source come in the order in
 * which it made them, and sources take turns.
 *
 * Offers that come while you are busy wait: up to 1024 of each source here, a few words each, and the rest with the source. So a
 * source that offers faster than you take loses nothing and holds up nobody else. It may cancel offers that you have not been
 * told of yet.
 *
 * An offer may be gone (claimed elsewhere, cancelled, expired) by the time you claim it: ERR_VMO_NOT_OFFERED.
 *
 * @param options whose offers, and a signal that ends the iteration.
 * @throws {VmoError} ERR_VMO_INVALID_ARGUMENT for wrong options. The iteration throws `signal.reason` when it is aborted.
 *
 * @example
 * for await (const offer of incomingOffers({ from: workerPid })) {
 *   using claim = await offer.claim();
 *   handle(new Uint8Array(claim.buffer));
 * }
 *
 * @category Claiming
 */
export function incomingOffers(options?: IncomingOffersOptions): AsyncIterable<IncomingOffer>;
/**
 * Iterates over offers that come from elsewhere than this machine.
 *
 * @param options where they come from, and a signal that ends the iteration.
 *
 * @example
 * for await (const offer of incomingOffers({ from: cluster })) await offer.claim();
 *
 * @category Claiming
 */
export function incomingOffers<T>(options: { from: OfferSource<T>; signal?: AbortSignal }): AsyncIterable<T>;
export function incomingOffers(
  options: { from?: number | OfferSource<unknown>; signal?: AbortSignal } = {},
): AsyncIterable<unknown> {
  checkOptions(options);
  const { from, signal } = options;
  checkSignal(signal);
  if (isOfferSource(from)) return from[offersFrom](signal ? { signal } : {});
  if (from !== undefined) checkPid(from, 'from');
  return {
    [Symbol.asyncIterator]: () =>
      new IncomingOfferIterator({ kind: 'memory', from }, (record) => IncomingOffer.of(record), signal),
  };
}

function isOfferSource(value: unknown): value is OfferSource<unknown> {
  return typeof value === 'object' && value !== null && offersFrom in value;
}
