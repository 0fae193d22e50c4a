import { expect } from 'chai';
import { allocate, vmClaim, vmOffer, VMO_DISOWN, VMO_DROP_W, VMO_GRANT_R, VMO_GRANT_W, type Region } from 'vmoffer';
import { startObedient, type Obedient } from '../support/obedient.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { withoutSystemCalls } from '../support/wrappers.js';

const SEED = 171;
const PAGES = 600;
const RW = VMO_GRANT_R | VMO_GRANT_W;

/** The optional features that Linux 5.3 lacks. */
const LACKING = withoutSystemCalls(
  'userfaultfd:EPERM', // without privileges; user mode alone, 5.11
  'ioctl:ENOTTY:1:0xaa00', // USERFAULTFD_IOC_NEW on /dev/userfaultfd, 6.1
  'memfd_create:EINVAL:1:&8', // MFD_NOEXEC_SEAL, 6.3
  'madvise:EINVAL:2:22', // MADV_POPULATE_READ, 5.14
  'madvise:EINVAL:2:23', // MADV_POPULATE_WRITE, 5.14
  'madvise:EINVAL:2:25', // MADV_COLLAPSE, 6.1
  'getsockopt:ENOPROTOOPT:2:77', // SO_PEERPIDFD, 6.5
  'cachestat:ENOSYS', // 6.5
);

describe('a process that cannot bring pages in ahead', () => {
  for (const command of ['claim', 'claimSync'] as const) {
    it(`gets the memory all the same if it asks for 'eager' (${command})`, async () => {
      await using child = await startObedient({
        wrapper: withoutSystemCalls('madvise:ENOMEM:2:22', 'madvise:ENOMEM:2:23'),
      });
      using region = allocate(PAGES * PAGE);
      fillPages(region.view(), SEED);
      const offer = vmOffer(child.pid, region, RW | VMO_DISOWN);
      const claim = await child.call(command, process.pid, offer.address, { paging: 'eager' });
      expect(await child.call('difference', claim.region, SEED)).to.be.undefined;
      expect(await offer.claimed).to.equal('claimed');
    });
  }
});

describe('a process on an old kernel', () => {
  let child: Obedient;
  let own: Region;
  before(async () => {
    child = await startObedient({ wrapper: LACKING });
  });
  after(() => child[Symbol.asyncDispose]());
  beforeEach(() => {
    own = allocate(PAGES * PAGE);
    fillPages(own.view(), SEED);
  });
  afterEach(() => {
    own.release();
  });

  for (const flags of [VMO_GRANT_R, RW, RW | VMO_DISOWN]) {
    for (const options of [{}, { paging: 'eager' }, { transfer: 'pull' }] as const) {
      it(`claims with ${JSON.stringify(options)} (flags ${flags})`, async () => {
        const offer = vmOffer(child.pid, own, flags);
        const claim = await child.call('claim', process.pid, offer.address, options);
        if (claim.paging === 'eager') expect(await child.call('residentPages', claim.region)).to.equal(PAGES);
        expect(await child.call('difference', claim.region, SEED)).to.be.undefined;
      });
    }

    it(`prefetches (flags ${flags})`, async () => {
      const claim = await child.call('claim', process.pid, vmOffer(child.pid, own, flags).address);
      await child.call('prefetch', claim.region);
      expect(await child.call('residentPages', claim.region)).to.equal(PAGES);
      expect(await child.call('difference', claim.region, SEED)).to.be.undefined;
    });
  }

  it('prefetches untouched pages, and changes no bytes that are written meanwhile', async () => {
    using untouched = allocate(PAGES * PAGE);
    const claim = await child.call('claim', process.pid, vmOffer(child.pid, untouched, RW).address);
    const prefetched = child.call('prefetch', claim.region);
    fillPages(untouched.view(), SEED);
    await prefetched;
    expectPages(untouched.view(), SEED);
    expect(await child.call('difference', claim.region, SEED)).to.be.undefined;
  });

  it('offers whole regions and parts, and disowns them', async () => {
    for (const flags of [VMO_GRANT_R, RW, VMO_GRANT_R | VMO_DROP_W, RW | VMO_DISOWN]) {
      const { region } = await child.call('allocate', PAGES, SEED);
      const part = await child.call('offerPages', process.pid, region, 100, 50, flags);
      const claim = await vmClaim(child.pid, part.address);
      expectPages(claim.view(), SEED, 100);
      claim.release();
      await child.call('released', part.offer);
      const whole = await child.call('offer', process.pid, (await child.call('allocate', PAGES, SEED)).region, flags);
      using claimed = await vmClaim(child.pid, whole.address);
      expectPages(claimed.view(), SEED);
    }
  });

  it('allocates ordinary pages if huge ones are asked for', async () => {
    const { region, pages } = await child.call('allocate', 1024, SEED, { hugePages: true });
    if (pages !== 'hugetlb') expect(pages).to.be.oneOf(['ordinary', 'transparent-huge']);
    expect(await child.call('difference', region, SEED)).to.be.undefined;
  });

  it('lists, and hears of offers', async () => {
    await child.call('watch', process.pid);
    const offer = vmOffer(child.pid, own, VMO_GRANT_R);
    expect(await child.event('incoming')).to.include({ address: offer.address });
    const received = (await child.call('list')).filter(({ srcPid }) => srcPid === process.pid);
    expect(received.map(({ address }) => address)).to.deep.equal([offer.address]);
    offer.cancel();
  });
});
