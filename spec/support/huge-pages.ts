/** The machine's pool of reserved huge pages. */
import type { Context } from 'mocha';
import { readFileSync } from 'node:fs';
import { allocate, type Region } from 'vmoffer';
import { needs, requires } from './requires.js';
import { maySetSystem, Setting } from './settings.js';

export const HUGE = 2 ** 21;
const POOL = '/proc/sys/vm/nr_hugepages';

/** For a `before` hook: reserves more huge pages if it may, and skips unless there are some. Call its result at the end. */
export function reserveHugePages(context: Context, pageCount: number): () => void {
  const setting = maySetSystem.isMet()
    ? new Setting(POOL, String(Number(readFileSync(POOL, 'utf8')) + pageCount))
    : null;
  requires(context, needs.reservedHugePages);
  return () => setting?.[Symbol.dispose]();
}

function poolCount(field: string): number {
  return Number(new RegExp(`HugePages_${field}:\\s+(\\d+)`).exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]);
}

/** Pages of the pool that nobody has taken. */
export function untouchedHugePages(): number {
  return poolCount('Free');
}

/** Pages of the pool that are neither taken nor reserved. */
export function freeHugePages(): number {
  return poolCount('Free') - poolCount('Rsvd');
}

/** Takes all pages that are left in the pool. */
export function emptyPool(): Region {
  return allocate(freeHugePages() * HUGE, { hugePages: true });
}
