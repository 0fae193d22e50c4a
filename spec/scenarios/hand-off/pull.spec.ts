import { expect } from 'chai';
import { constants } from 'node:os';
import { allocate, VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W, vmClaimSync, vmOffer, type Claim, type Region } from 'vmoffer';
import { until } from '../../support/barriers.js';
import { heldBytes, untilHeld } from '../../support/holders.js';
import { mappedBytes } from '../../support/mappings.js';
import { startObedient } from '../../support/obedient.js';
import { addressOfPage, claimOwn, touch } from '../../support/own-claim.js';
import { differenceFromPages, expectPages, fillPages, isZeroed, PAGE } from '../../support/pages.js';
import { parked, probe, touchOnThread } from '../../support/probe.js';
import { needs, requires } from '../../support/requires.js';
import { describeForUsers } from '../../support/users.js';
import { rejectionOf } from '../../support/vmo-error.js';

const SEED = 351;
const HUGE = 2 ** 21;
const HUGE_PAGES = HUGE / PAGE;
/** Three huge pages, and a tail that is shorter than one. */
const PAGES = 3 * HUGE_PAGES + 100;
const DISOWNED = VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN;

const WAYS = [
  { name: 'shared', flags: VMO_GRANT_R, isDisowned: false },
  { name: 'disowned', flags: DISOWNED, isDisowned: true },
];

const filledAside = [needs.movingPages, needs.privateHugePages];

function pullOwn(region: Region, flags: number): Claim {
  return claimOwn(region, flags, { transfer: 'pull', paging: 'userfault' });
}

function filledRegion(pageCount = PAGES): Region {
  const region = allocate(pageCount * PAGE);
  fillPages(region.view(), SEED);
  return region;
}

