import { expect } from 'chai';
import type { ClaimOptions } from 'vmoffer';
import { VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W } from 'vmoffer';
import { until } from '../../support/barriers.js';
import { stepsOfClaim } from '../../support/claim-steps.js';
import { objectDescriptors } from '../../support/holders.js';
import type { Obedient } from '../../support/obedient.js';
import { offerRange } from '../../support/offered-range.js';
import { needs, requires } from '../../support/requires.js';
import { resume, stop } from '../../support/stopped.js';
import { rejectionOf } from '../../support/vmo-error.js';

const SEED = 577;
const PAGES = 64;
const DISOWNED = VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN;
const IMPATIENT: ClaimOptions = { timeoutMs: 100 };

type Claim = Awaited<ReturnType<typeof claimOf>>;
const claimOf = (claimer: Obedient, way: 'claim' | 'claimSync', source: number, address: bigint, how: ClaimOptions) =>
  claimer.call(way, source, address, how);

for (const part of [undefined, { first: 16, count: 8 }]) {
  describe(`a disowned range${part ? ', a part of a region' : ''}, whose source or claimer is slower than every deadline,`, () => {
    const { first, count } = part ?? { first: 0, count: PAGES };
    let source: Obedient;
    let claimer: Obedient;
    let region: number;
    let offer: { offer: number; address: bigint };
    before(function () {
      requires(this, needs.probe);
    });
    beforeEach(async () => {
      const range = { pages: PAGES, seed: SEED, flags: DISOWNED };
      ({ source, claimer, region, offer } = await offerRange(range, { first, count }));
    });
    afterEach(async () => {
      await source[Symbol.asyncDispose]();
      await claimer[Symbol.asyncDispose]();
    });

    const claim = (way: 'claim' | 'claimSync', options: ClaimOptions = {}): Promise<Claim> =>
      claimOf(claimer, way, source.pid, offer.address, options);

    /** The claim has every byte, and is the only holder: when it is released, the memory is freed. */
    async function expectClaimed(claimed: Claim): Promise<void> {
      expect(await claimer.call('differenceFrom', claimed.region, SEED, first)).to.be.undefined;
      await claimer.call('release', claimed.region);
      await until('the claimer has nothing left', () => objectDescriptors(claimer.pid) === 0);
    }

    async function expectClaimEnded(): Promise<void> {
      expect(await source.call('claimed', offer.offer)).to.equal('claimed');
      await source.call('released', offer.offer);
    }

    const stepsOfSource = stepsOfClaim({ isPart: part !== undefined }).filter(({ side }) => side === 'source');
    for (const way of ['claim', 'claimSync'] as const) {
      for (const { checkpoint } of stepsOfSource) {
        it(`arrives with a further ${way} when the source is held up at ${checkpoint}`, async () => {
          await source.call('park', checkpoint);
          await rejectionOf(claim(way, IMPATIENT), 'ERR_VMO_TIMEOUT');
          await rejectionOf(claim(way, IMPATIENT), 'ERR_VMO_TIMEOUT');
          const further = claim(way);
          await source.call('unpark', checkpoint);
          await expectClaimed(await further);
          await expectClaimEnded();
        });

        it(`arrives with a later ${way} when the source has gone on from ${checkpoint} before`, async () => {
          await source.call('park', checkpoint);
          await rejectionOf(claim(way, IMPATIENT), 'ERR_VMO_TIMEOUT');
          await source.call('unpark', checkpoint);
          await expectClaimed(await claim(way));
          await expectClaimEnded();
        });
      }

      for (const checkpoint of ['source.acknowledged', 'source.dropping', 'source.dropped'] as const) {
        it(`arrives with a further ${way} when the source dies where it was held up, at ${checkpoint}`, async () => {
          await source.call('park', checkpoint);
          await rejectionOf(claim(way, IMPATIENT), 'ERR_VMO_TIMEOUT');
          source.kill('SIGKILL');
          await source.ended;
          await expectClaimed(await claim(way));
        });
      }

      it(`arrives with a further ${way} when the source was stopped`, async () => {
        await stop(source);
        await rejectionOf(claim(way, IMPATIENT), 'ERR_VMO_TIMEOUT');
        resume(source);
        await expectClaimed(await claim(way));
        await expectClaimEnded();
      });

      // The source does not wait for ever: a silent claimer that has the descriptor may hold the memory.
      it(`arrives with ${way} when the claimer was stopped until its source had gone ahead without it`, async () => {
        await source.call('park', 'source.asked');
        const pending = claim(way, IMPATIENT).catch(() => undefined);
        await source.call('parked', 'source.asked');
        await stop(claimer);
        await source.call('unpark', 'source.asked');
        const hasGoneAhead = await Promise.race([source.call('claimed', offer.offer), source.ended]);
        resume(claimer);
        const claimed = (await pending) ?? (await claim(way));
        expect(hasGoneAhead).to.equal('claimed');
        await expectClaimed(claimed);
        await expectClaimEnded();
      });
    }

    it('stays with the source when the claimer dies after it has lost patience', async () => {
      await source.call('park', 'source.terms-sent');
      await rejectionOf(claim('claim', IMPATIENT), 'ERR_VMO_TIMEOUT');
      claimer.kill('SIGKILL');
      await claimer.ended;
      await source.call('unpark', 'source.terms-sent');
      expect(await source.call('claimed', offer.offer)).to.equal('expired');
      await source.call('released', offer.offer);
      expect(await source.call('difference', region, SEED)).to.be.undefined;
    });
  });
}
