import type { ClaimStats } from 'vmoffer';

export type PagingCounts = Omit<ClaimStats, 'faultLatency' | 'supply'>;

/** The counters of a claim that has cost nothing yet, in the order of engine/wire/FORMAT.md. */
export const NO_COUNTS: PagingCounts = {
  faults: 0,
  pagesByFault: 0,
  pagesByReadAhead: 0,
  pagesByPrefetch: 0,
  readAheadHits: 0,
  readAheadWaste: 0,
  bytesPulled: 0,
  timesLeftToKernel: 0,
};
