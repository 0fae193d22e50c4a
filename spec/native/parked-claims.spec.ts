import { expect } from 'chai';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { allocate, vmClaim, vmOffer, VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W, type Offer, type Region } from 'vmoffer';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { parked, probe, type Checkpoint } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';
import { rejectionOf, thrownBy } from '../support/vmo-error.js';

const GIVE_AWAY = VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN;
const TIMEOUT_MS = 100;

type Outcome = { firstByte: number } | { code: string };

/** Claims on a thread of its own, because the claim waits for its source, whose broker is parked. */
function claimInWorker(offer: Offer, timeoutMs = TIMEOUT_MS): Promise<Outcome> {
  const workerData = { address: offer.address, options: { timeoutMs } };
  const worker = new Worker(new URL('./workers/claim-once.js', import.meta.url), { workerData });
  return once(worker, 'message').then(([outcome]) => outcome as Outcome);
}

describe('a claim whose source is held up', () => {
  let region: Region;

  before(function () {
    requires(this, needs.probe);
  });
  beforeEach(() => {
    region = allocate(4 * PAGE);
    fillPages(region.view(), 1);
  });

  afterEach(() => {
    for (const checkpoint of BEFORE) probe().unpark(checkpoint);
    probe().unpark('source.acknowledged');
    region.release();
  });

  const BEFORE: Checkpoint[] = ['source.asked', 'source.terms-sent'];
  for (const checkpoint of BEFORE) {
    it(`at ${checkpoint} times out, and the offer stands as before`, async () => {
      const offer = vmOffer(process.pid, region, GIVE_AWAY);
      probe().park(checkpoint);
      const outcome = claimInWorker(offer);
      await parked(checkpoint);
      if (checkpoint === 'source.asked') expect(await outcome).to.deep.equal({ code: 'ERR_VMO_TIMEOUT' });
      else await pause(2 * TIMEOUT_MS);
      probe().unpark(checkpoint);
      if ('firstByte' in (await outcome)) {
        expect(await offer.claimed).to.equal('claimed');
        return;
      }
      using claim = await vmClaim(process.pid, offer.address);
      expectPages(claim.view(), 1);
    });
  }

  // After MAPPED a claimer must not end the claim alone: it has the memory, or nobody would have the bytes.
  it('at source.acknowledged: whether or not it times out, both sides agree on who has the memory', async () => {
    const offer = vmOffer(process.pid, region, GIVE_AWAY);
    const firstByte = region.view()[0];
    probe().park('source.acknowledged');
    const outcome = claimInWorker(offer);
    await parked('source.acknowledged');
    await Promise.race([outcome, pause(5 * TIMEOUT_MS)]); // long enough for the claimer to lose its patience
    probe().unpark('source.acknowledged');
    if ('firstByte' in (await outcome)) {
      expect(await outcome).to.deep.equal({ firstByte });
      expect(await offer.claimed).to.equal('claimed');
    } else {
      using claim = await vmClaim(process.pid, offer.address);
      expectPages(claim.view(), 1);
    }
  });
});

describe('a claim that is held up', () => {
  before(function () {
    requires(this, needs.probe);
  });

  const UNDER_WAY: Checkpoint[] = ['claim.terms', 'claim.mapped'];
  for (const checkpoint of UNDER_WAY) {
    it(`at ${checkpoint}: the offer can be neither cancelled nor claimed by another`, async () => {
      using region = allocate(4 * PAGE);
      fillPages(region.view(), 1);
      const offer = vmOffer(process.pid, region, VMO_GRANT_R);
      probe().park(checkpoint);
      const outcome = claimInWorker(offer, 20_000);
      await parked(checkpoint);
      expect(offer.state).to.equal('claiming');
      thrownBy(() => offer.cancel(), 'ERR_VMO_TOO_LATE');
      thrownBy(() => vmOffer(process.pid, offer.address, 0), 'ERR_VMO_TOO_LATE');
      await rejectionOf(vmClaim(process.pid, offer.address), 'ERR_VMO_BUSY');
      probe().unpark(checkpoint);
      expect(await outcome).to.deep.equal({ firstByte: region.view()[0] });
      expect(await offer.claimed).to.equal('claimed');
    });
  }
});
