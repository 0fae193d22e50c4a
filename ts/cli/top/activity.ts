import type { HeldClaim, Processes, Snapshot } from './snapshot.js';

/** What has arrived, per second. */
export interface Rates {
  faults: number;
  bytesByFault: number;
  bytesByReadAhead: number;
  bytesByPrefetch: number;
}

export interface ActiveClaim extends HeldClaim {
  /** Null if the kernel pages the claim, so that nothing counts, or if there is only one snapshot. */
  rates: Rates | null;
}

/** What happened between two snapshots; the busiest claims come first. */
export interface Activity {
  claims: ActiveClaim[];
  totals: Rates;
  processes: Processes;
}

type Counter = 'faults' | 'pagesByFault' | 'pagesByReadAhead' | 'pagesByPrefetch';

/** @param before an earlier snapshot of the same processes, or none. A claim that is not in it counts from zero. */
export function activityBetween(before: Snapshot | undefined, after: Snapshot, pageSize: number): Activity {
  const seconds = before ? (after.takenAtMs - before.takenAtMs) / 1000 : 0;
  const earlier = new Map(before?.claims.map((claim) => [keyOf(claim), claim]));
  const claims = after.claims.map((claim) => {
    const isCounted = seconds > 0 && claim.paging === 'userfault';
    const rates = isCounted ? ratesOf(earlier.get(keyOf(claim)), claim, pageSize, seconds) : null;
    return { ...claim, rates };
  });
  return { claims: claims.sort(byActivity), totals: totalsOf(claims), processes: after.processes };
}

export function bytesOf({ bytesByFault, bytesByReadAhead, bytesByPrefetch }: Rates): number {
  return bytesByFault + bytesByReadAhead + bytesByPrefetch;
}

/** Two copies of the library in one process may use the same number, but never for the same address. */
function keyOf({ pid, number, address }: HeldClaim): string {
  return `${pid} ${number} ${address}`;
}

function ratesOf(before: HeldClaim | undefined, after: HeldClaim, pageSize: number, seconds: number): Rates {
  const perSecond = (counter: Counter, unit: number) =>
    (Math.max(0, after[counter] - (before?.[counter] ?? 0)) * unit) / seconds;
  return {
    faults: perSecond('faults', 1),
    bytesByFault: perSecond('pagesByFault', pageSize),
    bytesByReadAhead: perSecond('pagesByReadAhead', pageSize),
    bytesByPrefetch: perSecond('pagesByPrefetch', pageSize),
  };
}

function totalsOf(claims: ActiveClaim[]): Rates {
  const sum = (rate: keyof Rates) => claims.reduce((total, { rates }) => total + (rates?.[rate] ?? 0), 0);
  return {
    faults: sum('faults'),
    bytesByFault: sum('bytesByFault'),
    bytesByReadAhead: sum('bytesByReadAhead'),
    bytesByPrefetch: sum('bytesByPrefetch'),
  };
}

/** Claims that are equally active keep their order from one snapshot to the next. */
function byActivity(a: ActiveClaim, b: ActiveClaim): number {
  const bytes = (claim: ActiveClaim) => (claim.rates ? bytesOf(claim.rates) : 0);
  const faults = (claim: ActiveClaim) => claim.rates?.faults ?? 0;
  return (
    bytes(b) - bytes(a) || faults(b) - faults(a) || b.byteLength - a.byteLength || a.pid - b.pid || a.number - b.number
  );
}
