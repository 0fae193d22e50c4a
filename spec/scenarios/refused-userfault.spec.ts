import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { constants, devNull } from 'node:os';
import { allocate, vmClaim, vmOffer, VMO_GRANT_R, VMO_GRANT_W, type Region } from 'vmoffer';
import { startObedient, type Obedient } from '../support/obedient.js';
import { needs, requires, type Need } from '../support/requires.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { describeForUsers } from '../support/users.js';
import { rejectionOf } from '../support/vmo-error.js';
import { withoutSystemCalls } from '../support/wrappers.js';

const SEED = 151;
const PAGES = 64;

/** Docker's and Podman's profiles answer EPERM, gVisor and kernels without it ENOSYS. */
const REFUSALS = [
  { errno: 'EPERM', who: 'this process', cause: /a seccomp filter is in force/, remedy: /seccomp profile/ },
  { errno: 'ENOSYS', who: 'this kernel', cause: /has no userfaultfd/, remedy: /paged by the kernel/ },
] as const;

/** A container has no /dev/userfaultfd; here it makes none (USERFAULTFD_IOC_NEW). */
const WITHOUT_DEVICE = 'ioctl:ENOTTY:1:0xaa00';

const device: Need = {
  what: '/dev/userfaultfd',
  remedy: 'Linux 6.1 or later',
  isMet: () => existsSync('/dev/userfaultfd'),
};

for (const { errno, who, cause, remedy } of REFUSALS) {
  describeForUsers(`a process to which userfaultfd answers ${errno}`, (user) => {
    let child: Obedient;
    let source: Region;
    before(async () => {
      child = await startObedient({ user, wrapper: withoutSystemCalls(`userfaultfd:${errno}`, WITHOUT_DEVICE) });
    });
    after(() => child[Symbol.asyncDispose]());
    beforeEach(() => {
      source = allocate(PAGES * PAGE);
      fillPages(source.view(), SEED);
    });
    afterEach(() => {
      source.release();
    });

    async function claimThere(options = {}, flags = VMO_GRANT_R) {
      return child.call('claim', process.pid, vmOffer(child.pid, source, flags).address, options);
    }

    for (const options of [{}, { paging: 'auto' }] as const) {
      it(`claims lazily all the same, paged by the kernel (${JSON.stringify(options)})`, async () => {
        const claim = await claimThere(options);
        expect(claim.paging).to.equal('kernel');
        expect(await child.call('residentPages', claim.region)).to.equal(0);
        expect(await child.call('writeToFile', claim.region, devNull)).to.equal(PAGES * PAGE);
        expect(await child.call('difference', claim.region, SEED)).to.be.undefined;
      });
    }

    it("claims with 'eager', and prefetches", async () => {
      const eager = await claimThere({ paging: 'eager' });
      expect(await child.call('residentPages', eager.region)).to.equal(PAGES);
      const lazy = await claimThere();
      await child.call('prefetch', lazy.region);
      expect(await child.call('residentPages', lazy.region)).to.equal(PAGES);
      expect(await child.call('difference', lazy.region, SEED)).to.be.undefined;
    });

    it('shares memory that it may write', async () => {
      using shared = allocate(PAGE);
      const offer = vmOffer(child.pid, shared, VMO_GRANT_R | VMO_GRANT_W);
      const claim = await child.call('claim', process.pid, offer.address);
      await child.call('write', claim.region, 5, 55);
      expect(shared.view()[5]).to.equal(55);
    });

    it("pulls eagerly, and refuses to pull with 'userfault'", async () => {
      const pulled = await claimThere({ transfer: 'pull' });
      expect(pulled).to.include({ transfer: 'pull', paging: 'eager' });
      expect(await child.call('difference', pulled.region, SEED)).to.be.undefined;
    });

    it("is refused 'userfault' by name with ERR_VMO_UNSUPPORTED, and the offer stands", async () => {
      const offer = vmOffer(child.pid, source, VMO_GRANT_R);
      for (const transfer of ['map', 'pull'] as const) {
        const options = { paging: 'userfault', transfer } as const;
        const error = await rejectionOf(
          child.call('claim', process.pid, source.address, options),
          'ERR_VMO_UNSUPPORTED',
        );
        expect(error).to.include({ errno, syscall: 'userfaultfd', pid: process.pid, address: source.address });
        expect(error.message).to.include(who).and.include('vmoffer doctor');
      }
      expect(offer.state).to.equal('pending');
      offer.cancel();
    });

    it('offers whole regions and parts', async () => {
      const { region } = await child.call('allocate', PAGES, SEED);
      const whole = await child.call('offer', process.pid, region, VMO_GRANT_R);
      (await vmClaim(child.pid, whole.address)).release();
      await child.call('released', whole.offer);
      const part = await child.call('offerPages', process.pid, region, 10, 20, VMO_GRANT_R | VMO_GRANT_W);
      using claim = await vmClaim(child.pid, part.address);
      expect(claim.byteLength).to.equal(20 * PAGE);
      expectPages(claim.view(), SEED, 10);
      expect(await child.call('difference', region, SEED)).to.be.undefined;
    });

    it('is told that nothing was offered if a part cannot be carved, which happens here when it is offered', async () => {
      const { region } = await child.call('allocate', PAGES, SEED);
      const whole = await child.call('offer', process.pid, region, VMO_GRANT_R);
      const claim = await vmClaim(child.pid, whole.address);
      const error = await rejectionOf(
        child.call('offerPages', process.pid, region, 10, 20, VMO_GRANT_R),
        'ERR_VMO_BUSY',
      );
      expect(error.message)
        .to.match(/shares this memory.*; nothing was offered$/)
        .and.not.include('stands');
      claim.release();
      await child.call('released', whole.offer);
      await child.call('offerPages', process.pid, region, 10, 20, VMO_GRANT_R);
    });

    it('is told so by the doctor, with the cause and the remedy', async () => {
      const { list } = await child.call('capabilities');
      for (const name of ['page faults', 'page faults, user mode only']) {
        const found = list.find((entry) => entry.name === name);
        expect(found?.available, name).to.be.false;
        expect(found?.cause, name).to.match(cause);
        expect(found?.remedy, name).to.match(remedy);
      }
    });
  });
}

describe('a process that has userfaultfd only by its device, as a container with --device', () => {
  before(function () {
    requires(this, device, needs.root);
  });

  function start(): Promise<Obedient> {
    return startObedient({ wrapper: withoutSystemCalls('userfaultfd:EPERM') });
  }

  it('may handle page faults of both kinds', async () => {
    await using child = await start();
    const { list } = await child.call('capabilities');
    for (const name of ['page faults', 'page faults, user mode only', 'moving pages']) {
      expect(list.find((entry) => entry.name === name)?.available, name).to.be.true;
    }
  });

  it("claims with 'userfault', and hands pages to system calls", async () => {
    await using child = await start();
    using source = allocate(PAGES * PAGE);
    fillPages(source.view(), SEED);
    const { address } = vmOffer(child.pid, source, VMO_GRANT_R);
    const claim = await child.call('claim', process.pid, address);
    expect(claim.paging).to.equal('userfault');
    expect(await child.call('writeToFile', claim.region, devNull)).to.equal(PAGES * PAGE);
    expect(await child.call('difference', claim.region, SEED)).to.be.undefined;
    await child.call('release', claim.region);
  });

  it('fails a system call on memory that it has released', async function () {
    requires(this, needs.probe);
    await using child = await start();
    const { region } = await child.call('allocate', PAGES, SEED);
    expect(await child.call('writeReleased', region)).to.equal(-constants.errno.EFAULT);
  });
});
