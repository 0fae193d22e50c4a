import { VMO_GRANT_W, VMO_GRANT_X } from '../../flags.js';
import { formatAddress, formatBytes, MIB } from '../../units.js';
import { bytesOf, type ActiveClaim, type Rates } from './activity.js';

export interface Column {
  title: string;
  align: 'left' | 'right';
  /** Where there is not room for all, columns with the lowest rank are shown. */
  rank: number;
  cell: (claim: ActiveClaim, pageSize: number) => string;
}

const NAME_LENGTH = 16;
const NOT_COUNTED = '-';

const right = (title: string, rank: number, cell: Column['cell']): Column => ({ title, align: 'right', rank, cell });
const left = (title: string, rank: number, cell: Column['cell']): Column => ({ title, align: 'left', rank, cell });

export const COLUMNS: Column[] = [
  right('PID', 0, ({ pid }) => String(pid)),
  left('PROCESS', 1, ({ process }) => process.slice(0, NAME_LENGTH)),
  right('FROM', 3, ({ srcPid }) => String(srcPid)),
  right('ADDRESS', 9, ({ address }) => formatAddress(address)),
  right('SIZE', 0, ({ byteLength }) => formatBytes(byteLength)),
  left('GRANT', 5, ({ flags }) => grantOf(flags)),
  left(
    'HOW',
    4,
    ({ supplied, transfer, paging, timesLeftToKernel }) =>
      `${supplied ? 'supplied' : transfer} ${paging}${timesLeftToKernel > 0 ? ', left' : ''}`,
  ),
  left('KIND', 10, ({ kind }) => kind),
  right('FAULTS/s', 1, ({ rates }) => rate(rates, ({ faults }) => formatCount(faults))),
  right('MiB/s', 1, ({ rates }) => rate(rates, (found) => inMib(bytesOf(found)))),
  right('FAULTED', 6, ({ rates }) => rate(rates, ({ bytesByFault }) => inMib(bytesByFault))),
  right('AHEAD', 6, ({ rates }) => rate(rates, ({ bytesByReadAhead }) => inMib(bytesByReadAhead))),
  right('PREFETCH', 6, ({ rates }) => rate(rates, ({ bytesByPrefetch }) => inMib(bytesByPrefetch))),
  right('P50 us', 7, (claim) => latency(claim, claim.faultLatency.p50)),
  right('P99 us', 7, (claim) => latency(claim, claim.faultLatency.p99)),
  right('WASTE', 8, ({ readAheadWaste }, pageSize) => formatBytes(readAheadWaste * pageSize)),
  right('RESIDENT', 0, residentShare),
];

export function formatCount(amount: number): string {
  if (amount >= 1e6) return `${(amount / 1e6).toFixed(1)}M`;
  if (amount >= 1e4) return `${(amount / 1e3).toFixed(0)}k`;
  return amount.toFixed(amount > 0 && amount < 10 ? 1 : 0);
}

export function inMib(bytes: number): string {
  return formatCount(bytes / MIB);
}

function grantOf(flags: number): string {
  return `R${flags & VMO_GRANT_W ? 'W' : ''}${flags & VMO_GRANT_X ? 'X' : ''}`;
}

function rate(rates: Rates | null, format: (rates: Rates) => string): string {
  return rates ? format(rates) : NOT_COUNTED;
}

function latency({ faults }: ActiveClaim, microseconds: number): string {
  return faults > 0 ? microseconds.toFixed(1) : NOT_COUNTED;
}

/** An estimate has a `~`. */
function residentShare({ cells, byteLength, residentPages, pagesLookedAt }: ActiveClaim, pageSize: number): string {
  if (cells.length === 0) return NOT_COUNTED;
  const pageCount = Math.max(1, byteLength / pageSize);
  const percent = Math.min(100, Math.round((100 * residentPages) / pageCount));
  return `${pagesLookedAt < pageCount ? '~' : ''}${percent}%`;
}
