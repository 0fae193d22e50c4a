/** A process that holds more and more regions. */
import { allocate, VMO_GRANT_R, vmOffer, type Region } from 'vmoffer';
import { repeated, timed } from '../rounds.js';
import { SourceProcess } from '../source-process.js';
import { KIB } from '../units.js';
import type { SeriesMaker } from './series.js';

const BYTES = 4 * KIB;
const TIMES = 25;

export const heldRegions: SeriesMaker = (effort) => {
  const destination = new SourceProcess();
  const held: Region[] = [];

  return Promise.resolve({
    of: 'regions held',
    counts: effort.pick([1, 10, 100, 1000, 4000], [1, 2]),
    ways: ['an allocation', 'an offer of it', 'its release'],
    flat: ['an allocation', 'an offer of it', 'its release'],
    probe(count: number) {
      for (const region of held.splice(count)) region.release();
      while (held.length < count) held.push(allocate(BYTES));
      return repeated(TIMES, () => Promise.resolve(allocateOnce(destination.pid)));
    },
    async [Symbol.asyncDispose]() {
      for (const region of held) region.release();
      await destination.stop();
    },
  });
};

function allocateOnce(destPid: number): Record<string, number> {
  const start = performance.now();
  const region = allocate(BYTES);
  const allocated = performance.now() - start;
  const offerStart = performance.now();
  const offer = vmOffer(destPid, region, VMO_GRANT_R);
  const offered = performance.now() - offerStart;
  offer.cancel();
  const released = timed(() => {
    region.release();
  });
  return { 'an allocation': allocated, 'an offer of it': offered, 'its release': released };
}
