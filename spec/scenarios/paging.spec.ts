import { expect } from 'chai';
import { allocate, vmClaim, vmClaimSync, vmOffer, VMO_GRANT_R, VMO_GRANT_W, type ClaimOptions } from 'vmoffer';
import { startObedient, type Obedient } from '../support/obedient.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { needs, requires } from '../support/requires.js';
import { presentCount, type Run } from '../support/residency.js';
import { describeForUsers } from '../support/users.js';

const SEED = 71;
const PAGES = 1024;

describe("a claim of another process's memory", () => {
  let source: Obedient;
  before(async () => {
    source = await startObedient();
  });
  after(() => source[Symbol.asyncDispose]());

  async function claimWith(options: ClaimOptions, flags: number = VMO_GRANT_R) {
    const { region } = await source.call('allocate', PAGES, SEED);
    const { address } = await source.call('offer', process.pid, region, flags);
    return vmClaim(source.pid, address, options);
  }

  for (const flags of [VMO_GRANT_R, VMO_GRANT_R | VMO_GRANT_W]) {
    const granted = flags === VMO_GRANT_R ? 'R' : 'R and W';

    for (const paging of ['userfault', 'kernel'] as const) {
      it(`granted ${granted}, paged by '${paging}', has no page until one is touched, and then few`, async function () {
        if (paging === 'userfault') requires(this, needs.userfault);
        using claim = await claimWith({ paging }, flags);
        expect(claim.paging).to.equal(paging);
        expect(presentCount(claim.address, claim.byteLength)).to.equal(0);
        expectPages(claim.view(500 * PAGE, PAGE), SEED, 500);
        expect(presentCount(claim.address, claim.byteLength)).to.be.within(1, PAGES / 2);
        expectPages(claim.view(), SEED);
        expect(presentCount(claim.address, claim.byteLength)).to.equal(PAGES);
      });
    }

    for (const isSync of [false, true]) {
      it(`granted ${granted}, paged 'eager', has every page when ${isSync ? 'vmClaimSync' : 'vmClaim'} is done`, async () => {
        const { region } = await source.call('allocate', PAGES, SEED);
        const { address } = await source.call('offer', process.pid, region, flags);
        const options = { paging: 'eager' } as const;
        using claim = isSync ? vmClaimSync(source.pid, address, options) : await vmClaim(source.pid, address, options);
        expect(claim.paging).to.equal('eager');
        expect(presentCount(claim.address, claim.byteLength)).to.equal(PAGES);
        expectPages(claim.view(), SEED);
      });
    }
  }

  it("counts faults only if it is paged by 'userfault'", async function () {
    requires(this, needs.userfault);
    using lazy = await claimWith({ paging: 'userfault' });
    using kernel = await claimWith({ paging: 'kernel' });
    for (const claim of [lazy, kernel]) expectPages(claim.view(), SEED);
    expect(lazy.stats().faults).to.be.above(0);
    expect(kernel.stats().faults).to.equal(0);
  });
});

const WAYS: ClaimOptions[] = [
  {},
  { paging: 'userfault' },
  { paging: 'kernel' },
  { paging: 'eager' },
  { transfer: 'pull' },
  { transfer: 'pull', paging: 'eager' },
];

function pagesIn(runs: readonly Run[]): number {
  return runs.reduce((sum, { pageCount }) => sum + pageCount, 0);
}

describeForUsers('residency() and stats()', (user) => {
  let claimer: Obedient;
  before(async () => {
    claimer = await startObedient({ user });
  });
  after(() => claimer[Symbol.asyncDispose]());

  for (const options of WAYS) {
    for (const flags of [VMO_GRANT_R, VMO_GRANT_R | VMO_GRANT_W]) {
      it(`agree with the kernel, for ${JSON.stringify(options)} (flags ${flags})`, async function () {
        if (options.paging === 'userfault') requires(this, needs.userfault);
        using region = allocate(PAGES * PAGE);
        fillPages(region.view(), SEED);
        const offer = vmOffer(claimer.pid, region, flags);
        const claim = await claimer.call('claim', process.pid, offer.address, options);
        const isLazy = claim.paging !== 'eager';
        for (const touched of [[], [5, 700], [6, 7, 8], [1023]]) {
          for (const page of touched) await claimer.call('read', claim.region, page * PAGE);
          const { told, found } = await claimer.call('residency', claim.region);
          expect(told).to.deep.equal(found);
          if (isLazy) expect(pagesIn(found)).to.be.below(PAGES);
          if (isLazy && touched.length === 0) expect(found).to.be.empty;
          const { faults, pagesByFault, pagesByReadAhead } = await claimer.call('stats', claim.region);
          if (claim.paging === 'userfault') expect(pagesByFault + pagesByReadAhead).to.equal(pagesIn(found));
          else expect(faults).to.equal(0);
        }
        await claimer.call('prefetch', claim.region);
        const whole = [{ firstPage: 0, pageCount: PAGES }];
        expect(await claimer.call('residency', claim.region)).to.deep.equal({ told: whole, found: whole });
        await claimer.call('release', claim.region);
        await offer.released;
      });
    }
  }
});
