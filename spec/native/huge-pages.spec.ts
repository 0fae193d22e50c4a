import { expect } from 'chai';
import { allocate, vmClaimSync, VMO_GRANT_R, VMO_GRANT_W, type Region } from 'vmoffer';
import { HUGE } from '../support/huge-pages.js';
import { mappedBytes } from '../support/mappings.js';
import { startObedient } from '../support/obedient.js';
import { claimOwn } from '../support/own-claim.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { needs, requires } from '../support/requires.js';
import { maySetSystem, Setting } from '../support/settings.js';
import { withoutSystemCalls } from '../support/wrappers.js';

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

  it('are what the kernel says when they are transparent ones, and ordinary pages when there are none', () => {
    using region = allocate(2 * HUGE, { hugePages: true });
    expectWhatTheKernelSays(region);
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

describe('a process for which the kernel joins no pages', () => {
  it('gets ordinary ones, and hands them over all the same', async function () {
    requires(this, needs.noHugePagesOnAdvice);
    await using child = await startObedient({ wrapper: withoutSystemCalls('madvise:EINVAL:2:25') });
    const { region, pages } = await child.call('allocate', 1024, 9, { hugePages: true });
    expect(pages).to.equal('ordinary');
    const { address } = await child.call('offer', process.pid, region, VMO_GRANT_R);
    using claim = vmClaimSync(child.pid, address);
    expectPages(claim.view(), 9);
  });
});
