/** The pool of reserved huge pages, of the whole machine. */
import type { Context } from 'mocha';
import { readFileSync } from 'node:fs';
import { allocate, type Region } from 'vmoffer';
import { needs, requires } from './requires.js';
import { maySetSystem, Setting } from './settings.js';

export const HUGE = 2 ** 21;
const POOL = '/proc/sys/vm/nr_hugepages';

/** In a `before` hook: more of them where that is allowed; skips unless there are some. Call what it returns in the end. */
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

/** Of the pool, taken by nobody. */
export function untouchedHugePages(): number {
  return poolCount('Free');
}

/** Of the pool, neither taken nor promised to anybody. */
export function freeHugePages(): number {
  return poolCount('Free') - poolCount('Rsvd');
}

/** Has all that is left of the pool. */
export function emptyPool(): Region {
  return allocate(freeHugePages() * HUGE, { hugePages: true });
}
