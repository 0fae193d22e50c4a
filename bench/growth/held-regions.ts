/** A process that holds more and more regions. */
import { allocate, VMO_GRANT_R, vmOffer, type Region } from 'vmoffer';
import { timed } from '../rounds.js';
import { SourceProcess } from '../source-process.js';
import { median } from '../statistics.js';
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
      const found = Array.from({ length: TIMES }, () => allocateOnce(destination.pid));
      const medianAt = (index: number) => median(found.map((values) => values[index] ?? NaN));
      return Promise.resolve({
        'an allocation': medianAt(0),
        'an offer of it': medianAt(1),
        'its release': medianAt(2),
      });
    },
    async [Symbol.asyncDispose]() {
      for (const region of held) region.release();
      await destination.stop();
    },
  });
};

function allocateOnce(destPid: number): number[] {
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
  return [allocated, offered, released];
}
