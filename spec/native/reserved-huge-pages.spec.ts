import { expect } from 'chai';
import {
  allocate,
  vmClaimSync,
  vmOffer,
  VMO_DISOWN,
  VMO_DROP_W,
  VMO_GRANT_R,
  VMO_GRANT_W,
  type Claim,
  type Region,
} from 'vmoffer';
import { emptyPool, freeHugePages, HUGE, reserveHugePages, untouchedHugePages } from '../support/huge-pages.js';
import { mappedBytes, mappingAt } from '../support/mappings.js';
import { claimOwn, touch } from '../support/own-claim.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { needs, requires } from '../support/requires.js';
import { thrownBy } from '../support/vmo-error.js';

const HUGE_PAGES = HUGE / PAGE;
const DISOWNED = VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN;

/** @param step must be odd, so that the touches reach every page of a power of two. */
function touchInSteps(claim: Claim, step: number): number {
  const pageCount = claim.byteLength / PAGE;
  let sum = 0; // used, so that the reads are not optimized away
  for (let i = 0; i < pageCount; ++i) sum += touch(claim, (i * step) % pageCount);
  return sum;
}

describe('reserved huge pages', () => {
  let giveBack: (() => void) | undefined;
  before(function () {
    giveBack = reserveHugePages(this, 32);
  });
  after(() => giveBack?.());

  it('are taken if there are some, and the region says so', () => {
    using region = allocate(HUGE, { hugePages: true });
    expect(region.pages).to.equal('hugetlb');
    expect(mappedBytes(region.address, 'KernelPageSize')).to.equal(HUGE);
  });

  it('are not taken for lengths that are not multiples of them, nor for more than there are', () => {
    for (const byteLength of [HUGE + PAGE, (freeHugePages() + 1) * HUGE]) {
      using region = allocate(byteLength, { hugePages: true });
      expect(region.pages).to.not.equal('hugetlb');
    }
  });

  for (const transfer of ['map', 'pull'] as const) {
    for (const paging of ['auto', 'eager'] as const) {
      for (const flags of [VMO_GRANT_R, VMO_GRANT_R | VMO_GRANT_W, VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN]) {
        it(`are claimed by '${transfer}', '${paging}' (flags ${flags})`, () => {
          using region = allocate(2 * HUGE, { hugePages: true });
          fillPages(region.view(), 6);
          using claim = claimOwn(region, flags, { transfer, paging });
          expect(claim.pages).to.equal(transfer === 'map' ? 'hugetlb' : 'ordinary');
          expectPages(claim.view(), 6);
        });
      }
    }
  }

  it('are paged by the kernel', () => {
    using region = allocate(HUGE, { hugePages: true });
    using claim = claimOwn(region);
    expect(claim.paging).to.equal('kernel');
  });

  for (const [grant, flags] of [
    ['to read', VMO_GRANT_R],
    ['to write', VMO_GRANT_R | VMO_GRANT_W],
    ['as its own', DISOWNED],
  ] as const) {
    describe(`paged by 'userfault', by name, ${grant},`, () => {
      let region: Region;
      let claim: Claim;
      before(function () {
        requires(this, needs.userfault);
      });
      beforeEach(() => {
        region = allocate(8 * HUGE, { hugePages: true });
        fillPages(region.view(0, 7 * HUGE), 7); // the last one is not there yet
        claim = claimOwn(region, flags, { paging: 'userfault' });
      });
      afterEach(() => {
        claim.release();
        region.release();
      });

      it('arrive whole when they are touched', () => {
        expect(claim).to.include({ pages: 'hugetlb', paging: 'userfault' });
        expect(claim.residency().residentPages).to.equal(0);
        expectPages(claim.view(2 * HUGE, PAGE), 7, 2 * HUGE_PAGES);
        const { residentPages } = claim.residency();
        expect(residentPages % HUGE_PAGES).to.equal(0);
        expect(claim.stats()).to.include({ faults: 1, pagesByFault: residentPages });
        expectPages(claim.view(0, 7 * HUGE), 7);
        expect(claim.view(7 * HUGE).every((byte) => byte === 0)).to.be.true;
        expect(claim.stats().pagesByFault).to.equal(8 * HUGE_PAGES);
      });

      it('arrive whole when a part of them is prefetched', async () => {
        await claim.prefetch({ byteOffset: 2 * HUGE - PAGE, byteLength: 2 * PAGE });
        expect([...claim.residency().ranges()]).to.deep.equal([{ firstPage: HUGE_PAGES, pageCount: 2 * HUGE_PAGES }]);
        expect(claim.stats()).to.include({ faults: 0, pagesByPrefetch: 2 * HUGE_PAGES });
        expectPages(claim.view(0, 7 * HUGE), 7);
      });

      it('can be written to, and the writes reach every process that shares them', () => {
        fillPages(claim.view(), 8);
        expectPages(claim.view(), 8);
        if (region.disowned) return;
        if (flags & VMO_GRANT_W) expectPages(region.view(), 8);
        else expectPages(region.view(0, 7 * HUGE), 7);
      });

      it('can be handed on', () => {
        touch(claim, 5);
        using next = claimOwn(claim, VMO_GRANT_R, { paging: 'userfault' });
        expectPages(next.view(0, 7 * HUGE), 7);
      });
    });
  }

  it('can only be offered as a whole', () => {
    using region = allocate(2 * HUGE, { hugePages: true });
    const offer = vmOffer(process.pid, region.range(0, HUGE), VMO_GRANT_R);
    thrownBy(() => vmClaimSync(process.pid, offer.address), 'ERR_VMO_UNSUPPORTED');
    offer.cancel();
  });

  for (const [how, pull] of [
    ['touched in order', (claim: Claim) => touchInSteps(claim, 1)],
    ['touched out of order', (claim: Claim) => touchInSteps(claim, 331)],
    ['prefetched', (claim: Claim) => claim.prefetch()],
    ['touched here and there, and prefetched', (claim: Claim) => (touch(claim, 700), claim.prefetch())],
  ] as const) {
    it(`that are disowned and pulled are back in the pool when they have been ${how}`, async () => {
      const before = untouchedHugePages();
      using region = allocate(4 * HUGE, { hugePages: true });
      fillPages(region.view(), 11);
      using claim = claimOwn(region, DISOWNED, { transfer: 'pull', paging: 'userfault' });
      expect(untouchedHugePages()).to.equal(before - 4);
      await pull(claim);
      expect(claim.stats().bytesPulled).to.equal(claim.byteLength);
      expect(untouchedHugePages()).to.equal(before);
      expectPages(claim.view(), 11);
    });
  }

  it('that are disowned and pulled go back to the pool one by one, behind the copy', async () => {
    const before = untouchedHugePages();
    using region = allocate(4 * HUGE, { hugePages: true });
    fillPages(region.view(), 12);
    using claim = claimOwn(region, DISOWNED, { transfer: 'pull', paging: 'userfault' });
    for (const left of [3, 2, 1, 0]) {
      await claim.prefetch({ byteOffset: left * HUGE, byteLength: HUGE });
      expect(untouchedHugePages()).to.equal(before - left);
    }
    expectPages(claim.view(), 12);
  });

  it('whose right to write was dropped are promised to the source, whose writes reach nobody', () => {
    using region = allocate(2 * HUGE, { hugePages: true });
    fillPages(region.view(), 8);
    using claim = claimOwn(region, VMO_GRANT_R | VMO_DROP_W, { transfer: 'pull' });
    using rest = emptyPool();
    expect(rest.pages).to.equal('hugetlb');
    fillPages(region.view(), 9);
    expectPages(region.view(), 9);
    expectPages(claim.view(), 8);
    expect(mappingAt(region.address)?.permissions).to.equal('rw-p');
  });

  for (const [flags, options, what] of [
    [VMO_GRANT_R | VMO_DROP_W, { transfer: 'pull', hugetlb: true }, 'given up for writing'],
    [VMO_GRANT_R, { transfer: 'map', hugetlb: true }, 'claimed to be read'],
  ] as const) {
    it(`cannot be ${what} if the pool has too few pages for private writes, and the offer stands`, () => {
      using region = allocate(2 * HUGE, { hugePages: true });
      fillPages(region.view(), 10);
      const offer = vmOffer(process.pid, region, flags);
      {
        using rest = emptyPool();
        expect(rest.pages).to.equal('hugetlb');
        const { message } = thrownBy(() => vmClaimSync(process.pid, offer.address, options), 'ERR_VMO_NO_MEMORY');
        expect(message).to.match(/huge pages.*vm\.nr_hugepages/);
        expectPages(region.view(), 10);
        region.view()[0] = 77;
      }
      expect(mappingAt(region.address)?.permissions).to.equal('rw-s');
      using claim = vmClaimSync(process.pid, offer.address, options);
      expect(claim.view()[0]).to.equal(77);
    });
  }
});
