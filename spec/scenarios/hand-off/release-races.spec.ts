import { expect } from 'chai';
import {
  allocate,
  VMO_DISOWN,
  VMO_GRANT_R,
  VMO_GRANT_W,
  vmClaim,
  vmListOfferSync,
  vmOffer,
  type ClaimOptions,
} from 'vmoffer';
import type { ObedientCommands } from '../../../fixtures/obedient.js';
import { expectPages, fillPages, PAGE } from '../../support/pages.js';
import { parked, probe } from '../../support/probe.js';
import { needs, requires } from '../../support/requires.js';
import { thrownBy } from '../../support/vmo-error.js';
import { startWorker, type FixtureWorker } from '../../support/worker.js';

const SEED = 977;
const PAGES = 16;
const PULLED: ClaimOptions = { transfer: 'pull', paging: 'userfault' };

/** The pages that are offered onward. */
const RANGES = { 'the whole': { first: 0, count: PAGES }, 'a part': { first: 4, count: 3 } };
const WAYS = { 'was shared': VMO_GRANT_R, 'was disowned': VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN };

// When the region is released, only the source has the pages that were not pulled yet.
for (const [way, flags] of Object.entries(WAYS)) {
  for (const hasBuffer of [false, true]) {
    describe(`a pulled claim ${hasBuffer ? 'with' : 'without'} a buffer, of memory that ${way}, released on one thread while others offer it`, () => {
      let releaser: FixtureWorker<ObedientCommands>;
      let claim: { region: number; address: bigint };

      before(function () {
        requires(this, needs.probe, needs.userfault);
      });
      beforeEach(async () => {
        using source = allocate(PAGES * PAGE);
        fillPages(source.view(), SEED);
        const { address } = vmOffer(process.pid, source, flags);
        releaser = await startWorker();
        claim = await releaser.call('claimSync', process.pid, address, PULLED);
        if (hasBuffer) await releaser.call('read', claim.region, 0);
      });
      afterEach(async () => {
        probe().unpark('region.releasing');
        probe().unpark('offer.checked');
        await releaser.terminate();
      });

      for (const [what, { first, count }] of Object.entries(RANGES)) {
        const offered = () => claim.address + BigInt(first * PAGE);

        it(`is refused as an offer once its release has begun: ${what}`, async () => {
          probe().park('region.releasing');
          const released = releaser.call('release', claim.region);
          await parked('region.releasing');
          thrownBy(() => vmOffer(process.pid, offered(), count * PAGE, VMO_GRANT_R), 'ERR_VMO_NOT_OWNED');
          probe().unpark('region.releasing');
          await released;
          expect(vmListOfferSync().some(({ address }) => address === offered())).to.be.false;
        });

        it(`arrives whole if its offer was under way before: ${what}`, async () => {
          await using offerer = await startWorker();
          probe().park('offer.checked');
          const offer = offerer.call('offerAt', process.pid, offered(), count * PAGE, VMO_GRANT_R);
          await parked('offer.checked');
          await releaser.call('release', claim.region);
          probe().unpark('offer.checked');
          await offer;
          using further = await vmClaim(process.pid, offered());
          expectPages(further.view(), SEED, first);
        });
      }
    });
  }
}
