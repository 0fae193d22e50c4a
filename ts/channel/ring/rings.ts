import { VmoError } from '../../errors.js';
import { promiseOf } from '../../keep-alive.js';
import type { NativeBell, NativeRegion } from '../../native.js';
import type { Region } from '../../region.js';
import { roomWasMade } from '../waiting/room.js';
import type { RingSize, Side } from './layout.js';

/** What a channel needs, whether it was opened or accepted. */
export interface Rings extends RingSize {
  side: Side;
  peerPid: number;
  region: Region;
  bell: NativeBell;
  /** The core of the calling thread; negative if unknown. */
  currentCore: () => number;
}

/** Brings all pages in, so that no message pays for a fault. Kernels before 5.14 cannot do that; there, messages pay. */
export function bringIn(memory: NativeRegion): Promise<void> {
  return promiseOf((resolve, reject) => {
    memory.prefetch(0, memory.byteLength, (error) => {
      if (error && !isUnsupported(error)) reject(error);
      else resolve();
    });
  });
}

function isUnsupported(error: Error): boolean {
  return error instanceof VmoError && error.code === 'ERR_VMO_UNSUPPORTED';
}

/** Releases the memory and closes the bell, by which the other side learns of the end. */
export function dropRings({ bell, region }: Rings): void {
  bell.close();
  region.release();
  roomWasMade();
}
