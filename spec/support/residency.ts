/** Which pages are in this process's page table, by /proc/self/pagemap, which this file reads without the library. */
import { closeSync, openSync, readSync } from 'node:fs';
import { PAGE } from './pages.js';

export interface Run {
  firstPage: number;
  pageCount: number;
}

const ENTRY_BYTES = 8;
const ENTRIES_PER_READ = 8192;
const PRESENT = 0x80;

/** Whether each page of the range is present. */
export function presentPages(address: bigint, byteLength: number): boolean[] {
  const present: boolean[] = [];
  const pageCount = byteLength / PAGE;
  const pagemap = openSync('/proc/self/pagemap', 'r');
  try {
    while (present.length < pageCount) readSome(pagemap, address, pageCount, present);
  } finally {
    closeSync(pagemap);
  }
  return present;
}

/** The present pages as maximal runs, in order. */
export function presentRuns(address: bigint, byteLength: number): Run[] {
  return runsOf(presentPages(address, byteLength));
}

export function presentCount(address: bigint, byteLength: number): number {
  return presentPages(address, byteLength).filter(Boolean).length;
}

export function runsOf(pages: readonly boolean[]): Run[] {
  const runs: Run[] = [];
  pages.forEach((isPresent, page) => {
    if (!isPresent) return;
    const last = runs.at(-1);
    if (last && last.firstPage + last.pageCount === page) last.pageCount++;
    else runs.push({ firstPage: page, pageCount: 1 });
  });
  return runs;
}

function readSome(pagemap: number, address: bigint, pageCount: number, present: boolean[]): void {
  const count = Math.min(ENTRIES_PER_READ, pageCount - present.length);
  const entries = Buffer.alloc(count * ENTRY_BYTES);
  const position = (address / BigInt(PAGE) + BigInt(present.length)) * BigInt(ENTRY_BYTES);
  const got = readSync(pagemap, entries, 0, entries.length, position);
  if (got === 0) throw new Error(`/proc/self/pagemap ends before page ${present.length} of 0x${address.toString(16)}`);
  for (let at = 0; at < got; at += ENTRY_BYTES) present.push(((entries[at + ENTRY_BYTES - 1] ?? 0) & PRESENT) !== 0);
}
