import { randomFillSync } from 'node:crypto';
import { allocate, type Region } from 'vmoffer';
import { megabytes, say } from './say.js';
import { windowsOf } from './windows.js';

const GIB = 1 << 30;
const WINDOW_BYTES = 1 << 24;

/** Random bytes, 1 GiB of them where there is room for it. */
export function allocateRandom(): Region {
  const byteLength = process.availableMemory() > 1.5 * GIB ? GIB : GIB / 8;
  if (byteLength < GIB) say('source', `There is little memory here: I take ${megabytes(byteLength)} only.`);
  const region = allocate(byteLength);
  for (const window of windowsOf(region, byteLength, WINDOW_BYTES)) randomFillSync(window);
  say('source', `I have ${megabytes(byteLength)} of random bytes.`);
  return region;
}
