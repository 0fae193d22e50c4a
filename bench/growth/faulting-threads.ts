/** A claimer in which more and more threads fault at once. One pager thread serves all of them. */
import { vmClaim, type Claim, type PagingKind } from 'vmoffer';
import { loadReader } from '../peers/reader.js';
import { SourceProcess } from '../source-process.js';
import { KIB } from '../units.js';
import type { SeriesMaker } from './series.js';
import { threadTimeMs } from './thread-time.js';

const PART_BYTES = 64 * KIB;
/** Each claim is touched only once, so that the pager sees no pattern in its touches. */
const CLAIMS = 512;
const AT_ONCE = 64;

export const faultingThreads: SeriesMaker = (effort) => {
  const claims = effort.pick(CLAIMS, 8);
  const source = new SourceProcess();

  async function faultEach(paging: PagingKind | 'auto', threads: number): Promise<{ fault: number; pager: number }> {
    const first = await source.crowd(claims, { partBytes: PART_BYTES });
    const held: Claim[] = [];
    for (let part = 0; part < claims; part += AT_ONCE) held.push(...(await claimParts(first, part, paging)));
    const views = held.map((claim) => claim.view());
    const pagerBefore = threadTimeMs(process.pid, 'vmo-pager');
    const ns = loadReader().touchTogether(views, threads);
    const pager = threadTimeMs(process.pid, 'vmo-pager') - pagerBefore;
    for (const claim of held) claim.release();
    return { fault: ns / claims / 1e6, pager: pager / claims };
  }

  function claimParts(first: bigint, from: number, paging: PagingKind | 'auto'): Promise<Claim[]> {
    const parts = Array.from({ length: Math.min(AT_ONCE, claims - from) }, (_, index) => from + index);
    return Promise.all(parts.map((part) => vmClaim(source.pid, first + BigInt(part * PART_BYTES), { paging })));
  }

  return Promise.resolve({
    of: 'faulting threads',
    counts: effort.pick([1, 2, 4, 8, 16, 32], [1, 2]),
    ways: ['vmoffer, a fault', "… of which the pager's processor time", 'the kernel, a fault'],
    flat: ['vmoffer, a fault'],
    async probe(threads: number) {
      const { fault, pager } = await faultEach('auto', threads);
      return {
        'vmoffer, a fault': fault,
        "… of which the pager's processor time": pager,
        'the kernel, a fault': (await faultEach('kernel', threads)).fault,
      };
    },
    [Symbol.asyncDispose]: () => source.stop(),
  });
};
