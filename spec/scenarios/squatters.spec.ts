import { expect } from 'chai';
import { vmClaim, vmClaimSync, vmListOffer, vmListOfferSync, VMO_GRANT_R } from 'vmoffer';
import { startHostile } from '../support/child.js';
import { startObedient } from '../support/obedient.js';
import { expectPages } from '../support/pages.js';
import { brokerSocketsOf } from '../support/sockets.js';
import { describeForUsers } from '../support/users.js';

const SEED = 51;

describeForUsers('a process whose address is taken by a squatter', (user) => {
  for (const { title, slots } of [
    { title: 'the first address', slots: 1 },
    { title: 'fifteen addresses', slots: 15 },
    { title: 'every orderly address', slots: 16 },
  ]) {
    describe(`(${title})`, () => {
      it('is found, and no other process passes for it', async () => {
        await using source = await startObedient({ user });
        await using squatter = await startHostile('squatter', [source.pid, slots], { user });
        const { region } = await source.call('allocate', 4, SEED);
        const { address } = await source.call('offer', process.pid, region, VMO_GRANT_R);
        using claim = vmClaimSync(source.pid, address, { timeoutMs: 10_000 });
        expectPages(claim.view(), SEED);
        expect(brokerSocketsOf(source.pid)).to.have.lengthOf(slots + 1);
        expect(squatter.pid).to.not.equal(source.pid);
      });

      it('is listed', async () => {
        await using source = await startObedient({ user });
        await using squatter = await startHostile('squatter', [source.pid, slots], { user });
        const { region } = await source.call('allocate', 4, SEED);
        const { address } = await source.call('offer', process.pid, region, VMO_GRANT_R);
        const found = vmListOfferSync().filter(({ srcPid }) => srcPid === source.pid || srcPid === squatter.pid);
        expect(found).to.have.lengthOf(1);
        expect(found[0]).to.include({ srcPid: source.pid, address, direction: 'received' });
        (await vmClaim(source.pid, address)).release();
      });

      it('hears of offers to it', async () => {
        await using dest = await startObedient({ user });
        await using squatter = await startHostile('squatter', [dest.pid, slots], { user });
        await dest.call('watch');
        await using source = await startObedient();
        const { region } = await source.call('allocate', 4, SEED);
        const { address } = await source.call('offer', dest.pid, region, VMO_GRANT_R);
        expect(await dest.event('incoming')).to.include({ srcPid: source.pid, address });
        expect(squatter.pid).to.not.equal(dest.pid);
      });

      it('is found, listed and told even if nobody can connect to the squatter', async () => {
        await using victim = await startObedient({ user });
        await using squatter = await startHostile('squatter', [victim.pid, slots, 'full'], { user });
        await victim.call('watch');
        const { region } = await victim.call('allocate', 4, SEED);
        const { address } = await victim.call('offer', process.pid, region, VMO_GRANT_R);
        expect((await vmListOffer()).map(({ srcPid }) => srcPid)).to.include(victim.pid);
        using claim = await vmClaim(victim.pid, address);
        expectPages(claim.view(), SEED);
        await using source = await startObedient();
        const { region: memory } = await source.call('allocate', 1);
        const next = await source.call('offer', victim.pid, memory, VMO_GRANT_R);
        expect(await victim.event('incoming')).to.include({ srcPid: source.pid, address: next.address });
        expect(squatter.pid).to.not.equal(victim.pid);
      });

      it('is found, listed and told even if the squatter is gone', async () => {
        await using victim = await startObedient({ user });
        const squatter = await startHostile('squatter', [victim.pid, slots], { user });
        await victim.call('watch');
        const { region } = await victim.call('allocate', 4, SEED);
        const { address } = await victim.call('offer', process.pid, region, VMO_GRANT_R);
        await squatter[Symbol.asyncDispose]();
        expect((await vmListOffer()).map(({ srcPid }) => srcPid)).to.include(victim.pid);
        using claim = await vmClaim(victim.pid, address);
        expectPages(claim.view(), SEED);
        if (slots === 16) return; // nobody can guess its name, and an offer looks for such names only where others squat
        await using source = await startObedient();
        const { region: memory } = await source.call('allocate', 1);
        const next = await source.call('offer', victim.pid, memory, VMO_GRANT_R);
        expect(await victim.event('incoming')).to.include({ srcPid: source.pid, address: next.address });
      });
    });
  }
});
