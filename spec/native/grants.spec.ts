import { expect } from 'chai';
import { allocate, VMO_GRANT_R, VMO_GRANT_W, VMO_GRANT_X, type ClaimOptions } from 'vmoffer';
import { mappingAt } from '../support/mappings.js';
import { addressOfPage, claimOwn, touch } from '../support/own-claim.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { probe, touchOnThread } from '../support/probe.js';
import { needs, requires, type Need } from '../support/requires.js';

const R = VMO_GRANT_R;
const W = VMO_GRANT_W;
const X = VMO_GRANT_X;
const PAGES = 256;

const PAGINGS: { paging: NonNullable<ClaimOptions['paging']>; need?: Need }[] = [
  { paging: 'auto' },
  { paging: 'userfault', need: needs.userfault },
  { paging: 'kernel' },
  { paging: 'eager' },
];

/** `int f() { return 42; }` */
const RETURN_42: Partial<Record<NodeJS.Architecture, number[]>> = {
  x64: [0xb8, 0x2a, 0, 0, 0, 0xc3],
  arm64: [0x40, 0x05, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6],
};

for (const { paging, need } of PAGINGS) {
  describe(`a claim with paging: '${paging}'`, () => {
    const options = { paging };

    before(function () {
      if (need) requires(this, need);
    });

    it('granted R shows the source live, before and after it has looked', () => {
      using source = allocate(PAGES * PAGE);
      fillPages(source.view(), 3);
      using claim = claimOwn(source, R, options);
      expectPages(claim.view(), 3);
      fillPages(source.view(), 4);
      expectPages(claim.view(), 4);
    });

    it('granted R keeps its own writes to itself', () => {
      using source = allocate(PAGES * PAGE);
      fillPages(source.view(), 3);
      using claim = claimOwn(source, R, options);
      using other = claimOwn(source, R, options);
      touch(claim, 5);
      for (const page of [5, 100]) claim.view(page * PAGE, PAGE).fill(0xee);
      expectPages(source.view(), 3);
      expectPages(other.view(), 3);
      fillPages(source.view(), 4);
      for (const page of [5, 100]) expect(claim.view(page * PAGE, PAGE).every((byte) => byte === 0xee)).to.be.true;
      expectPages(claim.view(6 * PAGE, PAGE), 4, 6);
    });

    for (const flags of [W, R | W]) {
      it(`granted ${flags === W ? 'W' : 'RW'} shares its writes both ways`, () => {
        using source = allocate(PAGES * PAGE);
        fillPages(source.view(), 3);
        using claim = claimOwn(source, flags, options);
        claim.view(10 * PAGE, 1)[0] = 1;
        source.view(20 * PAGE, 1)[0] = 2;
        expect([touch(source, 10), touch(claim, 20)]).to.deep.equal([1, 2]);
        fillPages(claim.view(), 9);
        expectPages(source.view(), 9);
      });
    }

    it('granted W agrees on atomics, from several threads', async function () {
      requires(this, needs.probe);
      using source = allocate(PAGES * PAGE);
      using claim = claimOwn(source, W, options);
      const pages = Array.from({ length: 20 }, (_, index) => index * 11);
      const addresses = pages.flatMap((page) => [addressOfPage(source, page), addressOfPage(claim, page)]);
      await Promise.all(addresses.map((address) => touchOnThread(address, true)));
      for (const page of pages) expect([touch(source, page), touch(claim, page)]).to.deep.equal([2, 2]);
    });

    it('granted X runs code', function () {
      requires(this, needs.probe, machineCode);
      for (const flags of [X, R | X, W | X, R | W | X]) {
        using source = allocate(PAGES * PAGE, { executable: true });
        source.view(33 * PAGE).set(RETURN_42[process.arch] ?? []);
        using claim = claimOwn(source, flags, options);
        expect(probe().call(addressOfPage(claim, 33)), `flags ${flags}`).to.equal(42);
      }
    });

    it('is mapped with the rights that were granted', () => {
      const expected: [flags: number, permissions: string][] = [
        [R, 'rw-p'],
        [W, 'rw-s'],
        [R | W, 'rw-s'],
        [X, 'rwxp'],
        [R | X, 'rwxp'],
        [W | X, 'rwxs'],
        [R | W | X, 'rwxs'],
      ];
      for (const [flags, permissions] of expected) {
        using source = allocate(PAGE, { executable: true });
        using claim = claimOwn(source, flags, options);
        expect(mappingAt(claim.address)?.permissions, `flags ${flags}`).to.equal(permissions);
        expect(claim.flags).to.equal(flags);
      }
    });
  });
}

const machineCode: Need = {
  what: 'machine code for this processor in spec/native/grants.spec.ts',
  remedy: `add a function that returns 42 for ${process.arch}`,
  isMet: () => RETURN_42[process.arch] !== undefined,
};
