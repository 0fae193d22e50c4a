import { expect } from 'chai';
import { constants } from 'node:buffer';
import { vmClaim, VMO_GRANT_R, VMO_GRANT_W } from 'vmoffer';
import { startObedient, type Obedient } from '../support/obedient.js';
import { expectPages, PAGE } from '../support/pages.js';
import { thrownBy } from '../support/vmo-error.js';

const SEED = 81;
const GIB = 2 ** 30;
const SIZES = [
  { name: '4 KiB', byteLength: PAGE },
  { name: '12 KiB', byteLength: 3 * PAGE },
  { name: '2 MiB', byteLength: 2 ** 21 },
  { name: '2 MiB and a page', byteLength: 2 ** 21 + PAGE },
  { name: '1 GiB', byteLength: GIB },
  { name: '4 GiB, as much as one ArrayBuffer of Node 20 holds', byteLength: 4 * GIB },
  { name: '12 GiB and a page', byteLength: 12 * GIB + PAGE },
];

describe('a claim', () => {
  let source: Obedient;
  before(async () => {
    source = await startObedient();
  });
  after(() => source[Symbol.asyncDispose]());

  for (const { name, byteLength } of SIZES) {
    for (const paging of ['auto', 'kernel'] as const) {
      it(`of ${name} has the right pages at its start, in its middle and at its end, with paging '${paging}'`, async () => {
        const pageCount = byteLength / PAGE;
        const places = [...new Set([0, Math.floor(pageCount / 2), pageCount - 1])];
        const { region } = await source.call('allocate', pageCount);
        for (const page of places) await source.call('fill', region, SEED, page, 1);
        const { address } = await source.call('offer', process.pid, region, VMO_GRANT_R | VMO_GRANT_W);
        using claim = await vmClaim(source.pid, address, { paging });
        expect(claim.byteLength).to.equal(byteLength);
        for (const page of places) expectPages(claim.view(page * PAGE, PAGE), SEED, page);
        claim.view(byteLength - 1, 1)[0] = 0x5a;
        expect(await source.call('read', region, byteLength - 1)).to.equal(0x5a);
        await source.call('release', region);
      });
    }
  }

  it('of 12 GiB has one buffer, or reports that it does not fit one, and hands out views', async () => {
    const { region } = await source.call('allocate', (12 * GIB) / PAGE);
    const { address } = await source.call('offer', process.pid, region, VMO_GRANT_R);
    using claim = await vmClaim(source.pid, address);
    if (constants.MAX_LENGTH >= 12 * GIB) expect(claim.buffer.byteLength).to.equal(12 * GIB);
    else expect(thrownBy(() => claim.buffer, 'ERR_VMO_INVALID_ARGUMENT').message).to.include('view(');
    expect(claim.view(11 * GIB, 8)).to.have.lengthOf(8);
    await source.call('release', region);
  });
});