for (const { name, flags, isDisowned } of WAYS) {
  describe(`${name} memory that is pulled`, () => {
    before(function () {
      requires(this, needs.probe, needs.userfault);
    });
    afterEach(() => {
      probe().unpark('prefetch.filled');
      probe().unpark('pull.copying');
      probe().deny('UFFDIO_MOVE', false);
    });

    /** Checks every byte, and that each counts once, in the right place. */
    async function expectPulled(claim: Claim, before: number): Promise<void> {
      expectPages(claim.view(), SEED);
      expect(claim.stats().bytesPulled).to.equal(claim.byteLength);
      if (isDisowned) await untilHeld([process.pid], before);
    }

    it('in bulk arrives in huge pages where they fit, and in ordinary pages at its end', async function () {
      requires(this, ...filledAside);
      const before = heldBytes([process.pid]);
      using region = filledRegion();
      using claim = pullOwn(region, flags);
      await claim.prefetch();
      expect(mappedBytes(claim.address, 'AnonHugePages')).to.equal(3 * HUGE);
      expect(claim.stats()).to.include({ faults: 0, pagesByPrefetch: PAGES });
      await expectPulled(claim, before);
    });

    it('in bulk is copied if the kernel has no UFFDIO_MOVE', async () => {
      probe().deny('UFFDIO_MOVE', true);
      const before = heldBytes([process.pid]);
      using region = filledRegion();
      using claim = pullOwn(region, flags);
      await claim.prefetch();
      expect(mappedBytes(claim.address, 'AnonHugePages')).to.equal(0);
      expect(claim.stats()).to.include({ faults: 0, pagesByPrefetch: PAGES });
      await expectPulled(claim, before);
    });

    it('in bulk from the middle of a huge page on uses huge pages from the next one on', async function () {
      requires(this, ...filledAside);
      using region = filledRegion();
      using claim = pullOwn(region, flags);
      await claim.prefetch({ byteOffset: 100 * PAGE });
      expect(mappedBytes(claim.address, 'AnonHugePages')).to.equal(2 * HUGE);
      expectPages(claim.view(), SEED);
    });

    it('arrives by touches alone, from its start to its end', async () => {
      const before = heldBytes([process.pid]);
      using region = filledRegion();
      using claim = pullOwn(region, flags);
      await expectPulled(claim, before);
      expect(claim.stats()).to.include({ pagesByPrefetch: 0 });
    });

    it('takes no memory where the object has holes', async () => {
      using region = allocate(PAGES * PAGE);
      const data = [
        [7, 2],
        [HUGE_PAGES - 1, 1],
        [HUGE_PAGES + 3, 200],
        [PAGES - 1, 1],
      ] as const;
      for (const [first, count] of data) fillPages(region.view(first * PAGE, count * PAGE), SEED, first);
      using claim = pullOwn(region, flags);
      await claim.prefetch();
      const dataBytes = data.reduce((sum, [, count]) => sum + count * PAGE, 0);
      expect(claim.stats().bytesPulled).to.equal(dataBytes);
      expect(mappedBytes(claim.address, 'Anonymous')).to.equal(dataBytes);
      for (const [first, count] of data) expectPages(claim.view(first * PAGE, count * PAGE), SEED, first);
      expect(isZeroed(claim.view(9 * PAGE, (HUGE_PAGES - 10) * PAGE))).to.be.true;
      expect(mappedBytes(claim.address, 'Anonymous')).to.equal(dataBytes);
    });

    for (const hasMove of [true, false]) {
      describe(`in bulk ${hasMove ? 'by UFFDIO_MOVE' : 'with UFFDIO_MOVE refused'}, while a huge page is filled aside,`, () => {
        let region: Region;
        let claim: Claim;
        let pulled: Promise<void>;
        before(function () {
          requires(this, ...filledAside);
        });
        beforeEach(async () => {
          region = filledRegion();
          claim = pullOwn(region, flags);
          probe().park('prefetch.filled');
          // Only one step: if there were several, any of them could be the one that is parked.
          pulled = claim.prefetch({ byteLength: HUGE });
          await parked('prefetch.filled');
          probe().deny('UFFDIO_MOVE', !hasMove);
        });
        afterEach(() => {
          claim.release();
          region.release();
        });

        it('answers a touch in the middle of it', async () => {
          const [byte] = region.disowned ? [undefined] : region.view(300 * PAGE, 1);
          const touched = await touchOnThread(addressOfPage(claim, 300));
          if (byte !== undefined) expect(touched).to.equal(byte);
          expect(claim.stats().faults).to.equal(1);
          expect(claim.stats().pagesByPrefetch).to.equal(0);
          probe().unpark('prefetch.filled');
          await pulled;
          await claim.prefetch();
          expectPages(claim.view(), SEED);
          expect(claim.stats().pagesByFault + claim.stats().pagesByPrefetch).to.equal(PAGES);
          expect(claim.stats().bytesPulled).to.equal(claim.byteLength);
        });

        it('leaves pages that were touched meanwhile as they are: written here, and removed from the object', async () => {
          for (const page of [0, 255, HUGE_PAGES - 1]) {
            touch(claim, page);
            claim.view(page * PAGE, PAGE).fill(0xee);
          }
          probe().unpark('prefetch.filled');
          await pulled;
          for (const page of [0, 255, HUGE_PAGES - 1]) {
            expect(claim.view(page * PAGE, PAGE).every((byte) => byte === 0xee)).to.be.true;
            claim.view(page * PAGE, PAGE).set(tagged(page));
          }
          expectPages(claim.view(), SEED);
        });

        it('gives pages back only when those that another thread is copying have arrived', async () => {
          probe().park('pull.copying');
          const touched = touchOnThread(addressOfPage(claim, 300));
          await parked('pull.copying');
          probe().unpark('prefetch.filled');
          await until('the others are there', () => claim.residency().residentPages >= (hasMove ? HUGE_PAGES - 4 : 0));
          probe().unpark('pull.copying');
          expect(await touched).to.equal(tagged(300)[0]);
          await pulled;
          expectPages(claim.view(), SEED);
        });

        it('may be released: nothing is installed at its addresses afterwards', async () => {
          const { address } = claim;
          const view = claim.view();
          claim.release();
          probe().unpark('prefetch.filled');
          await rejectionOf(pulled, 'ERR_VMO_INVALID_ARGUMENT');
          expect(view.byteLength).to.equal(0);
          expect(await touchOnThread(address + BigInt(300 * PAGE))).to.equal(0);
        });

        it('may be completed by another thread, which offers it onward', async () => {
          const offer = vmOffer(process.pid, claim, VMO_GRANT_R);
          using onward = vmClaimSync(process.pid, offer.address);
          probe().unpark('prefetch.filled');
          await pulled;
          expectPages(onward.view(), SEED);
          expectPages(claim.view(), SEED);
        });
      });
    }

    it('is ended by SIGSEGV, and not answered with zeros, in a child that was forked without exec', async () => {
      using region = filledRegion();
      using claim = pullOwn(region, flags);
      await claim.prefetch({ byteLength: HUGE });
      for (const page of [0, PAGES - 1]) {
        expect(probe().touchInChild(addressOfPage(claim, page))).to.deep.equal({ signal: constants.signals.SIGSEGV });
      }
      expectPages(claim.view(), SEED);
    });
  });
}

function tagged(page: number): Uint8Array {
  const bytes = new Uint8Array(PAGE);
  fillPages(bytes, SEED, page);
  return bytes;
}

