import { inspect, type InspectOptions } from 'node:util';
import { invalidArgument } from './errors.js';
import { describeFlags } from './flags.js';
import { promiseOf } from './keep-alive.js';
import type { OfferEnding, OfferState } from './kinds.js';
import { log } from './log.js';
import type { NativeOffer } from './native.js';
import { CANNOT_BE_CLONED } from './stays-here.js';
import { formatAddress } from './units.js';

/**
 * Memory offered to one process, from {@link vmOffer}.
 *
 * The offer stands until that process claims it, it is cancelled or revoked, or one of the two processes ends. It keeps the
 * memory alive, even when this object and the `Region` are garbage. It belongs to the process, not to the thread that made it.
 *
 * @example
 * const offer = vmOffer(destPid, region, VMO_GRANT_R);
 * if ((await offer.claimed) === 'claimed') await offer.released; // now a pool may use the region again
 *
 * @category Offering
 */
export class Offer {
  /** @internal */
  readonly cannotBeCloned = CANNOT_BE_CLONED;
  readonly #native: NativeOffer;
  #claimed: Promise<OfferEnding> | undefined;
  #released: Promise<void> | undefined;

  private constructor(native: NativeOffer) {
    if (typeof (native as Partial<NativeOffer> | undefined)?.onEnded !== 'function') {
      throw invalidArgument('Offer cannot be made with new; use vmOffer()');
    }
    this.#native = native;
  }

  /** @internal */
  static of(native: NativeOffer): Offer {
    return new Offer(native);
  }

  /** The offer's number, unique within this process. `OfferRecord` and `IncomingOffer` have it, too. */
  get id(): number {
    return this.#native.id;
  }

  /** The pid of the process that may claim it. */
  get destPid(): number {
    return this.#native.destPid;
  }

  /** The address of its first byte in this process. The other process claims the offer by it. */
  get address(): bigint {
    return this.#native.address;
  }

  /** Its length in bytes. */
  get byteLength(): number {
    return this.#native.byteLength;
  }

  /** What it grants and drops: `VMO_*` bits. */
  get flags(): number {
    return this.#native.flags;
  }

  /** Its state now: `'pending'`, `'claiming'`, or how it ended. */
  get state(): OfferState {
    return this.#native.state;
  }

  /**
   * A promise of how the offer ended. It never rejects, and is always the same one. Reading this property keeps the process
   * alive until the promise resolves.
   */
  get claimed(): Promise<OfferEnding> {
    this.#claimed ??= promiseOf((resolve) => {
      this.#native.onEnded((ending) => {
        this.#trace(ending);
        resolve(ending);
      });
    });
    return this.#claimed;
  }

  /**
   * A promise that resolves when the claimer has let the memory go or is gone, or when the offer ended unclaimed. It never
   * rejects, and is always the same one. Reading this property keeps the process alive until the promise resolves.
   */
  get released(): Promise<void> {
    this.#released ??= promiseOf((resolve) => {
      this.#native.onReleased(() => {
        this.#trace('released');
        resolve();
      });
    });
    return this.#released;
  }

  /**
   * Takes the offer back. If a claim comes at the same moment, one of the two wins.
   *
   * @returns true if this call cancelled it, false if it had ended unclaimed before.
   * @throws {VmoError} ERR_VMO_TOO_LATE if it has been claimed or is being claimed.
   */
  cancel(): boolean {
    this.#trace('cancel');
    return this.#native.cancel();
  }

  #trace(event: string): void {
    if (log.offer.enabled) log.offer('%s: %s to %d', event, formatAddress(this.address), this.destPid);
  }

  /** What the offer is, in words and numbers, for `JSON.stringify`. */
  toJSON(): object {
    const { id, destPid, byteLength, state } = this;
    return { id, destPid, address: formatAddress(this.address), byteLength, flags: describeFlags(this.flags), state };
  }

  /** @internal */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `Offer ${inspect(this.toJSON(), options)}`;
  }
}
