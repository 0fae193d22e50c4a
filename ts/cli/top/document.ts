import { formatAddress } from '../../units.js';
import type { Activity } from './activity.js';

/** The output of `--json`: all claims, with everything known about each. Addresses are text, `'0x7f…'`. */
export function renderDocument({ claims, totals, processes }: Activity, pageSize: number, intervalMs: number): string {
  const shown = claims.map(({ address, ...claim }) => ({ address: formatAddress(address), ...claim }));
  return `${JSON.stringify({ pageSize, intervalMs, processes, totals, claims: shown }, null, 2)}\n`;
}
