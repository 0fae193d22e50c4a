import type { NativeBell } from '../native.js';
import type { Region } from '../region.js';
import type { RingSize, Side } from './layout.js';

/** What a channel is made of, however it came to be. */
export interface Rings extends RingSize {
  side: Side;
  peerPid: number;
  region: Region;
  bell: NativeBell;
}

/** Lets go of the memory and of the other side, which hears it. */
export function dropRings({ bell, region }: Rings): void {
  bell.close();
  region.release();
}
