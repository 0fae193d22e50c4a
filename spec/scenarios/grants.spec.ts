import { expect } from 'chai';
import { allocate, vmClaimSync, vmOffer, VMO_GRANT_R, VMO_GRANT_W, VMO_GRANT_X, type Region } from 'vmoffer';
import { GRANTS } from '../support/grants.js';
import { startObedient, type Obedient } from '../support/obedient.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { needs, requires } from '../support/requires.js';
import { describeForUsers } from '../support/users.js';
import { rejectionOf, thrownBy } from '../support/vmo-error.js';

const SEED = 11;
const PAGES = 40;
const [R, W, X] = [VMO_GRANT_R, VMO_GRANT_W, VMO_GRANT_X];

/** A function that returns 42, for the most common processors. */
const MACHINE_CODE: Partial<Record<NodeJS.Architecture, number[]>> = {
  x64: [0xb8, 0x2a, 0, 0, 0, 0xc3],
  arm64: [0x40, 0x05, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6],
};

describeForUsers('a claim in another process', (user) => {
  let claimer: Obedient;
  before(async () => {
    claimer = await startObedient({ user });
  });
  after(() => claimer[Symbol.asyncDispose]());

  function claimIn(region: Region, flags: number) {
    const offer = vmOffer(claimer.pid, region, flags);
    return claimer.call('claim', process.pid, offer.address);
  }

  for (const { name, flags, permissions } of GRANTS) {
    const isExecutable = (flags & X) !== 0;
    const isWritable = (flags & W) !== 0;

    describe(`granted ${name}`, () => {
      let region: Region;
      beforeEach(() => {
        region = allocate(PAGES * PAGE, { executable: isExecutable });
        fillPages(region.view(), SEED);
      });
      afterEach(() => {
        region.release();
      });

      it('has every page as it was', async () => {
        const claim = await claimIn(region, flags);
        expect(claim).to.include({ srcPid: process.pid, flags, byteLength: PAGES * PAGE, transfer: 'map' });
        expect(await claimer.call('difference', claim.region, SEED)).to.be.undefined;
      });

      it(`is mapped ${permissions}`, async () => {
        const claim = await claimIn(region, flags);
        expect(await claimer.call('permissions', claim.region)).to.equal(permissions);
      });

      it('shows writes of the source after the claim', async () => {
        const claim = await claimIn(region, flags);
        expect(await claimer.call('difference', claim.region, SEED)).to.be.undefined;
        region.view().fill(0xab, 5 * PAGE, 6 * PAGE);
        expect(await claimer.call('read', claim.region, 5 * PAGE)).to.equal(0xab);
      });

      it(`shows writes of the claimer to ${isWritable ? 'both sides' : 'the claimer alone'}`, async () => {
        const claim = await claimIn(region, flags);
        await claimer.call('write', claim.region, 3 * PAGE, 0xee);
        expect(await claimer.call('read', claim.region, 3 * PAGE)).to.equal(0xee);
        if (isWritable) expect(region.view()[3 * PAGE]).to.equal(0xee);
        else expectPages(region.view(), SEED);
      });

      it('leaves the source everything it had', async () => {
        await claimIn(region, flags);
        expectPages(region.view(), SEED);
        region.view()[0] = 1;
        expect(region.view()[0]).to.equal(1);
      });

      if (isExecutable) {
        it('runs machine code that the source has written', async function () {
          requires(this, needs.probe);
          const code = MACHINE_CODE[process.arch];
          if (!code) return void this.skip();
          region.view().set(code);
          const claim = await claimIn(region, flags);
          expect(await claimer.call('execute', claim.region)).to.equal(42);
        });

        it('is refused if the memory was not allocated executable', () => {
          using ordinary = allocate(PAGE);
          const error = thrownBy(() => vmOffer(claimer.pid, ordinary, flags), 'ERR_VMO_NOT_PERMITTED');
          expect(error).to.include({ pid: claimer.pid, address: ordinary.address });
        });
      }
    });
  }

  it('can be offered onward with the rights that were granted', async () => {
    using region = allocate(PAGES * PAGE);
    fillPages(region.view(), SEED);
    const claim = await claimIn(region, R);
    await using third = await startObedient();
    const onward = await claimer.call('offer', third.pid, claim.region, R);
    const received = await third.call('claim', claimer.pid, onward.address);
    expect(received.srcPid).to.equal(claimer.pid);
    expect(await third.call('difference', received.region, SEED)).to.be.undefined;
  });

  for (const { name, flags } of GRANTS.filter(({ flags }) => flags !== R)) {
    it(`granted R cannot be offered onward with ${name}`, async () => {
      using region = allocate(PAGE, { executable: true });
      const claim = await claimIn(region, R);
      const error = await rejectionOf(claimer.call('offer', process.pid, claim.region, flags), 'ERR_VMO_NOT_PERMITTED');
      expect(error).to.include({ pid: process.pid, address: claim.address });
    });
  }

  it('granted W can be offered onward with W, and three processes have one memory', async () => {
    using region = allocate(PAGE);
    const claim = await claimIn(region, W);
    await using third = await startObedient();
    const onward = await claimer.call('offer', third.pid, claim.region, W);
    const received = await third.call('claim', claimer.pid, onward.address);
    await third.call('write', received.region, 9, 99);
    expect(await claimer.call('read', claim.region, 9)).to.equal(99);
    expect(region.view()[9]).to.equal(99);
  });

  it('granted W can be offered onward with R: reading comes with writing', async () => {
    using region = allocate(PAGE);
    const claim = await claimIn(region, W);
    const onward = await claimer.call('offer', process.pid, claim.region, R);
    vmClaimSync(claimer.pid, onward.address).release();
  });

  it('of memory that this process offers to itself works, too', async () => {
    const memory = await claimer.call('allocate', PAGES, SEED);
    const { address } = await claimer.call('offer', process.pid, memory.region, R | W);
    using claim = vmClaimSync(claimer.pid, address);
    expectPages(claim.view(), SEED);
    claim.view()[0] = 5;
    expect(await claimer.call('read', memory.region, 0)).to.equal(5);
  });
});
