import { expect } from 'chai';
import { availableParallelism } from 'node:os';
import { allocate, vmClaimSync, vmListOffer, vmListOfferSync, vmOffer, VMO_GRANT_R, VMO_GRANT_W } from 'vmoffer';
import { startHostile } from '../support/child.js';
import { startObedient, type Obedient } from '../support/obedient.js';
import { PAGE } from '../support/pages.js';
import { requires } from '../support/requires.js';
import { enoughDescriptors } from '../support/limits.js';
import { resume, stop } from '../support/stopped.js';

const FLAGS = VMO_GRANT_R | VMO_GRANT_W;

const WAYS = [
  { name: 'vmListOffer', list: vmListOffer, there: 'list' as const },
  { name: 'vmListOfferSync', list: async () => Promise.resolve(vmListOfferSync()), there: 'listSync' as const },
];

const startFlood = () => startHostile('rogue_source', ['floods']);

for (const { name, list, there } of WAYS) {
  describe(name, () => {
    let peer: Obedient;
    beforeEach(async () => {
      peer = await startObedient();
    });
    afterEach(() => peer[Symbol.asyncDispose]());

    const ofPeer = async () =>
      (await list()).filter(({ srcPid, destPid }) => srcPid === peer.pid || destPid === peer.pid);

    it('shows the source what it has sent, and the destination what it has received', async () => {
      using region = allocate(3 * PAGE);
      const { id, address } = vmOffer(peer.pid, region, FLAGS);
      const record = {
        id,
        srcPid: process.pid,
        destPid: peer.pid,
        address,
        byteLength: 3 * PAGE,
        flags: FLAGS,
        kind: 'memory',
        supplied: false,
        state: 'pending',
      };
      expect(await ofPeer()).to.deep.equal([{ ...record, direction: 'sent' }]);
      expect(await peer.call(there)).to.deep.equal([{ ...record, direction: 'received' }]);
      vmOffer(peer.pid, address, 0);
    });

    it('shows what others have offered to this process', async () => {
      const { region } = await peer.call('allocate', 2);
      const { id, address } = await peer.call('offer', process.pid, region, VMO_GRANT_R);
      expect(await ofPeer()).to.deep.equal([
        {
          id,
          srcPid: peer.pid,
          destPid: process.pid,
          address,
          byteLength: 2 * PAGE,
          flags: VMO_GRANT_R,
          kind: 'memory',
          supplied: false,
          state: 'pending',
          direction: 'received',
        },
      ]);
    });

    it('shows an offer of a process to itself both ways', async () => {
      using region = allocate(PAGE);
      const offer = vmOffer(process.pid, region, VMO_GRANT_R);
      const found = (await list()).filter(({ address }) => address === region.address);
      expect(found.map(({ direction }) => direction)).to.have.members(['sent', 'received']);
      expect(new Set(found.map(({ id }) => id))).to.deep.equal(new Set([offer.id]));
      offer.cancel();
    });

    it('does not show offers to another process', async () => {
      await using third = await startObedient();
      const { region } = await peer.call('allocate', 1);
      await peer.call('offer', third.pid, region, VMO_GRANT_R);
      expect(await ofPeer()).to.be.empty;
      expect(await third.call(there)).to.have.lengthOf(1);
    });

    it('does not show claimed or cancelled offers', async () => {
      using first = allocate(PAGE);
      using second = allocate(PAGE);
      const claimed = vmOffer(peer.pid, first, VMO_GRANT_R);
      await peer.call('claim', process.pid, first.address);
      await claimed.claimed;
      vmOffer(peer.pid, second, VMO_GRANT_R).cancel();
      expect(await ofPeer()).to.be.empty;
      expect(await peer.call(there)).to.be.empty;
    });

    it('does not show the offers of a source that has ended', async () => {
      const { region } = await peer.call('allocate', 1);
      await peer.call('offer', process.pid, region, VMO_GRANT_R);
      peer.kill('SIGKILL');
      await peer.ended;
      expect(await ofPeer()).to.be.empty;
    });

    it('gathers the offers of several sources', async () => {
      await using second = await startObedient();
      for (const source of [peer, second]) {
        const { region } = await source.call('allocate', 1);
        await source.call('offer', process.pid, region, VMO_GRANT_R);
      }
      const sources = (await list()).map(({ srcPid }) => srcPid);
      expect(sources).to.include.members([peer.pid, second.pid]);
    });

    it('leaves out a stopped process, and tells of the others', async () => {
      await using stopped = await startObedient();
      for (const source of [peer, stopped]) {
        const { region } = await source.call('allocate', 1);
        await source.call('offer', process.pid, region, VMO_GRANT_R);
      }
      await stop(stopped);
      const sources = (await list()).map(({ srcPid }) => srcPid);
      expect(sources).to.include(peer.pid).and.not.include(stopped.pid);
      resume(stopped);
      expect((await list()).map(({ srcPid }) => srcPid)).to.include(stopped.pid);
    });

    it('shows ten thousand offers of one source', async function () {
      this.timeout(120_000);
      requires(this, enoughDescriptors(11_000));
      const addresses = await peer.call('offerMany', process.pid, 10_000, VMO_GRANT_R);
      const found = await ofPeer();
      expect(new Set(found.map(({ address }) => address))).to.deep.equal(new Set(addresses));
      vmClaimSync(peer.pid, addresses[9_999] ?? 0n).release();
    });

    for (const behaviour of [
      'lists-nonsense',
      'lists-with-a-descriptor',
      'lists-more-than-it-says',
      'ends-its-list-twice',
      'never-lists',
      'hangs-up-on-a-list',
    ]) {
      it(`tells of honest sources beside a rogue that ${behaviour.replaceAll('-', ' ')}`, async () => {
        await using rogue = await startHostile('rogue_source', [behaviour]);
        const { region } = await peer.call('allocate', 1);
        const { address } = await peer.call('offer', process.pid, region, VMO_GRANT_R);
        const found = (await list()).filter(({ srcPid }) => srcPid === peer.pid || srcPid === rogue.pid);
        expect(found.map((offer) => offer.address)).to.deep.equal([address]);
      });
    }

    it('ends even beside rogues that list for ever, more of them than there are cores', async () => {
      const rogues = await Promise.all(Array.from({ length: availableParallelism() + 1 }, startFlood));
      try {
        const { region } = await peer.call('allocate', 1);
        const { address } = await peer.call('offer', process.pid, region, VMO_GRANT_R);
        const found = (await list()).filter(({ srcPid }) => srcPid === peer.pid);
        expect(found.map((offer) => offer.address)).to.deep.equal([address]);
      } finally {
        for (const rogue of rogues) await rogue[Symbol.asyncDispose]();
      }
    });
  });
}
