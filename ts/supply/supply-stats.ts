import type { FaultLatency } from '../claim-stats.js';

/**
 * What became of supplied memory so far, as its source counts it.
 *
 * @category Supplying
 */
export interface SupplyStats {
  /** How many claims there are now. */
  claims: number;
  /** Units that claims asked for, each claim counted by itself, also those that were there already. */
  unitsAsked: number;
  /** Units that the supplier was asked for. */
  unitsOrdered: number;
  /** How many of these a thread waited for. The others were read ahead. */
  unitsAwaited: number;
  /** Units that the supplier has brought. */
  unitsSupplied: number;
  /** Units that the program has put in by {@link SuppliedRegion.fill}. */
  unitsPushed: number;
  /** Units that claims were told have failed. */
  unitsFailed: number;
  /** Units that the supplier has brought when no claim asked for them any more: waste. */
  unitsUnwanted: number;
  /** Units that were dropped, for the budget or by {@link SuppliedRegion.evict}. */
  unitsEvicted: number;
  /** How often a claim kept a unit that it was to give back, because it needs it or does not answer. The budget is exceeded then. */
  recallsRefused: number;
  /** The units that are there now, in bytes. */
  residentBytes: number;
  /** The most that there ever was. */
  mostResidentBytes: number;
  /** From the order of a unit to its bytes in place, in microseconds. */
  fillLatency: FaultLatency;
}
