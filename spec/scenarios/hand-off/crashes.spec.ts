import { expect } from 'chai';
import { vmClaim, VMO_DISOWN, VMO_DROP_W, VMO_GRANT_R, VMO_GRANT_W } from 'vmoffer';
import { stepsOfClaim } from '../../support/claim-steps.js';
import { holdersOf, objectDescriptors, objectInodes } from '../../support/holders.js';
import { until } from '../../support/barriers.js';
import type { Obedient } from '../../support/obedient.js';
import { offerRange } from '../../support/offered-range.js';
import { expectPages, PAGE } from '../../support/pages.js';
import type { Checkpoint } from '../../support/probe.js';
import { allPids } from '../../support/processes.js';
import { needs, requires } from '../../support/requires.js';

const SEED = 311;
const PAGES = 64;
const SHARED = VMO_GRANT_R | VMO_GRANT_W;

const WAYS = [
  { name: 'a share', flags: SHARED, isDisowned: false },
  { name: 'a share to read', flags: VMO_GRANT_R, isDisowned: false },
  { name: 'memory that nobody is to write any more', flags: VMO_GRANT_R | VMO_DROP_W, isDisowned: false },
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
      before(function () {
        requires(this, needs.probe);
      });
      beforeEach(async () => {
        ({ source, claimer, region, offer } = await offerRange({ pages: PAGES, seed: SEED, flags }, { first, count }));
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

      /** The source has every byte, and owns the memory alone, so that it can disown it. */
      async function expectSourceOwnsAll(granted = SHARED): Promise<void> {
        expect(await source.call('difference', region, SEED)).to.be.undefined;
        const { address } = await source.call('offerPages', process.pid, region, first, count, granted | VMO_DISOWN);
        using claim = await vmClaim(source.pid, address);
        expectPages(claim.view(), SEED, first);
      }

      /** The claimer has every byte, and can pass on its rights. */
      async function expectClaimerHasIt(claimed: number): Promise<void> {
        const inode = await claimer.call('inode', claimed);
        expect(holdersOf(inode, [source.pid, claimer.pid])).to.deep.equal([claimer.pid]);
        const { address } = await claimer.call('offer', process.pid, claimed, flags & SHARED);
        using received = await vmClaim(claimer.pid, address);
        expectPages(received.view(), SEED, first);
      }

      for (const checkpoint of ['claim.ask', 'claim.terms', 'claim.mapped'] as const) {
        it(`belongs to the source alone when the claimer is killed at ${checkpoint}`, async () => {
          await claimWhileKilledAt(claimer, checkpoint);
          expect(await source.call('claimed', offer.offer)).to.equal('expired');
          await source.call('released', offer.offer);
          await expectSourceOwnsAll();
        });
      }

      it('belongs to the side that the ending names when the claimer is killed at claim.acknowledged', async () => {
        await claimWhileKilledAt(claimer, 'claim.acknowledged');
        const ending = await source.call('claimed', offer.offer);
        await source.call('released', offer.offer);
        expect(ending).to.be.oneOf(['claimed', 'expired']);
        // Rights that the source had dropped by then stay dropped.
        if (!isDisowned || ending === 'expired') {
          return expectSourceOwnsAll(ending === 'expired' ? SHARED : SHARED & ~(flags >> 3));
        }
        // The memory had become the claimer's, and went with it.
        expect(await source.call('disowned', region)).to.equal(!part);
        if (part) expect(await source.call('isZeroed', region, first, count)).to.be.true;
      });

      for (const checkpoint of part
        ? (['source.asked', 'source.packing', 'source.packed'] as const)
        : (['source.asked'] as const)) {
        it(`belongs to nobody when the source is killed at ${checkpoint}`, async () => {
          expect(await claimWhileKilledAt(source, checkpoint)).to.be.undefined;
          expect(objectDescriptors(claimer.pid)).to.equal(0);
        });
      }

      it('belongs to the claimer as a whole or not at all when the source is killed at source.terms-sent', async () => {
        const claim = await claimWhileKilledAt(source, 'source.terms-sent');
        if (claim) await expectClaimerHasIt(claim.region);
        else expect(objectDescriptors(claimer.pid)).to.equal(0);
      });

      for (const checkpoint of ['source.acknowledged', 'source.dropping', 'source.dropped'] as const) {
        it(`belongs to the claimer when the source is killed at ${checkpoint}`, async () => {
          const claim = await claimWhileKilledAt(source, checkpoint);
          expect(claim).to.include({ byteLength: count * PAGE });
          await expectClaimerHasIt(claim?.region ?? 0);
        });
      }

      for (const { checkpoint, side } of stepsOfClaim({ isPart: part !== undefined })) {
        it(`is gone when both are killed at ${checkpoint}: a third process is told that nobody has it`, async () => {
          const { address } = await source.call('offerPages', process.pid, region, first, count, VMO_GRANT_R);
          const parkedSide = side === 'source' ? source : claimer;
          await parkedSide.call('park', checkpoint);
          void claimer.call('claim', source.pid, offer.address, { timeoutMs: 60_000 }).catch(() => undefined);
          await parkedSide.call('parked', checkpoint);
          const inodes = [source.pid, claimer.pid].flatMap(objectInodes);
          expect(inodes).not.to.be.empty;
          for (const victim of [source, claimer]) victim.kill('SIGKILL');
          await Promise.all([source.ended, claimer.ended]);
          await until('nobody has the memory', () => inodes.every((inode) => holdersOf(inode, allPids()).length === 0));
          const error: unknown = await vmClaim(source.pid, address).catch((reason: unknown) => reason);
          expect(error).to.have.property('code').that.is.oneOf(['ERR_VMO_NO_PROCESS', 'ERR_VMO_PEER_GONE']);
        });
      }
    });
  }
}
