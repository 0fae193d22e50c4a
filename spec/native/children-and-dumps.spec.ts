import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { allocate, VMO_DISOWN, VMO_DROP_W, VMO_GRANT_R, VMO_GRANT_W, vmClaimSync, vmOffer, type Region } from 'vmoffer';
import { flagsOfMapping } from '../support/mappings.js';
import { claimOwn } from '../support/own-claim.js';
import { PAGE } from '../support/pages.js';
import { projectRoot } from '../support/project.js';

const PAGES = 16;
const NOT_DUMPED = 'dd';
const NOT_FORKED = 'dc';
const SHARED = VMO_GRANT_R | VMO_GRANT_W;

const CLAIMS: { name: string; claim: (source: Region) => Region }[] = [
  { name: 'a claim to read', claim: (source) => claimOwn(source, VMO_GRANT_R) },
  {
    name: 'a claim to read, paged by the kernel',
    claim: (source) => claimOwn(source, VMO_GRANT_R, { paging: 'kernel' }),
  },
  { name: 'a claim to write', claim: (source) => claimOwn(source, SHARED) },
  { name: 'a claim that is pulled', claim: (source) => claimOwn(source, VMO_GRANT_R, { transfer: 'pull' }) },
  { name: 'a disowned claim', claim: (source) => claimOwn(source, SHARED | VMO_DISOWN) },
];

/** The VmFlags of the page (see proc(5)). */
function flagsAt(region: Region, page = 0): string[] {
  return flagsOfMapping(region.address + BigInt(page * PAGE));
}

describe('core dumps', () => {
  it('have no allocated memory: a dump would fill every hole of it', () => {
    using region = allocate(PAGES * PAGE);
    expect(flagsAt(region)).to.include(NOT_DUMPED);
  });

  for (const { name, claim } of CLAIMS) {
    it(`have no memory of ${name}`, () => {
      using source = allocate(PAGES * PAGE);
      using claimed = claim(source);
      expect(flagsAt(claimed)).to.include(NOT_DUMPED);
    });
  }

  it('have no memory that was carved, or whose right to write was dropped', () => {
    using region = allocate(PAGES * PAGE);
    using part = vmClaimSync(process.pid, vmOffer(process.pid, region.range(4 * PAGE, PAGE), SHARED).address);
    using read = vmClaimSync(
      process.pid,
      vmOffer(process.pid, region.range(8 * PAGE, PAGE), VMO_GRANT_R | VMO_DROP_W).address,
    );
    for (let page = 0; page < PAGES; ++page) expect(flagsAt(region, page), `page ${page}`).to.include(NOT_DUMPED);
    for (const claim of [part, read]) expect(flagsAt(claim)).to.include(NOT_DUMPED);
  });

  it('have it if VMOFFER_IN_CORE_DUMPS says so', () => {
    const program = `
      import { allocate } from 'vmoffer';
      import { flagsOfMapping } from './out/js/spec/support/mappings.js';
      console.log(flagsOfMapping(allocate(65536).address).join(' '));`;
    const flags = (env: Record<string, string>) =>
      execFileSync(process.execPath, ['--input-type=module', '-e', program], {
        cwd: join(projectRoot),
        env: { ...process.env, ...env },
        encoding: 'utf8',
      }).trim();
    expect(flags({}).split(' ')).to.include(NOT_DUMPED);
    expect(flags({ VMOFFER_IN_CORE_DUMPS: '1' }).split(' ')).to.not.include(NOT_DUMPED);
  });
});

describe('a child that is forked', () => {
  for (const { name, claim } of CLAIMS) {
    it(`costs nothing for ${name}, which it does not inherit`, () => {
      using source = allocate(PAGES * PAGE);
      using claimed = claim(source);
      expect(flagsAt(claimed)).to.include(NOT_FORKED);
    });
  }

  it('inherits allocated regions, whose page tables are not copied', () => {
    using region = allocate(PAGES * PAGE);
    expect(flagsAt(region)).to.not.include(NOT_FORKED);
  });
});
