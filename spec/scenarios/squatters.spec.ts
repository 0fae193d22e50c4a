import { expect } from 'chai';
import { vmClaim, vmClaimSync, vmListOfferSync, VMO_GRANT_R } from 'vmoffer';
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
      it('is found, and nobody passes for it', async () => {
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

      it('hears of what is offered to it', async () => {
        await using dest = await startObedient({ user });
        await using squatter = await startHostile('squatter', [dest.pid, slots], { user });
        await dest.call('watch');
        await using source = await startObedient();
        const { region } = await source.call('allocate', 4, SEED);
        const { address } = await source.call('offer', dest.pid, region, VMO_GRANT_R);
        expect(await dest.event('incoming')).to.include({ srcPid: source.pid, address });
        expect(squatter.pid).to.not.equal(dest.pid);
      });
    });
  }
});
