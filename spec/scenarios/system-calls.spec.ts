import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allocate, vmOffer, VMO_GRANT_R, VMO_GRANT_W, type ClaimOptions, type Region } from 'vmoffer';
import { startObedient, type Obedient } from '../support/obedient.js';
import { fillPages, PAGE } from '../support/pages.js';
import { describeForUsers, type User } from '../support/users.js';

const SEED = 61;
const PAGES = 512;

function isAvailable(child: Obedient, name: string): Promise<boolean> {
  return child.call('capabilities').then(({ list }) => list.some((entry) => entry.name === name && entry.available));
}

describeForUsers('untouched pages of a claim', (user: User) => {
  let claimer: Obedient;
  let region: Region;
  let folder: string;
  let digest: string;
  before(async () => {
    claimer = await startObedient({ user });
    region = allocate(PAGES * PAGE);
    fillPages(region.view(), SEED);
    digest = createHash('sha256').update(region.view()).digest('hex');
    folder = mkdtempSync(join(tmpdir(), 'vmoffer-spec-'));
    chmodSync(folder, 0o777);
  });
  after(async () => {
    await claimer[Symbol.asyncDispose]();
    region.release();
    rmSync(folder, { recursive: true });
  });

  async function claimUntouched(options: ClaimOptions, flags = VMO_GRANT_R) {
    const claim = await claimer.call('claim', process.pid, vmOffer(claimer.pid, region, flags).address, options);
    if (claim.paging !== 'eager') expect(await claimer.call('residentPages', claim.region)).to.equal(0);
    return claim;
  }

  it("are paged by 'userfault' under 'auto' if the process has full rights to it, and by the kernel otherwise", async () => {
    const { paging } = await claimUntouched({});
    expect(paging).to.equal((await isAvailable(claimer, 'page faults')) ? 'userfault' : 'kernel');
  });

  for (const paging of ['auto', 'kernel', 'eager'] as const) {
    describe(`with paging '${paging}'`, () => {
      it('can be written to a file', async () => {
        const { region: claim } = await claimUntouched({ paging });
        const path = join(folder, `written-${paging}`);
        expect(await claimer.call('writeToFile', claim, path)).to.equal(PAGES * PAGE);
        expect(readFileSync(path).equals(region.view())).to.be.true;
      });

      it('can be filled from a file, and the source sees it', async () => {
        using shared = allocate(PAGES * PAGE);
        const path = join(folder, `read-${paging}`);
        writeFileSync(path, region.view());
        const offer = vmOffer(claimer.pid, shared, VMO_GRANT_R | VMO_GRANT_W);
        const claim = await claimer.call('claim', process.pid, offer.address, { paging });
        expect(await claimer.call('readFromFile', claim.region, path)).to.equal(PAGES * PAGE);
        expect(Buffer.compare(shared.view(), region.view())).to.equal(0);
      });

      it('can be filled from a file, and stay the claimer’s own', async () => {
        const { region: claim } = await claimUntouched({ paging });
        const path = join(folder, `zeros-${paging}`);
        writeFileSync(path, Buffer.alloc(PAGES * PAGE));
        expect(await claimer.call('readFromFile', claim, path)).to.equal(PAGES * PAGE);
        expect(createHash('sha256').update(region.view()).digest('hex')).to.equal(digest);
      });

      for (const command of ['digest', 'digestByThreadPool', 'digestDeflated', 'digestCloned'] as const) {
        it(`are right for ${command}`, async () => {
          const { region: claim } = await claimUntouched({ paging });
          expect(await claimer.call(command, claim)).to.equal(digest);
        });
      }

      it('are right for Buffer.compare of two claims', async () => {
        const first = await claimUntouched({ paging });
        using other = allocate(PAGES * PAGE);
        other.view().set(region.view());
        const offer = vmOffer(claimer.pid, other, VMO_GRANT_R);
        const second = await claimer.call('claim', process.pid, offer.address, { paging });
        expect(await claimer.call('compare', first.region, second.region)).to.equal(0);
        other.view().fill(0xff, PAGES * PAGE - 1);
        expect(await claimer.call('compare', first.region, second.region)).to.not.equal(0);
      });
    });
  }

  describe("with paging 'userfault' by name", () => {
    before(async function () {
      if (!(await isAvailable(claimer, 'page faults, user mode only'))) this.skip();
    });

    it('arrive by fault in user mode', async () => {
      const { region: claim, paging } = await claimUntouched({ paging: 'userfault' });
      expect(paging).to.equal('userfault');
      expect(await claimer.call('digest', claim)).to.equal(digest);
      expect((await claimer.call('stats', claim)).faults).to.be.above(0);
    });

    it('make a system call fail with EFAULT if the process lacks full rights, unless they are prefetched', async () => {
      const { region: claim } = await claimUntouched({ paging: 'userfault' });
      const path = join(folder, 'written-userfault');
      if (!(await isAvailable(claimer, 'page faults'))) {
        const failed = await claimer.call('writeToFile', claim, path).catch((error: unknown) => error);
        expect(failed).to.have.property('code', 'EFAULT');
        await claimer.call('prefetch', claim);
      }
      expect(await claimer.call('writeToFile', claim, path)).to.equal(PAGES * PAGE);
      expect(readFileSync(path).equals(region.view())).to.be.true;
    });
  });
});
