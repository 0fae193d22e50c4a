import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { allocate, VMO_GRANT_R, VMO_GRANT_W, type Region } from 'vmoffer';
import { claimOwn } from '../support/own-claim.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { needs, requires } from '../support/requires.js';

const HUGE = 2 ** 21;

/** A figure of /proc/self/smaps for the mapping that begins at the region, in bytes. */
function smapsBytes(region: Region, field: string): number {
  const begin = `${region.address.toString(16)}-`;
  const lines = readFileSync('/proc/self/smaps', 'latin1').split('\n');
  const from = lines.findIndex((line) => line.startsWith(begin));
  const line = lines.slice(from).find((entry) => entry.startsWith(`${field}:`)) ?? '';
  return Number(/(\d+) kB/.exec(line)?.[1]) * 1024;
}

describe('huge pages', () => {
  it('are not used unless they are asked for', () => {
    using region = allocate(2 * HUGE);
    expect(region.pages).to.equal('ordinary');
    expect(smapsBytes(region, 'KernelPageSize')).to.equal(PAGE);
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
    expect(smapsBytes(region, 'KernelPageSize')).to.equal(HUGE);
  });

  it('are what the kernel says when they are transparent ones, and ordinary pages when there are none', () => {
    using region = allocate(2 * HUGE, { hugePages: true });
    region.view().fill(1);
    if (region.pages === 'hugetlb') return;
    const isHuge = smapsBytes(region, 'ShmemPmdMapped') > 0;
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
