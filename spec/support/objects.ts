/** The memory object behind a region, as the kernel shows it. */
import { chmodSync, statSync, type Stats } from 'node:fs';
import type { Region } from 'vmoffer';
import { openDescriptors } from './fds.js';
import { mappingAt } from './mappings.js';

const BLOCK_BYTES = 512;
const SAYS_HUGE_PAGES = 0o1444;

/** How much memory the region's object takes up, in bytes; its holes take none. */
export function objectBytes(region: Region): number {
  return findObject(region).facts.blocks * BLOCK_BYTES;
}

/** Marks the object as one with huge pages, as a source does that has got them. */
export function sayHugePages(region: Region): void {
  chmodSync(findObject(region).path, SAYS_HUGE_PAGES);
}

function findObject(region: Region): { path: string; facts: Stats } {
  const inode = mappingAt(region.address)?.inode;
  for (const [descriptor, target] of openDescriptors()) {
    if (!target.startsWith('/memfd:vmoffer')) continue;
    const path = `/proc/self/fd/${descriptor}`;
    const facts = statSync(path, { throwIfNoEntry: false }); // one that was closed meanwhile is not it
    if (facts !== undefined && facts.ino === inode) return { path, facts };
  }
  throw new Error('no descriptor of the object that is mapped there');
}
