/**
 * How long the faults of a claim took, in microseconds.
 *
 * The time is from the pager's reading of a fault to its pages being installed. A percentile is at most a fifth too high.
 *
 * @category Paging
 */
export interface FaultLatency {
  /** Half of the faults took no longer. */
  p50: number;
  /** 90 % of the faults took no longer. */
  p90: number;
  /** 99 % of the faults took no longer. */
  p99: number;
  /** The longest. */
  max: number;
}

/**
 * What a claim of supplied memory has asked its source for, in the source's units.
 *
 * @category Paging
 */
export interface ClaimSupplyStats {
  /** Units that were asked for, also before they were touched. */
  asked: number;
  /** How many of them have come. */
  supplied: number;
  /** How many of them nobody could bring. */
  failed: number;
}

/**
 * What a claim has cost so far, from {@link Claim.stats}.
 *
 * Counts are of pages of `capabilities().pageSize` bytes and begin with the claim.
 *
 * @category Paging
 */
export interface ClaimStats {
  /** Touches of absent pages that the pager answered. 0 unless `paging` is `'userfault'`. */
  faults: number;
  /** Pages installed because they, or a page of the same window, were touched. */
  pagesByFault: number;
  /** Pages installed before they were touched, because the touches were sequential. */
  pagesByReadAhead: number;
  /** Pages installed by `prefetch()`. */
  pagesByPrefetch: number;
  /** How many of the pages that read-ahead set out to install the reader has passed, as its next fault tells. */
  readAheadHits: number;
  /** How many of the pages that read-ahead set out to install the reader never reached: it stopped, or went elsewhere. */
  readAheadWaste: number;
  /** Bytes copied out of the memory object; 0 with `transfer: 'map'`. */
  bytesPulled: number;
  /**
   * 1 once the pager has left the claim to the kernel, because its touches are far apart or because a page could not be
   * installed; `paging` is `'kernel'` from then on. 0 before that, and where the kernel has paged the claim from the start.
   */
  timesLeftToKernel: number;
  /** What was asked of the source of supplied memory; all 0 for other memory. */
  supply: ClaimSupplyStats;
  /** How long the faults took, in microseconds; all 0 while there were none. */
  faultLatency: FaultLatency;
}
