import { expect } from 'chai';
import { allocate, VMO_GRANT_R, VMO_GRANT_W, type Claim, type Region } from 'vmoffer';
import { objectBytes } from '../support/objects.js';
import { addressOfPage, claimOwn, touch } from '../support/own-claim.js';
import { expectPages, fillPages, isZeroed, PAGE } from '../support/pages.js';
import { probe, touchOnThread } from '../support/probe.js';
import { Random, runSeed } from '../support/random.js';
import { needs, requires } from '../support/requires.js';
import { presentCount, presentPages, presentRuns, type Run } from '../support/residency.js';

const FIRST = 4;
const PAGES = 2048;

/** The kernel's answer, with which the library must agree. */
function residentRuns(claim: Claim): Run[] {
  const runs = presentRuns(claim.address, claim.byteLength);
  expect([...claim.residency().ranges()]).to.deep.equal(runs);
  return runs;
}

describe('lazy paging by userfault', () => {
  let source: Region;
  let claim: Claim;

  before(function () {
    requires(this, needs.userfault);
  });
  beforeEach(() => {
    source = allocate(PAGES * PAGE);
    fillPages(source.view(), 1);
    claim = claimOwn(source, VMO_GRANT_R, { paging: 'userfault' });
  });

  afterEach(() => {
    claim.release();
    source.release();
  });

  it('installs nothing when the claim is made', () => {
    expect(claim.paging).to.equal('userfault');
    expect(residentRuns(claim)).to.deep.equal([]);
    expect(claim.stats()).to.include({ faults: 0, pagesByFault: 0, pagesByReadAhead: 0, pagesByPrefetch: 0 });
  });

  it('installs one window for one touch', () => {
    touch(claim, 100);
    expect(residentRuns(claim)).to.deep.equal([{ firstPage: 100, pageCount: FIRST }]);
    expect(claim.stats()).to.include({ faults: 1, pagesByFault: FIRST });
  });

  it('raises no second fault in the window', () => {
    for (let page = 100; page < 100 + FIRST; page++) touch(claim, page);
    expect(claim.stats().faults).to.equal(1);
  });

  it('installs longer and longer windows for a sequential reader', () => {
    const sizes: number[] = [];
    for (let page = 0, before = 0; page < 340; page++) {
      touch(claim, page);
      const { pagesByFault } = claim.stats();
      if (pagesByFault > before) sizes.push(pagesByFault - before);
      before = pagesByFault;
    }
    expect(sizes).to.deep.equal([4, 16, 64, 256]);
    expect(claim.stats().faults).to.equal(4);
    expect(presentPages(claim.address, 340 * PAGE)).not.to.include(false);
  });

  it('delivers every byte, in order or not', () => {
    const random = new Random(runSeed);
    for (let times = 0; times < 300; times++) {
      const page = random.below(PAGES);
      expectPages(claim.view(page * PAGE, PAGE), 1, page);
    }
    expectPages(claim.view(), 1);
  });

  it(`agrees with the kernel's counts, whatever is touched (seed ${runSeed})`, () => {
    const random = new Random(runSeed);
    for (let times = 0; times < 100; times++) touch(claim, random.below(PAGES));
    const { faults, pagesByFault, pagesByReadAhead, faultLatency } = claim.stats();
    expect(pagesByFault + pagesByReadAhead).to.equal(presentCount(claim.address, claim.byteLength));
    expect(claim.residency().residentPages).to.equal(pagesByFault + pagesByReadAhead);
    expect(faults).to.be.within(1, 100);
    expect(faultLatency.p50).to.be.greaterThan(0);
    expect(faultLatency.p50).to.be.at.most(faultLatency.p90);
    expect(faultLatency.p99).to.be.at.most(faultLatency.max);
  });

  it('answers threads that fault at once', async function () {
    requires(this, needs.probe);
    const pages = Array.from({ length: 64 }, (_, index) => (index * 37) % PAGES);
    const values = await Promise.all(pages.map((page) => touchOnThread(addressOfPage(claim, page))));
    const expected = pages.map((page) => source.view(page * PAGE, 1)[0]);
    expect(values).to.deep.equal(expected);
    expectPages(claim.view(), 1);
  });

  it('answers threads that fault on the same page at once', async function () {
    requires(this, needs.probe);
    const address = addressOfPage(claim, 7) + 1n;
    const values = await Promise.all(Array.from({ length: 32 }, () => touchOnThread(address)));
    expect(new Set(values)).to.deep.equal(new Set([source.view(7 * PAGE + 1, 1)[0]]));
    expect(presentCount(claim.address, claim.byteLength)).to.equal(FIRST);
  });

  it('brings a page back that was taken out of the page table', function () {
    requires(this, needs.probe);
    touch(claim, 100);
    expect(probe().forgetPages(claim.address, claim.byteLength)).to.be.true;
    expect(residentRuns(claim)).to.deep.equal([]);
    expectPages(claim.view(100 * PAGE, PAGE), 1, 100);
    expect(claim.stats().faults).to.equal(2);
  });

  it('brings the pages around it back, too', async function () {
    requires(this, needs.probe);
    await claim.prefetch({ byteLength: 852 * PAGE });
    expect(probe().forgetPages(claim.address, claim.byteLength)).to.be.true;
    const { faults } = claim.stats();
    expectPages(claim.view(0, 852 * PAGE), 1);
    expect(claim.stats().faults - faults).to.be.at.most(852 / 4);
  });
});

