import { expect } from 'chai';
import { allocate, VMO_GRANT_R, VMO_GRANT_W } from 'vmoffer';
import { claimOwn, touch } from '../support/own-claim.js';
import { fillPages, PAGE } from '../support/pages.js';
import { needs } from '../support/requires.js';
import { presentCount } from '../support/residency.js';

const PAGES = 512;

describe('the choice of paging', () => {
  it("'auto' is 'userfault' with full rights to it, and 'kernel' without", () => {
    using source = allocate(PAGES * PAGE);
    using claim = claimOwn(source);
    expect(claim.paging).to.equal(needs.fullUserfault.isMet() ? 'userfault' : 'kernel');
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
