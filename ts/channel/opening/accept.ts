import { setTimeout as pause } from 'node:timers/promises';
import { VmoError } from '../../errors.js';
import { log } from '../../log.js';
import type { NativeOfferRecord } from '../../native.js';
import type { Rings } from '../ring/rings.js';
import { whatFailed } from './accept-failure.js';
import { AcceptIterator } from './accept-iterator.js';
import { claimRings, offeredRings } from './accept-rings.js';

const FIRST_PAUSE_MS = 2;
const LAST_PAUSE_MS = 500;

/** Accepts the next channel from one process. Passes over a channel that another acceptor of this process has accepted first. */
export async function acceptOne(srcPid: number, signal: AbortSignal | undefined): Promise<Rings> {
  for await (const offered of offeredRings(srcPid, signal)) {
    const rings = await claimUnlessTaken(offered, signal);
    if (rings) return rings;
  }
  throw new Error('the offers to this process have no end');
}

/** If another acceptor of this process is claiming the channel, tries again until that claim has succeeded or failed. */
async function claimUnlessTaken(
  offered: NativeOfferRecord,
  signal: AbortSignal | undefined,
): Promise<Rings | undefined> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LAST_PAUSE_MS)) {
    try {
      return await claimRings(offered, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (isNotOffered(error)) return undefined;
      if (whatFailed(error) !== 'taken') throw error;
      log.channel('somebody else is accepting what %d has opened', offered.srcPid);
    }
    await pauseFor(pauseMs, signal);
  }
}

async function pauseFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => {
    signal?.throwIfAborted();
  });
}

function isNotOffered(error: unknown): boolean {
  return error instanceof VmoError && error.code === 'ERR_VMO_NOT_OFFERED';
}

/** Accepts every channel. A failed claim does not end the iteration, because any process may offer anything. */
export function acceptAll<T>(
  from: number | undefined,
  signal: AbortSignal | undefined,
  make: (rings: Rings) => T,
): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => new AcceptIterator(from, signal, make) };
}
