import { expect } from 'chai';
import {
  allocate,
  vmClaim,
  vmOffer,
  VMO_DISOWN,
  VMO_DROP_W,
  VMO_GRANT_R,
  type Claim,
  type ClaimOptions,
  type Region,
} from 'vmoffer';
import { expectPages, fillPages, PAGE } from '../../support/pages.js';
import { probe } from '../../support/probe.js';
import { needs, requires } from '../../support/requires.js';

const SEED = 263;
const PAGES = 600;
const FIRST = 8;
const COUNT = 530;

const WAYS: [name: string, flags: number, options: ClaimOptions][] = [
  ['claimed', VMO_GRANT_R, {}],
  ['pulled', VMO_GRANT_R, { transfer: 'pull' }],
  ['pulled at once', VMO_GRANT_R, { transfer: 'pull', paging: 'eager' }],
  ['disowned', VMO_GRANT_R | VMO_DISOWN, {}],
  ['disowned and pulled', VMO_GRANT_R | VMO_DISOWN, { transfer: 'pull' }],
  ['disowned and pulled at once', VMO_GRANT_R | VMO_DISOWN, { transfer: 'pull', paging: 'eager' }],
];

/** Makes immutable memory, and keeps only one of its two holders. */
async function holdImmutable(holder: 'source' | 'claimer'): Promise<Region> {
  const region = allocate(PAGES * PAGE);
  fillPages(region.view(), SEED);
  const offer = vmOffer(process.pid, region, VMO_GRANT_R | VMO_DROP_W);
  const claim = await vmClaim(process.pid, offer.address);
  expect(claim.immutable).to.be.true;
  if (holder === 'claimer') {
    region.release();
    return claim;
  }
  claim.release();
  await offer.released;
  return region;
}

for (const [kernel, isDenied] of [
  ['as this kernel maps it', false],
  ['as Linux before 6.7 maps it', true],
] as const) {
  describe(`immutable memory, ${kernel},`, () => {
    let held: Region;
    let claim: Claim | undefined;
    before(function () {
      if (isDenied) requires(this, needs.probe);
    });
    beforeEach(() => {
      claim = undefined;
      if (isDenied) probe().deny('shared views of sealed memory', true);
    });
    afterEach(() => {
      if (isDenied) probe().deny('shared views of sealed memory', false);
      claim?.release();
      held.release();
    });

    for (const [name, flags, options] of WAYS) {
      it(`is offered by its source and ${name}`, async () => {
        held = await holdImmutable('source');
        claim = await vmClaim(process.pid, vmOffer(process.pid, held, flags).address, options);
        expectPages(claim.view(), SEED);
      });

      it(`is offered in part by its source and ${name}`, async () => {
        held = await holdImmutable('source');
        const part = vmOffer(process.pid, held.range(FIRST * PAGE, COUNT * PAGE), flags);
        claim = await vmClaim(process.pid, part.address, options);
        expectPages(claim.view(), SEED, FIRST);
        expectPages(held.view(0, FIRST * PAGE), SEED);
      });
    }

    it("keeps its source's own writes to the source when a part of it is offered", async () => {
      held = await holdImmutable('source');
      held.view()[FIRST * PAGE] = 0xab;
      const part = vmOffer(process.pid, held.range(FIRST * PAGE, PAGE), VMO_GRANT_R);
      claim = await vmClaim(process.pid, part.address);
      expect(held.view()[FIRST * PAGE]).to.equal(0xab);
      expectPages(claim.view(), SEED, FIRST);
    });

    it('is passed on by its claimer, and pulled', async () => {
      held = await holdImmutable('claimer');
      claim = await vmClaim(process.pid, vmOffer(process.pid, held, VMO_GRANT_R).address, { transfer: 'pull' });
      expectPages(claim.view(), SEED);
    });
  });
}
