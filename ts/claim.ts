import { VMO_GRANT_W } from './flags.js';
import type { PagingKind, TransferKind } from './kinds.js';
import { addon } from './load-addon.js';
import type { NativeClaim } from './native.js';
import { checkPrefetchOptions, PrefetchQueue, type PrefetchOptions } from './prefetch-queue.js';
import { Region, releasedError } from './region.js';
import { ResidencyMap } from './residency-map.js';

/** What a claim has cost so far. Counts are of pages and run from the claim on. */
export interface ClaimStats {
  /** Touches of absent pages that the pager answered. 0 unless `paging` is `'userfault'`. */
  faults: number;
  /** Pages installed because they, or a page of the same window, were touched. */
  pagesByFault: number;
  /** Pages installed before they were touched, because the touches were sequential. */
  pagesByReadAhead: number;
  /** Pages installed by `prefetch()`. */
  pagesByPrefetch: number;
  /** Pages that read-ahead took on and its reader has come past, as the next fault of the reader told. */
  readAheadHits: number;
  /** Pages that read-ahead took on for a reader that is not followed any more: it stopped, or went elsewhere. */
  readAheadWaste: number;
  /** Bytes copied out of the memory object; 0 with `transfer: 'map'`. */
  bytesPulled: number;
  /** From the pager's reading of a fault to its pages being installed, in microseconds. */
  faultLatency: { p50: number; p90: number; p99: number; max: number };
}

/**
 * A region received from another process. What may be done with it is in `flags`:
 *
 * - granted R alone, it shows the source's live bytes, and writing to it changes a private copy that reaches nobody;
 * - granted W, it is the same memory in both processes. There is no order between their accesses but the one you make,
 *   with `Atomics` for example.
 *
 * It may be offered onward, never with more than was granted. Like any region it belongs to the thread that claimed it.
 */
export class Claim extends Region {
  readonly #native: NativeClaim;
  readonly #prefetches: PrefetchQueue;

  /** @internal */
  protected constructor(native: NativeClaim) {
    super(native);
    this.#native = native;
    this.#prefetches = new PrefetchQueue(native);
  }

  /** @internal */
  static override of(native: NativeClaim): Claim {
    return new Claim(native);
  }

  /** The process that offered it. */
  get srcPid(): number {
    return this.#native.srcPid;
  }

  /** The offer's flags: what was granted, and what the source gave up. */
  get flags(): number {
    return this.#native.flags;
  }

  /** True when this process has itself verified that nobody, anywhere, can change these bytes any more. */
  get immutable(): boolean {
    return this.#native.immutable;
  }

  /** How the memory was taken: mapped as it is, or pulled into memory of one's own. */
  get transfer(): TransferKind {
    return this.#native.transfer;
  }

  /** How its pages arrive; see `ClaimOptions.paging`. Never `'auto'`. */
  get paging(): PagingKind {
    return this.#native.paging;
  }

  /**
   * Installs pages ahead of their use, off the JavaScript thread, in steps of a few MiB. The byte range is widened to
   * whole pages. Prefetches of one claim take turns, those with the higher priority first; the pages of a range that has
   * been prefetched or touched already cost next to nothing.
   *
   * @returns a promise of the whole range being resident. It rejects with `signal.reason`, or with a `VmoError`:
   *   ERR_VMO_INVALID_ARGUMENT for a range outside the claim, and when the claim is released meanwhile.
   *
   * @example
   * await claim.prefetch({ byteOffset: 0, byteLength: 1 << 30, signal: AbortSignal.timeout(1000) });
   */
  async prefetch(options: PrefetchOptions = {}): Promise<void> {
    if (this.released) throw releasedError(this.address);
    await this.#prefetches.add(checkPrefetchOptions(options, this.byteLength, addon().pageSize));
  }

  /** Which pages are installed here now, as the kernel sees it. Asking installs none. */
  residency(): ResidencyMap {
    if (this.released) throw releasedError(this.address);
    const { pageSize } = addon();
    return new ResidencyMap(this.#native.residency(), this.byteLength / pageSize, pageSize);
  }

  /** What the claim has cost so far. */
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
