import type { Claim } from './claim.js';
import { IncomingOfferIterator } from './incoming-offer-iterator.js';
import type { NativeOfferRecord } from './native.js';
import type { ClaimOptions } from './options.js';
import { checkOptions, checkPid, checkSignal } from './validate.js';
import { vmClaim } from './vm-claim.js';

export interface IncomingOffersOptions {
  /** Only the offers of this process. Default: those of all. */
  from?: number;
  /** Ends the iteration: it then throws `signal.reason`. */
  signal?: AbortSignal;
}

/** An offer made to this process. */
export class IncomingOffer {
  /** The offer's number, unique within its source process. */
  readonly id: number;
  /** The process that made it. */
  readonly srcPid: number;
  /** Its first byte's address in the source process. */
  readonly address: bigint;
  /** Its length in bytes. */
  readonly byteLength: number;
  /** What it grants and drops: `VMO_*` bits. */
  readonly flags: number;

  private constructor({ id, srcPid, address, byteLength, flags }: NativeOfferRecord) {
    this.id = id;
    this.srcPid = srcPid;
    this.address = address;
    this.byteLength = byteLength;
    this.flags = flags;
  }

  /** @internal */
  static of(record: NativeOfferRecord): IncomingOffer {
    return new IncomingOffer(record);
  }

  /** `vmClaim(offer.srcPid, offer.address, options)`. */
  claim(options?: ClaimOptions): Promise<Claim> {
    return vmClaim(this.srcPid, this.address, options);
  }
}

/**
 * The offers made to this process: those that stand when the iteration starts, and each new one as it is made, without
 * polling and whichever process started first. Every iteration gets every offer, once. It keeps the process alive and
 * waits for ever; leave it with `break`, or with a signal. What comes while you are busy is kept for you (a few words an
 * offer; the memory stays with its source).
 *
 * An offer may be gone (claimed elsewhere, cancelled, expired) by the time you claim it: ERR_VMO_NOT_OFFERED.
 *
 * @throws {VmoError} ERR_VMO_INVALID_ARGUMENT
 *
 * @example
 * for await (const offer of incomingOffers({ from: workerPid })) {
 *   using claim = await offer.claim();
 *   handle(new Uint8Array(claim.buffer));
 * }
 */
export function incomingOffers(options: IncomingOffersOptions = {}): AsyncIterable<IncomingOffer> {
  checkOptions(options);
  const { from, signal } = options;
  if (from !== undefined) checkPid(from, 'from');
  checkSignal(signal);
  return {
    [Symbol.asyncIterator]: () =>
      new IncomingOfferIterator({ kind: 'memory', from }, (record) => IncomingOffer.of(record), signal),
  };
}
