import { expect } from 'chai';
import { allocate, VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W, vmOffer, vmClaimSync, type Claim, type Region } from 'vmoffer';
import { until } from '../support/barriers.js';
import { objectBytes } from '../support/objects.js';
import { addressOfPage, claimOwn, touch } from '../support/own-claim.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { parked, probe, touchOnThread } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';
import { presentCount } from '../support/residency.js';

const PAGES = 65_536;
/** Pages far apart, at varying distances. */
const FAR = [40_000, 7, 25_001, 60_003, 13_337, 51_234];

describe('a claim whose touches are far apart', () => {
  let source: Region;

  before(function () {
    requires(this, needs.fullUserfault);
    source = allocate(PAGES * PAGE);
    fillPages(source.view(), 1);
  });

  after(() => {
    (source as Region | undefined)?.release(); // none if the specs are skipped
  });

  function touchFar(claim: Claim): void {
    for (const page of FAR) touch(claim, page);
  }

  it('is left to the kernel after a handful, and says so', () => {
    using claim = claimOwn(source);
    expect(claim.paging).to.equal('userfault');
    touchFar(claim);
    expect(claim.paging).to.equal('kernel');
    expect(claim.stats()).to.include({ faults: 4, pagesByFault: 16, timesLeftToKernel: 1 });
    expect(claim.residency().residentPages).to.be.greaterThan(16);
  });

  it('says so at once where it is left because a page could not be installed', async function () {
    requires(this, needs.probe);
    using touched = claimOwn(source);
    using prefetched = claimOwn(source);
    probe().deny('UFFDIO_CONTINUE', true);
    try {
      expect(touch(touched, 5)).to.equal(touch(prefetched, 5));
      expect(touched.paging).to.equal('kernel');
      expect(touched.stats().timesLeftToKernel).to.equal(1);
      await prefetched.prefetch({ byteLength: 512 * PAGE });
      expect(presentCount(prefetched.address, 512 * PAGE)).to.equal(512);
    } finally {
      probe().deny('UFFDIO_CONTINUE', false);
    }
  });

  it('is not called left where it has been released or handed on', () => {
    const region = allocate(PAGES * PAGE);
    const first = claimOwn(region, VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN);
    touch(first, 5);
    using second = claimOwn(first, VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN);
    expect(first.paging).to.equal('userfault');
    expect(second.stats().timesLeftToKernel).to.equal(0);
    region.release();
  });

  it('has every byte from then on, in order or not', () => {
    using claim = claimOwn(source);
    touchFar(claim);
    for (const page of [1, 65_535, 30_000]) expectPages(claim.view(page * PAGE, PAGE), 1, page);
    expectPages(claim.view(0, 1024 * PAGE), 1);
    expect(claim.stats().faults).to.equal(4);
  });

  it('is left sooner if it is written, and the writes reach the source', () => {
    using region = allocate(PAGES * PAGE);
    using claim = claimOwn(region, VMO_GRANT_R | VMO_GRANT_W);
    for (const page of FAR) claim.view(page * PAGE, 1).fill(7);
    expect(claim.paging).to.equal('kernel');
    expect(claim.stats().faults).to.equal(3);
    for (const page of FAR) expect(region.view(page * PAGE, 1)[0]).to.equal(7);
  });

  it('can still be prefetched', async () => {
    using claim = claimOwn(source);
    touchFar(claim);
    await claim.prefetch({ byteOffset: 2048 * PAGE, byteLength: 512 * PAGE });
    expect(presentCount(claim.address + BigInt(2048 * PAGE), 512 * PAGE)).to.equal(512);
  });

  it('has every page of a prefetch during which it was left', async function () {
    requires(this, needs.probe);
    using claim = claimOwn(source);
    probe().park('prefetch.step');
    // Only one step: if there were several, any of them could be the one that is parked.
    const prefetched = claim.prefetch({ byteLength: 512 * PAGE });
    await parked('prefetch.step');
    touchFar(claim);
    expect(claim.paging).to.equal('kernel');
    probe().unpark('prefetch.step');
    await prefetched;
    expect(presentCount(claim.address, 512 * PAGE)).to.equal(512);
  });

  it('has every page of a run that was about to be left to the kernel as well', async function () {
    requires(this, needs.probe, needs.severalCores);
    using claim = claimOwn(source);
    probe().park('pager.opening');
    const arrived = parked('pager.opening').then(() => 'parked');
    let latest: number | string = 0;
    for (let page = 0; latest !== 'parked' && page < PAGES / 2; page++) {
      latest = await Promise.race([touchOnThread(addressOfPage(claim, page)), arrived]);
    }
    expect(latest).to.equal('parked');
    probe().deny('UFFDIO_CONTINUE', true);
    try {
      await claim.prefetch({ byteOffset: (PAGES - 512) * PAGE });
    } finally {
      probe().deny('UFFDIO_CONTINUE', false);
    }
    expect(claim.paging).to.equal('kernel');
    probe().unpark('pager.opening');
    expectPages(claim.view(), 1);
  });

  it('stays with the pager if pages are brought back around those that are on their way', async function () {
    requires(this, needs.probe);
    using claim = claimOwn(source, VMO_GRANT_R, { paging: 'userfault' });
    // The next touch in order gets 256 pages, which are as many as are opened to the kernel.
    for (const page of [0, 4, 20]) touch(claim, page);
    await claim.prefetch({ byteOffset: 84 * PAGE, byteLength: PAGE });
    expect(probe().forgetPages(addressOfPage(claim, 84), PAGE)).to.be.true;
    probe().park('pager.installing');
    const prefetched = claim.prefetch({ byteOffset: 85 * PAGE, byteLength: 400 * PAGE });
    await parked('pager.installing');
    expect(await touchOnThread(addressOfPage(claim, 84))).to.equal(source.view(84 * PAGE, 1)[0]);
    probe().unpark('pager.installing');
    await prefetched;
    expect(claim.stats().timesLeftToKernel).to.equal(0);
    expect(presentCount(claim.address, 485 * PAGE)).to.equal(485);
  });

  describe('and has become dense since', () => {
    /** Is looked at by itself. */
    const PART = PAGES / 16;

    before(function () {
      requires(this, needs.severalCores);
    });

    function isWholePresent(claim: Claim, first: number, count: number): boolean {
      return presentCount(claim.address + BigInt(first * PAGE), count * PAGE) === count;
    }

    it('gets the rest of what is read', async () => {
      using claim = claimOwn(source);
      touchFar(claim);
      for (let page = 0; page < PART / 2; page += 16) touch(claim, page);
      await until('the rest is there', () => isWholePresent(claim, 0, PART));
      // It may have become dense when a fourth of it was there.
      expect(claim.stats().pagesByReadAhead).to.be.within(1, (PART * 3) / 4);
      expect(isWholePresent(claim, PART, PART)).to.be.false;
      expectPages(claim.view(0, PART * PAGE), 1);
    });

    it('gets the rest of what is written, writable and as it was', async () => {
      using region = allocate(PAGES * PAGE);
      fillPages(region.view(), 4);
      using claim = claimOwn(region, VMO_GRANT_R | VMO_GRANT_W);
      touchFar(claim);
      for (let page = 0; page < PART; page += 8) fillPages(claim.view(page * PAGE, PAGE), 4, page);
      await until('the rest is there', () => isWholePresent(claim, 0, PART));
      expectPages(claim.view(0, PART * PAGE), 4);
      fillPages(claim.view(0, PART * PAGE), 6);
      expectPages(region.view(0, PART * PAGE), 6);
    });

    it('gets no page where the object has a hole', async () => {
      using region = allocate(PAGES * PAGE);
      const half = PART / 2;
      fillPages(region.view(half * PAGE, half * PAGE), 4, half);
      using claim = claimOwn(region, VMO_GRANT_R | VMO_GRANT_W);
      touchFar(claim);
      const before = objectBytes(region);
      for (let page = half; page < PART; page += 4) claim.view(page * PAGE, 1).fill(1);
      // It begins with the first half.
      await until('the second half is there', () => isWholePresent(claim, half, half));
      expect(objectBytes(region)).to.equal(before);
    });

    it('is left alone once it has been released', () => {
      for (let times = 0; times < 50; times++) {
        const claim = claimOwn(source);
        touchFar(claim);
        for (let page = 0; page < PAGES; page += 16) touch(claim, page);
        claim.release();
      }
    });
  });

  it('can be offered onward, handed off and released', () => {
    const region = allocate(PAGES * PAGE);
    fillPages(region.view(), 3);
    const all = VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN;
    const first = claimOwn(region, all);
    touchFar(first);
    expect(first.paging).to.equal('kernel');
    using second = claimOwn(first, all);
    expectPages(second.view(12_345 * PAGE, PAGE), 3, 12_345);
    second.release();
    first.release();
    region.release();
  });

  it('stays with the pager if that was asked for by name', () => {
    using claim = claimOwn(source, VMO_GRANT_R, { paging: 'userfault' });
    touchFar(claim);
    expect(claim.paging).to.equal('userfault');
    expect(claim.stats().faults).to.equal(FAR.length);
  });

  it('stays with the pager if it is pulled: the kernel would show zeros', () => {
    const offer = vmOffer(process.pid, source, VMO_GRANT_R);
    using claim = vmClaimSync(process.pid, offer.address, { transfer: 'pull' });
    touchFar(claim);
    expect(claim.paging).to.equal('userfault');
    for (const page of FAR) expectPages(claim.view(page * PAGE, PAGE), 1, page);
  });

  it('stays with the pager if it is read in order', () => {
    using claim = claimOwn(source);
    for (const page of [0, PAGES - 1]) touch(claim, page);
    for (let page = 0; page < 8192; page++) touch(claim, page);
    expect(claim.paging).to.equal('userfault');
  });

  it('reads zeros where the object has a hole', function () {
    requires(this, needs.probe);
    using region = allocate(PAGES * PAGE);
    fillPages(region.view(0, PAGES * PAGE), 5);
    using claim = claimOwn(region);
    touchFar(claim);
    expect(probe().punchPages(region.address + BigInt(100 * PAGE), PAGE)).to.be.true;
    expect(touch(claim, 100)).to.equal(0);
    expectPages(claim.view(101 * PAGE, PAGE), 5, 101);
  });
});