describe('memory that is mapped', () => {
  it('is absent in a child that was forked without exec, while allocated memory is there', function () {
    requires(this, needs.probe, needs.userfault);
    using region = filledRegion(64);
    for (const flags of [VMO_GRANT_R, VMO_GRANT_R | VMO_GRANT_W]) {
      using claim = claimOwn(region, flags, { paging: 'userfault' });
      touch(claim, 1);
      for (const page of [1, 40]) {
        const signal = constants.signals.SIGSEGV;
        expect(probe().touchInChild(addressOfPage(claim, page) + 9n)).to.deep.equal({ signal });
        expect(probe().touchInChild(addressOfPage(region, page) + 9n)).to.deep.equal({
          value: region.view(page * PAGE + 9, 1)[0],
        });
      }
    }
  });
});

describe('memory that its source keeps changing while it is pulled', () => {
  before(function () {
    requires(this, needs.probe, needs.userfault);
  });
  afterEach(() => {
    probe().unpark('prefetch.filled');
  });

  it('has each page as it was at some moment, and does not change any more', async function () {
    requires(this, ...filledAside);
    using region = filledRegion();
    using claim = pullOwn(region, VMO_GRANT_R);
    probe().park('prefetch.filled');
    const pulled = claim.prefetch({ byteLength: HUGE });
    await parked('prefetch.filled');
    fillPages(region.view(), SEED + 1);
    touch(claim, 5); // brings pages 5 to 8 in their newer state
    probe().unpark('prefetch.filled');
    await pulled;
    await claim.prefetch();
    fillPages(region.view(), SEED + 2);
    expectPages(claim.view(0, 5 * PAGE), SEED);
    expectPages(claim.view(5 * PAGE, 4 * PAGE), SEED + 1, 5);
    expectPages(claim.view(9 * PAGE, HUGE - 9 * PAGE), SEED, 9);
    expectPages(claim.view(HUGE), SEED + 1, HUGE_PAGES);
  });
});

describe('32 MiB that are disowned and pulled', () => {
  it('take the memory of one buffer in both processes together at each step, and one huge page in transit', async function () {
    requires(this, needs.probe, needs.userfault, ...filledAside);
    const bytes = 16 * HUGE;
    const before = heldBytes([process.pid]);
    using region = filledRegion(bytes / PAGE);
    using claim = pullOwn(region, DISOWNED);
    const sum = () => heldBytes([process.pid]) - before + mappedBytes(claim.address, 'Anonymous');
    for (let byteOffset = 0; byteOffset < bytes; byteOffset += HUGE) {
      probe().park('prefetch.filled');
      const pulled = claim.prefetch({ byteOffset, byteLength: HUGE });
      await parked('prefetch.filled');
      expect(sum()).to.equal(bytes); // includes the page that is filled aside
      probe().unpark('prefetch.filled');
      await pulled;
      await until('the pages that were copied are given back', () => sum() === bytes);
    }
    await untilHeld([process.pid], before);
    expectPages(claim.view(), SEED);
  });
});

describeForUsers('a claim by pull of another process’s memory', (user) => {
  for (const { name, flags } of WAYS) {
    it(`has every byte, ${name}, with the paging that this user may use`, async () => {
      await using claimer = await startObedient({ user });
      using region = filledRegion();
      const offer = vmOffer(claimer.pid, region, flags);
      const claim = await claimer.call('claim', process.pid, offer.address, { transfer: 'pull' });
      expect(claim.paging).to.be.oneOf(['userfault', 'eager']);
      expect(await claimer.call('difference', claim.region, SEED)).to.be.undefined;
      await claimer.call('prefetch', claim.region);
      expect(await claimer.call('difference', claim.region, SEED)).to.be.undefined;
      if (flags === VMO_GRANT_R) expect(differenceFromPages(region.view(), SEED)).to.be.undefined;
    });

    it(`may be paged by userfault if that is asked for by name, ${name}`, async function () {
      requires(this, needs.userfault);
      await using claimer = await startObedient({ user });
      using region = filledRegion();
      const offer = vmOffer(claimer.pid, region, flags);
      const claim = await claimer.call('claim', process.pid, offer.address, { transfer: 'pull', paging: 'userfault' });
      await claimer.call('read', claim.region, 700 * PAGE);
      await claimer.call('prefetch', claim.region);
      expect(await claimer.call('difference', claim.region, SEED)).to.be.undefined;
      expect(await claimer.call('stats', claim.region)).to.include({ faults: 1, bytesPulled: PAGES * PAGE });
    });
  }
});
