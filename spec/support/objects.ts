/** The memory object behind a region, as the kernel shows it. */
import { statSync } from 'node:fs';
import type { Region } from 'vmoffer';
import { openDescriptors } from './fds.js';
import { mappingAt } from './mappings.js';

const BLOCK_BYTES = 512;

/** How much memory the region's object takes up, in bytes; its holes take none. */
export function objectBytes(region: Region): number {
  const inode = mappingAt(region.address)?.inode;
  for (const [descriptor, target] of openDescriptors()) {
    if (!target.startsWith('/memfd:vmoffer')) continue;
    const facts = statSync(`/proc/self/fd/${descriptor}`);
    if (facts.ino === inode) return facts.blocks * BLOCK_BYTES;
  }
  throw new Error('no descriptor of the object that is mapped there');
}
