import { expect } from 'chai';
import { allocate, vmClaimSync, vmOffer, VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W, type Claim, type Region } from 'vmoffer';
import { HUGE } from '../support/huge-pages.js';
import { mappedBytes } from '../support/mappings.js';
import { startObedient } from '../support/obedient.js';
import { sayHugePages } from '../support/objects.js';
import { claimOwn } from '../support/own-claim.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { needs, requires } from '../support/requires.js';
import { maySetSystem, Setting } from '../support/settings.js';
import { withoutSystemCalls } from '../support/wrappers.js';

/** Four huge pages, and one ordinary page so that no machine takes them from its pool. */
const LENGTH_OF_NO_POOL = 4 * HUGE + PAGE;
const SHMEM_ENABLED = '/sys/kernel/mm/transparent_hugepage/shmem_enabled';

function expectWhatTheKernelSays(region: Region): void {
  region.view().fill(1);
  if (region.pages === 'hugetlb') return;
  const isHuge = mappedBytes(region.address, 'ShmemPmdMapped') > 0;
  expect(region.pages).to.equal(isHuge ? 'transparent-huge' : 'ordinary');
}

describe('huge pages', () => {
  it('are not used unless they are asked for', () => {
    using region = allocate(2 * HUGE);
    expect(region.pages).to.equal('ordinary');
    expect(mappedBytes(region.address, 'KernelPageSize')).to.equal(PAGE);
  });

  it('are not used for less than one huge page', () => {
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

  it('are reported as the kernel provides them: transparent, or ordinary pages if there are none', () => {
    using region = allocate(2 * HUGE, { hugePages: true });
    expectWhatTheKernelSays(region);
  });

  for (const flags of [VMO_GRANT_R, VMO_GRANT_W]) {
    it(`can be offered and claimed, of whatever kind (flags ${flags})`, () => {
      using region = allocate(2 * HUGE, { hugePages: true });
      fillPages(region.view(), 4);
      using claim = claimOwn(region, flags);
      expectPages(claim.view(), 4);
      fillPages(region.view(), 5);
      expectPages(claim.view(), 5);
    });
  }

  it('can be claimed even if the source has touched none of them', () => {
    using region = allocate(2 * HUGE, { hugePages: true });
    using claim = claimOwn(region, VMO_GRANT_W);
    claim.view()[HUGE] = 3;
    expect(region.view()[HUGE]).to.equal(3);
  });
});

describe('transparent huge pages', () => {
  before(function () {
    requires(this, maySetSystem);
  });

  for (const [choice, pages] of [
    ['advise', 'transparent-huge'],
    ['within_size', 'transparent-huge'],
    ['deny', 'ordinary'],
  ] as const) {
    it(`with shmem_enabled '${choice}' give ${pages} pages`, () => {
      using setting = new Setting(SHMEM_ENABLED, choice);
      expect(setting.value).to.equal(choice);
      using region = allocate(4 * HUGE, { hugePages: true });
      expect(region.pages).to.equal(pages);
      expectWhatTheKernelSays(region);
    });
  }
});

describe('claimed transparent huge pages', () => {
  let region: Region;
  before(function () {
    requires(this, needs.transparentHugePages);
  });
  beforeEach(() => {
    region = allocate(LENGTH_OF_NO_POOL, { hugePages: true });
    fillPages(region.view(), 8);
  });
  afterEach(() => {
    region.release();
  });

  const hugeBytes = (claim: Claim) => mappedBytes(claim.address, 'ShmemPmdMapped');

  for (const [grant, flags] of [
    ['to read', VMO_GRANT_R],
    ['to write', VMO_GRANT_R | VMO_GRANT_W],
    ['as its own', VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN],
  ] as const) {
    it(`${grant} are installed whole by the kernel, when they are touched`, () => {
      using claim = claimOwn(region, flags);
      expect(claim).to.include({ pages: 'transparent-huge', paging: 'kernel' });
      expect(claim.residency().residentPages).to.equal(0);
      for (const page of [1, 2, 3]) {
        expectPages(claim.view(page * HUGE, PAGE), 8, (page * HUGE) / PAGE);
        expect(hugeBytes(claim)).to.equal(page * HUGE);
      }
      expectPages(claim.view(), 8);
    });
  }

  it("are installed whole by prefetch and by 'eager', and in small pages by 'userfault', by name", async function () {
    requires(this, needs.userfault);
    using prefetched = claimOwn(region);
    await prefetched.prefetch({ byteLength: 3 * HUGE });
    using eager = claimOwn(region, VMO_GRANT_W, { paging: 'eager' });
    using faulted = claimOwn(region, VMO_GRANT_W, { paging: 'userfault' });
    await faulted.prefetch();
    expect([prefetched, eager, faulted].map(hugeBytes)).to.deep.equal([3 * HUGE, 4 * HUGE, 0]);
    expect(faulted).to.include({ pages: 'transparent-huge', paging: 'userfault' });
  });

  it('written to by a claimer that may only read are copied one small page at a time', () => {
    using claim = claimOwn(region);
    fillPages(claim.view(HUGE, PAGE), 9);
    expect(mappedBytes(claim.address, 'Anonymous')).to.equal(PAGE);
    expectPages(region.view(), 8);
    expectPages(claim.view(HUGE + PAGE), 8, HUGE / PAGE + 1);
  });

  it('are known as huge pages to the next process that gets them', () => {
    using claim = claimOwn(region, VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN);
    using next = claimOwn(claim);
    expect(next.pages).to.equal('transparent-huge');
  });

  it('become ordinary pages in a part that is claimed by itself, and in pulled memory', () => {
    using pulled = claimOwn(region, VMO_GRANT_R, { transfer: 'pull' });
    expect(pulled.pages).to.equal('ordinary');
    pulled.release();
    const offer = vmOffer(process.pid, region.range(HUGE, HUGE), VMO_GRANT_R);
    using part = vmClaimSync(process.pid, offer.address);
    expect(part.pages).to.equal('ordinary');
    expectPages(part.view(), 8, HUGE / PAGE);
  });
});

describe('transparent huge pages that nobody has touched', () => {
  it('are made as huge ones by a claimer that touches them first', function () {
    requires(this, maySetSystem);
    using setting = new Setting(SHMEM_ENABLED, 'advise');
    expect(setting.value).to.equal('advise');
    using region = allocate(LENGTH_OF_NO_POOL, { hugePages: true });
    using claim = claimOwn(region, VMO_GRANT_W);
    claim.view()[2 * HUGE] = 3;
    expect(mappedBytes(claim.address, 'ShmemPmdMapped')).to.equal(HUGE);
    expect(region.view()[2 * HUGE]).to.equal(3);
  });
});

describe('a source that claims to have huge pages, but has ordinary ones', () => {
  for (const byteLength of [PAGE, 2 * HUGE]) {
    it(`influences nothing but how ${byteLength} bytes are paged`, () => {
      using region = allocate(byteLength);
      fillPages(region.view(), 10);
      sayHugePages(region);
      for (const flags of [VMO_GRANT_R, VMO_GRANT_R | VMO_GRANT_W]) {
        using claim = claimOwn(region, flags);
        if (byteLength >= HUGE) expect(claim.paging).to.equal('kernel');
        expectPages(claim.view(), 10);
      }
    });
  }
});

describe('a process for which the kernel joins no pages', () => {
  it('gets ordinary pages, and hands them over all the same', async function () {
    requires(this, needs.noHugePagesOnAdvice);
    await using child = await startObedient({ wrapper: withoutSystemCalls('madvise:EINVAL:2:25') });
    const { region, pages } = await child.call('allocate', 1024, 9, { hugePages: true });
    expect(pages).to.equal('ordinary');
    const { address } = await child.call('offer', process.pid, region, VMO_GRANT_R);
    using claim = vmClaimSync(child.pid, address);
    expectPages(claim.view(), 9);
  });
});
