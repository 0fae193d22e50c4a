import { expect } from 'chai';
import { vmClaim, VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W } from 'vmoffer';
import { holdersOf, objectDescriptors } from '../../support/holders.js';
import { startObedient, type Obedient } from '../../support/obedient.js';
import { expectPages, PAGE } from '../../support/pages.js';
import type { Checkpoint } from '../../support/probe.js';
import { needs, requires } from '../../support/requires.js';

const SEED = 311;
const PAGES = 64;
const SHARED = VMO_GRANT_R | VMO_GRANT_W;

const WAYS = [
  { name: 'a share', flags: SHARED, isDisowned: false },
  { name: 'a share to read', flags: VMO_GRANT_R, isDisowned: false },
  { name: 'a disowned range', flags: SHARED | VMO_DISOWN, isDisowned: true },
];

for (const { name, flags, isDisowned } of WAYS) {
  for (const part of [undefined, { first: 16, count: 8 }]) {
    describe(`${name}${part ? ', a part of a region' : ''}, with a crash in the middle of its claim,`, () => {
      const { first, count } = part ?? { first: 0, count: PAGES };
      let source: Obedient;
      let claimer: Obedient;
      let region: number;
      let offer: { offer: number; address: bigint };
      beforeEach(async function () {
        requires(this, needs.probe);
        source = await startObedient();
        claimer = await startObedient();
        ({ region } = await source.call('allocate', PAGES, SEED));
        offer = await source.call('offerPages', claimer.pid, region, first, count, flags);
      });
      afterEach(async () => {
        await source[Symbol.asyncDispose]();
        await claimer[Symbol.asyncDispose]();
      });

      async function claimWhileKilledAt(victim: Obedient, checkpoint: Checkpoint) {
        await victim.call('killAt', checkpoint);
        const claim = await claimer.call('claim', source.pid, offer.address).catch(() => undefined);
        expect(await victim.ended).to.include({ signal: 'SIGKILL' });
        return claim;
      }

      /** It has every byte, and so much to itself that it can give it away. */
      async function expectSourceOwnsAll(): Promise<void> {
        expect(await source.call('difference', region, SEED)).to.be.undefined;
        const { address } = await source.call('offerPages', process.pid, region, first, count, SHARED | VMO_DISOWN);
        using claim = await vmClaim(source.pid, address);
        expectPages(claim.view(), SEED, first);
      }

      /** It has every byte, and can pass on what it was granted. */
      async function expectClaimerHasIt(claimed: number): Promise<void> {
        const inode = await claimer.call('inode', claimed);
        expect(holdersOf(inode, [source.pid, claimer.pid])).to.deep.equal([claimer.pid]);
        const { address } = await claimer.call('offer', process.pid, claimed, flags & SHARED);
        using received = await vmClaim(claimer.pid, address);
        expectPages(received.view(), SEED, first);
      }

      for (const checkpoint of ['claim.ask', 'claim.terms', 'claim.mapped'] as const) {
        it(`is the source's alone when the claimer is killed at ${checkpoint}`, async () => {
          await claimWhileKilledAt(claimer, checkpoint);
          expect(await source.call('claimed', offer.offer)).to.equal('expired');
          await source.call('released', offer.offer);
          await expectSourceOwnsAll();
        });
      }

      it('is as the ending says when the claimer is killed at claim.acknowledged', async () => {
        await claimWhileKilledAt(claimer, 'claim.acknowledged');
        const ending = await source.call('claimed', offer.offer);
        await source.call('released', offer.offer);
        expect(ending).to.be.oneOf(['claimed', 'expired']);
        if (!isDisowned || ending === 'expired') return expectSourceOwnsAll();
        // It had become the claimer's, and went with it.
        expect(await source.call('disowned', region)).to.equal(!part);
        if (part) expect(await source.call('isZeroed', region, first, count)).to.be.true;
      });

      it("is nobody's when the source is killed at source.asked", async () => {
        expect(await claimWhileKilledAt(source, 'source.asked')).to.be.undefined;
        expect(objectDescriptors(claimer.pid)).to.equal(0);
      });

      it("is the claimer's as a whole or not at all when the source is killed at source.granted", async () => {
        const claim = await claimWhileKilledAt(source, 'source.granted');
        if (claim) await expectClaimerHasIt(claim.region);
        else expect(objectDescriptors(claimer.pid)).to.equal(0);
      });

      for (const checkpoint of ['source.acknowledged', 'source.dropped'] as const) {
        it(`is the claimer's when the source is killed at ${checkpoint}`, async () => {
          const claim = await claimWhileKilledAt(source, checkpoint);
          expect(claim).to.include({ byteLength: count * PAGE });
          await expectClaimerHasIt(claim?.region ?? 0);
        });
      }
    });
  }
}
