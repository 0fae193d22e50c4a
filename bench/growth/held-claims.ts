/** A claimer that holds more and more claims. */
import { VMO_GRANT_R, vmClaim, type Claim } from 'vmoffer';
import { loadReader } from '../peers/reader.js';
import { repeated, timed } from '../rounds.js';
import { SourceProcess } from '../source-process.js';
import { KIB } from '../units.js';
import type { SeriesMaker } from './series.js';

const PART_BYTES = 64 * KIB;
const TIMES = 25;

export const heldClaims: SeriesMaker = (effort) => {
  const counts = effort.pick([1, 10, 100, 1000, 4000], [1, 2]);
  const source = new SourceProcess();
  const held: Claim[] = [];

  async function hold(count: number): Promise<void> {
    for (const claim of held.splice(count)) claim.release();
    const missing = count - held.length;
    if (missing === 0) return;
    const first = await source.crowd(missing, { partBytes: PART_BYTES });
    for (let part = 0; part < missing; part++) held.push(await vmClaim(source.pid, first + BigInt(part * PART_BYTES)));
  }

  return Promise.resolve({
    of: 'claims held',
    counts,
    ways: ['a claim', 'its first touch', 'its release'],
    flat: ['a claim', 'its first touch', 'its release'],
    async probe(count: number) {
      await hold(count);
      return repeated(TIMES, () => claimOnce(source));
    },
    async [Symbol.asyncDispose]() {
      for (const claim of held) claim.release();
      await source.stop();
    },
  });
};

async function claimOnce(source: SourceProcess): Promise<Record<string, number>> {
  const address = await source.offer(PART_BYTES, VMO_GRANT_R);
  const start = performance.now();
  const claim = await vmClaim(source.pid, address);
  const claimed = performance.now() - start;
  const [touched = NaN] = loadReader().timeTouches(claim.view(), BigUint64Array.of(0n));
  const released = timed(() => {
    claim.release();
  });
  return { 'a claim': claimed, 'its first touch': touched / 1e6, 'its release': released };
}
