import { VmoError } from '../../errors.js';
import { promiseOf } from '../../keep-alive.js';
import type { NativeBell, NativeRegion } from '../../native.js';
import type { Region } from '../../region.js';
import { roomWasMade } from '../waiting/room.js';
import type { RingSize, Side } from './layout.js';

/** What a channel is made of, however it came to be. */
export interface Rings extends RingSize {
  side: Side;
  peerPid: number;
  region: Region;
  bell: NativeBell;
  /** Of the thread that asks; negative when that cannot be told. */
  currentCore: () => number;
}

/** Brings all pages in, so that no message pays for their faults. Kernels before 5.14 cannot: then messages do. */
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

/** Lets go of the memory and of the other side, which hears it. */
export function dropRings({ bell, region }: Rings): void {
  bell.close();
  region.release();
  roomWasMade();
}
