import { expect } from 'chai';
import { allocate, vmClaim, vmOffer, VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W, type Claim } from 'vmoffer';
import { startObedient, type Obedient } from '../support/obedient.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { needs, requires } from '../support/requires.js';
import { rejectionOf } from '../support/vmo-error.js';

const SEED = 141;
const PAGES = 16;

const FLAGS = [
  { name: 'granting R', flags: VMO_GRANT_R, isDisowning: false },
  { name: 'granting R and W', flags: VMO_GRANT_R | VMO_GRANT_W, isDisowning: false },
  { name: 'disowning', flags: VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN, isDisowning: true },
];

for (const { name, flags, isDisowning } of FLAGS) {
  describe(`an offer ${name}`, () => {
    let peer: Obedient;
    before(function () {
      requires(this, needs.probe);
    });
    beforeEach(async () => {
      peer = await startObedient();
    });
    afterEach(async () => {
      await peer[Symbol.asyncDispose]();
    });

    for (const checkpoint of ['claim.ask', 'claim.terms', 'claim.mapped'] as const) {
      it(`stays with its source when the claimer is killed at ${checkpoint}`, async () => {
        using region = allocate(PAGES * PAGE);
        fillPages(region.view(), SEED);
        const offer = vmOffer(peer.pid, region, flags);
        await peer.call('killAt', checkpoint);
        await peer.call('claim', process.pid, region.address).catch(() => undefined);
        expect(await peer.ended).to.include({ signal: 'SIGKILL' });
        expect(await offer.claimed).to.equal('expired');
        await offer.released;
        expectPages(region.view(), SEED);
      });
    }

    it('has one ending for both sides when the claimer is killed at claim.acknowledged', async () => {
      using region = allocate(PAGES * PAGE);
      fillPages(region.view(), SEED);
      const offer = vmOffer(peer.pid, region, flags);
      await peer.call('killAt', 'claim.acknowledged');
      await peer.call('claim', process.pid, region.address).catch(() => undefined);
      expect(await peer.ended).to.include({ signal: 'SIGKILL' });
      const ending = await offer.claimed;
      expect(region.disowned).to.equal(isDisowning && ending === 'claimed');
      if (!region.disowned) expectPages(region.view(), SEED);
      await offer.released;
    });

    for (const checkpoint of ['source.asked', 'source.terms-sent'] as const) {
      it(`is not claimed when the source is killed at ${checkpoint}`, async () => {
        const { region } = await peer.call('allocate', PAGES, SEED);
        const { address } = await peer.call('offer', process.pid, region, flags);
        await peer.call('killAt', checkpoint);
        const claim = await vmClaim(peer.pid, address).catch((error: unknown) => error);
        // Once the terms are sent, the source may be killed before the claimer has acknowledged, or after.
        if (checkpoint === 'source.asked') expect(claim).to.have.property('code', 'ERR_VMO_PEER_GONE');
        else if (!(claim instanceof Error)) expectPages((claim as Claim).view(), SEED);
        if (!(claim instanceof Error)) (claim as Claim).release();
      });
    }

    for (const checkpoint of ['source.acknowledged', 'source.dropped'] as const) {
      it(`belongs to the claimer when the source is killed at ${checkpoint}`, async () => {
        const { region } = await peer.call('allocate', PAGES, SEED);
        const { address } = await peer.call('offer', process.pid, region, flags);
        await peer.call('killAt', checkpoint);
        using claim = await vmClaim(peer.pid, address);
        expect(await peer.ended).to.include({ signal: 'SIGKILL' });
        expectPages(claim.view(), SEED);
      });
    }

    // Until the drop, the source checks whether the claim was taken back. Either of the two may come first.
    for (const checkpoint of ['source.acknowledged', 'source.dropped'] as const) {
      it(`has one owner when its claim is given up at ${checkpoint}`, async () => {
        const { region } = await peer.call('allocate', PAGES, SEED);
        const { address, offer } = await peer.call('offer', process.pid, region, flags);
        await peer.call('park', checkpoint);
        const controller = new AbortController();
        const pending = vmClaim(peer.pid, address, { signal: controller.signal, timeoutMs: 60_000 });
        const outcome = pending.catch((error: unknown) => error);
        await peer.call('parked', checkpoint);
        controller.abort();
        await peer.call('unpark', checkpoint);
        const isTakenBack = (await outcome) === controller.signal.reason;
        if (isTakenBack) expect(checkpoint).to.equal('source.acknowledged');
        using claim = isTakenBack ? await vmClaim(peer.pid, address) : ((await outcome) as Claim);
        expectPages(claim.view(), SEED);
        expect(await peer.call('claimed', offer)).to.equal('claimed');
      });
    }

    it('can be claimed after a claim that was given up before the terms were sent', async () => {
      const { region } = await peer.call('allocate', PAGES, SEED);
      const { address, offer } = await peer.call('offer', process.pid, region, flags);
      await peer.call('park', 'source.asked');
      const pending = rejectionOf(vmClaim(peer.pid, address, { timeoutMs: 20 }), 'ERR_VMO_TIMEOUT');
      await peer.call('parked', 'source.asked');
      await pending;
      await peer.call('unpark', 'source.asked');
      using claim = await vmClaim(peer.pid, address);
      expectPages(claim.view(), SEED);
      expect(await peer.call('claimed', offer)).to.equal('claimed');
    });

    it('cannot be cancelled while it is being claimed', async () => {
      const { region } = await peer.call('allocate', PAGES, SEED);
      const { address, offer } = await peer.call('offer', process.pid, region, flags);
      await peer.call('park', 'source.acknowledged');
      const pending = vmClaim(peer.pid, address, { timeoutMs: 60_000 });
      await peer.call('parked', 'source.acknowledged');
      expect(await peer.call('stateOf', offer)).to.equal('claiming');
      await rejectionOf(peer.call('cancel', offer), 'ERR_VMO_TOO_LATE');
      await rejectionOf(peer.call('cancelAt', process.pid, address), 'ERR_VMO_TOO_LATE');
      await peer.call('unpark', 'source.acknowledged');
      using claim = await pending;
      expectPages(claim.view(), SEED);
    });
  });
}
