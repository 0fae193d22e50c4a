import { expect } from 'chai';
import { allocate, VMO_GRANT_R, VMO_GRANT_W } from 'vmoffer';
import { claimOwn, touch } from '../support/own-claim.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { needs, requires } from '../support/requires.js';
import { presentCount } from '../support/residency.js';

const PAGES = 512;

describe('the choice of paging', () => {
  it("'auto' is 'userfault' with full rights to it, and 'kernel' without", () => {
    using source = allocate(PAGES * PAGE);
    using claim = claimOwn(source);
    expect(claim.paging).to.equal(needs.fullUserfault.isMet() ? 'userfault' : 'kernel');
  });

  it("'auto' is 'kernel' for a claim of as few pages as one of the kernel's faults brings", () => {
    for (const [pages, paging] of [
      [1, 'kernel'],
      [16, 'kernel'],
      [17, needs.fullUserfault.isMet() ? 'userfault' : 'kernel'],
    ] as const) {
      using source = allocate(pages * PAGE);
      fillPages(source.view(), 1);
      using claim = claimOwn(source);
      expect(claim.paging, `${pages} pages`).to.equal(paging);
      expectPages(claim.view(), 1);
    }
  });

  it("'userfault', asked for by name, is so for one page, too", function () {
    requires(this, needs.userfault);
    using source = allocate(PAGE);
    using claim = claimOwn(source, VMO_GRANT_R, { paging: 'userfault' });
    expect(claim.paging).to.equal('userfault');
    touch(claim, 0);
    expect(claim.stats()).to.include({ faults: 1, pagesByFault: 1 });
  });

  for (const flags of [VMO_GRANT_R, VMO_GRANT_W]) {
    it(`'kernel' is lazy, too, and causes no fault for the pager (flags ${flags})`, () => {
      using source = allocate(PAGES * PAGE);
      fillPages(source.view(), 1);
      using claim = claimOwn(source, flags, { paging: 'kernel' });
      expect(claim.paging).to.equal('kernel');
      expect(presentCount(claim.address, claim.byteLength)).to.equal(0);
      touch(claim, 100);
      expect(presentCount(claim.address, claim.byteLength)).to.be.within(1, PAGES - 1);
      expect(claim.stats()).to.include({ faults: 0, pagesByFault: 0 });
    });

    it(`'eager' has every page before any is touched (flags ${flags})`, () => {
      using source = allocate(PAGES * PAGE);
      fillPages(source.view(), 1);
      using claim = claimOwn(source, flags, { paging: 'eager' });
      expect(claim.paging).to.equal('eager');
      expect(presentCount(claim.address, claim.byteLength)).to.equal(PAGES);
      expect(claim.residency().residentPages).to.equal(PAGES);
    });
  }
});
