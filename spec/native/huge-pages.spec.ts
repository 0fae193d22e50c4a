import { expect } from 'chai';
import { allocate, VMO_GRANT_R, VMO_GRANT_W } from 'vmoffer';
import { mappedBytes } from '../support/mappings.js';
import { claimOwn } from '../support/own-claim.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { needs, requires } from '../support/requires.js';

const HUGE = 2 ** 21;

describe('huge pages', () => {
  it('are not used unless they are asked for', () => {
    using region = allocate(2 * HUGE);
    expect(region.pages).to.equal('ordinary');
    expect(mappedBytes(region.address, 'KernelPageSize')).to.equal(PAGE);
  });

  it('are not used for less than one of them', () => {
    using region = allocate(HUGE - PAGE, { hugePages: true });
    expect(region.pages).to.equal('ordinary');
  });

  it('begin where huge pages begin, and so does every region that is large enough', () => {
    for (const byteLength of [HUGE, HUGE + PAGE, 5 * HUGE]) {
      for (const hugePages of [false, true]) {
        using region = allocate(byteLength, { hugePages });
        expect(region.address % BigInt(HUGE), `${byteLength}`).to.equal(0n);
        using claim = claimOwn(region);
        expect(claim.address % BigInt(HUGE), `claim of ${byteLength}`).to.equal(0n);
      }
    }
  });

  it('come from the pool where it has some, and the region says so', function () {
    requires(this, needs.reservedHugePages);
    using region = allocate(HUGE, { hugePages: true });
    expect(region.pages).to.equal('hugetlb');
    expect(mappedBytes(region.address, 'KernelPageSize')).to.equal(HUGE);
  });

  it('are what the kernel says when they are transparent ones, and ordinary pages when there are none', () => {
    using region = allocate(2 * HUGE, { hugePages: true });
    region.view().fill(1);
    if (region.pages === 'hugetlb') return;
    const isHuge = mappedBytes(region.address, 'ShmemPmdMapped') > 0;
    expect(region.pages).to.equal(isHuge ? 'transparent-huge' : 'ordinary');
  });

  for (const flags of [VMO_GRANT_R, VMO_GRANT_W]) {
    it(`can be offered and claimed, whatever kind they are (flags ${flags})`, () => {
      using region = allocate(2 * HUGE, { hugePages: true });
      fillPages(region.view(), 4);
      using claim = claimOwn(region, flags);
      expectPages(claim.view(), 4);
      fillPages(region.view(), 5);
      expectPages(claim.view(), 5);
    });
  }

  it('can be claimed when the source has touched none of them', () => {
    using region = allocate(2 * HUGE, { hugePages: true });
    using claim = claimOwn(region, VMO_GRANT_W);
    claim.view()[HUGE] = 3;
    expect(region.view()[HUGE]).to.equal(3);
  });
});
