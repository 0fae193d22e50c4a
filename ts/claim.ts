import type { ClaimStats } from './claim-stats.js';
import { VMO_GRANT_W } from './flags.js';
import type { PagingKind, TransferKind } from './kinds.js';
import { promiseOf } from './keep-alive.js';
import { addon } from './load-addon.js';
import type { NativeClaim } from './native.js';
import { checkPrefetchOptions, prefetch, type PrefetchOptions } from './prefetch-queue.js';
import { Region, releasedError } from './region.js';
import { ResidencyMap } from './residency-map.js';
import type { SupplyFailure } from './supply-failure.js';
import { SupplyFailures } from './supply-failures.js';
import { SupplyPin } from './supply-pin.js';
import { checkLength, checkWithin } from './validate.js';

/**
 * A region received from another process.
 *
 * Claims come from {@link vmClaim}, {@link vmClaimSync} and {@link IncomingOffer.claim}. Its `flags` say what this
 * process may do with it:
 *
 * - With R alone, the claim shows the source's live bytes. Writing to it changes a private copy that reaches nobody.
 * - With W, it is the same memory in both processes. The two order their accesses themselves, with `Atomics` for example.
 *
 * A claim can be offered onward, never with more rights than were granted. Like any region it belongs to the thread that claimed
 * it. Its owner releases it: with `release()`, by `using`, or by leaving it to the garbage collector. A live claim takes two file
 * descriptors here and one in the source.
 *
 * @example
 * using claim = await vmClaim(srcPid, remoteAddress);
 * console.log(claim.view(0, 5), claim.immutable);
 *
 * @category Claiming
 */
export class Claim extends Region {
  readonly #native: NativeClaim;
  readonly #failures: SupplyFailures;

  /** @internal */
  protected constructor(native: NativeClaim) {
    super(native);
    this.#native = native;
    this.#failures = new SupplyFailures(native);
  }

  /** @internal */
  static override of(native: NativeClaim): Claim {
    return new Claim(native);
  }

  /** The pid of the process that offered it, in this process's pid namespace. */
  get srcPid(): number {
    return this.#native.srcPid;
  }

  /** The offer's flags: what was granted, and what the source gave up, as `VMO_*` bits. */
  get flags(): number {
    return this.#native.flags;
  }

  /**
   * True when nobody, anywhere, can change these bytes any more. This process does not take the source's word for it: it
   * has read the seal (`F_SEAL_WRITE`) from the kernel. Once true it stays true. Where the source seals after the claim was
   * made, it becomes true a moment later: `ClaimOptions.immutable` waits for that.
   */
  get immutable(): boolean {
    return this.#native.immutable;
  }

  /** How the memory was taken: mapped as it is, or pulled into memory of this process's own. */
  get transfer(): TransferKind {
    return this.#native.transfer;
  }

  /**
   * How its pages arrive. If `ClaimOptions.paging` was `'auto'`, this is the choice that was made: `'userfault'` becomes
   * `'kernel'` when the touches turn out to be far apart, which the kernel answers faster.
   */
  get paging(): PagingKind {
    return this.#native.paging;
  }

  /** Whether its pages do not exist until they are touched, and its source then brings them. */
  get supplied(): boolean {
    return this.#native.supplied;
  }

  /** Whether nobody could bring some unit of it, so far; see {@link Claim.failures}. */
  get failed(): boolean {
    return this.#native.failed;
  }

  /**
   * Has bytes of supplied memory brought, and keeps them: the safe way to read it. A touch of bytes that nobody can bring
   * ends the process, or reads as zeros (`ClaimOptions.onSupplyFailure`); here the failure is an error that can be caught.
   * Where an earlier try has failed it is tried again. Other memory is there at once.
   *
   * @param byteOffset where they begin, in bytes from the claim's start. Default: 0.
   * @param byteLength how many. Default: the rest of the claim.
   * @returns a promise of a pin. Until it is released the source does not take the bytes back. It rejects with a `VmoError`:
   *   ERR_VMO_SUPPLY when the supplier has failed, ERR_VMO_TIMEOUT when the source is silent, ERR_VMO_PEER_GONE when it has
   *   ended, ERR_VMO_INVALID_ARGUMENT for a range outside the claim, and when the claim is released meanwhile.
   *
   * @example
   * using pin = await claim.ensure(offset, byteLength);
   * parse(claim.view(offset, byteLength));
   */
  async ensure(byteOffset = 0, byteLength = Math.max(this.byteLength - byteOffset, 0)): Promise<SupplyPin> {
    this.checkLive();
    checkLength(byteOffset, 'byteOffset');
    checkLength(byteLength, 'byteLength');
    checkWithin(byteOffset, byteLength, this.byteLength);
    if (!this.supplied || byteLength === 0) return SupplyPin.of(this.#native, undefined);
    return promiseOf<SupplyPin>((resolve, reject) => {
      const id = this.#native.pin(byteOffset, byteLength, (error) => {
        if (error) reject(error);
        else resolve(SupplyPin.of(this.#native, id));
      });
    });
  }

  /**
   * The units of supplied memory that nobody could bring, each once, as they fail: the latest 1024 that were not asked for
   * yet, and those that come. It does not keep the process alive, and ends when the claim is released.
   *
   * @example
   * for await (const { offset, error } of claim.failures()) console.error(offset, error);
   */
  failures(): AsyncIterable<SupplyFailure> {
    return this.#failures.iterate();
  }

  /** @internal */
  override release(): void {
    super.release();
    this.#failures.wake();
  }

  /**
   * Installs pages ahead of their use, off the JavaScript thread, in steps of a few MiB.
   *
   * The byte range is widened to whole pages. Prefetches of one claim take turns, those with the higher priority first. Pages
   * that have been prefetched or touched already cost next to nothing.
   *
   * @param options which bytes, how urgent, and how to stop.
   * @returns a promise of the whole range being resident. It rejects with `signal.reason`, or with a `VmoError`:
   *   ERR_VMO_INVALID_ARGUMENT for a range outside the claim, and when the claim is released meanwhile.
   *
   * @example
   * await claim.prefetch({ byteOffset: 0, byteLength: 1 << 30, signal: AbortSignal.timeout(1000) });
   */
  async prefetch(options: PrefetchOptions = {}): Promise<void> {
    if (this.released) throw releasedError(this.address);
    await prefetch(this.#native, checkPrefetchOptions(options, this.byteLength, addon().pageSize));
  }

  /**
   * Which pages are installed here now, as the kernel sees it. Asking installs none.
   *
   * @throws {VmoError} ERR_VMO_INVALID_ARGUMENT when the claim has been released.
   *
   * @example
   * const { residentPages, pageCount } = claim.residency();
   */
  residency(): ResidencyMap {
    if (this.released) throw releasedError(this.address);
    const { pageSize } = addon();
    return new ResidencyMap(this.#native.residency(), this.byteLength / pageSize, pageSize);
  }

  /** What the claim has cost so far. `stats()` also works after `release()`. */
  stats(): ClaimStats {
    return this.#native.stats();
  }

  /** @internal */
  protected override describe(): object {
    const { srcPid, paging, immutable } = this;
    const isShared = (this.flags & VMO_GRANT_W) !== 0;
    return { ...super.describe(), srcPid, paging, immutable, writes: isShared ? 'shared' : 'private' };
  }
}