describe('lazy paging of memory with holes', () => {
  let source: Region;

  before(function () {
    requires(this, needs.userfault);
  });
  beforeEach(() => {
    source = allocate(PAGES * PAGE);
  });

  afterEach(() => {
    source.release();
  });

  for (const flags of [VMO_GRANT_R, VMO_GRANT_R | VMO_GRANT_W]) {
    it(`makes only the touched page for touches that are far apart (flags ${flags})`, () => {
      using claim = claimOwn(source, flags, { paging: 'userfault' });
      const touched = [1000, 40, 500, 1900];
      for (const page of touched) expect(isZeroed(claim.view(page * PAGE, PAGE))).to.be.true;
      expect(objectBytes(source)).to.equal(touched.length * PAGE);
      const present = presentPages(claim.address, claim.byteLength);
      expect(present.flatMap((isPresent, page) => (isPresent ? [page] : []))).to.deep.equal(
        touched.sort((a, b) => a - b),
      );
    });
  }

  it('shows the existing pages and fills only the hole that was touched', () => {
    source.view(3 * PAGE, 1)[0] = 7;
    source.view(12 * PAGE, 1)[0] = 9;
    using claim = claimOwn(source, VMO_GRANT_R, { paging: 'userfault' });
    expect(touch(claim, 5)).to.equal(0);
    expect([touch(claim, 3), touch(claim, 12)]).to.deep.equal([7, 9]);
    expect(objectBytes(source)).to.equal(3 * PAGE);
  });

  it('shows bytes that the source writes into a hole later', () => {
    using claim = claimOwn(source, VMO_GRANT_R, { paging: 'userfault' });
    expect(touch(claim, 20)).to.equal(0);
    source.view(20 * PAGE, 1)[0] = 5;
    source.view(21 * PAGE, 1)[0] = 6;
    expect([touch(claim, 20), touch(claim, 21)]).to.deep.equal([5, 6]);
  });

  it('reads zeros where the source has punched pages out', function () {
    requires(this, needs.probe);
    fillPages(source.view(), 2);
    using claim = claimOwn(source, VMO_GRANT_R, { paging: 'userfault' });
    expectPages(claim.view(0, 64 * PAGE), 2);
    expect(probe().punchPages(addressOfPage(source, 8), 8 * PAGE)).to.be.true;
    expect(isZeroed(claim.view(8 * PAGE, 8 * PAGE))).to.be.true;
    expectPages(claim.view(16 * PAGE), 2, 16);
  });

  it('takes memory only for the pages that a sequential reader of an empty gigabyte touches', () => {
    using large = allocate(2 ** 30);
    using claim = claimOwn(large, VMO_GRANT_R, { paging: 'userfault' });
    for (let page = 0; page < 2 ** 18; page += 4096) expect(touch(claim, page)).to.equal(0);
    expect(objectBytes(large)).to.equal(64 * PAGE);
  });
});
