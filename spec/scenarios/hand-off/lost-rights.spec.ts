import { expect } from 'chai';
import { allocate, VMO_DISOWN, VMO_DROP_W, VMO_GRANT_R, VMO_GRANT_W, vmClaim, vmOffer, type Offer } from 'vmoffer';
import { startHostile } from '../../support/child.js';
import { startObedient } from '../../support/obedient.js';
import { PAGE } from '../../support/pages.js';
import { parked, probe } from '../../support/probe.js';
import { needs, requires } from '../../support/requires.js';
import { rejectionOf } from '../../support/vmo-error.js';
import { startWorker } from '../../support/worker.js';

describe('an offer that is made while its memory is disowned', () => {
  before(function () {
    requires(this, needs.probe);
  });

  it('is refused if the memory is gone since the offer was checked', async () => {
    await using other = await startObedient();
    await using worker = await startWorker();
    const { region, address } = await worker.call('allocate', 1);
    const { claimed } = vmOffer(process.pid, address, PAGE, VMO_GRANT_R | VMO_DISOWN) as Offer;
    probe().park('offer.checked');
    const late = rejectionOf(worker.call('offer', other.pid, region, VMO_GRANT_R), 'ERR_VMO_NOT_OWNED');
    await parked('offer.checked');
    using claim = await vmClaim(process.pid, address);
    expect(await claimed).to.equal('claimed');
    probe().unpark('offer.checked');
    await late;
    await rejectionOf(other.call('claim', process.pid, address), 'ERR_VMO_NOT_OFFERED');
    expect(claim.view()[0]).to.equal(0);
  });
});

describe('an offer whose claim is declined after its source has lost a granted right', () => {
  it('ends as revoked: a right to write that was dropped meanwhile is not granted', async () => {
    await using reader = await startObedient();
    using region = allocate(PAGE);
    await using rogue = await startHostile('rogue_claimer', [process.pid]);
    const writing = vmOffer(rogue.pid, region, VMO_GRANT_R | VMO_GRANT_W);
    rogue.say(`takes-and-stays-silent ${region.address}`);
    await rogue.event('result');
    const reading = vmOffer(reader.pid, region, VMO_GRANT_R | VMO_DROP_W);
    const claim = await reader.call('claim', process.pid, reading.address);
    expect(claim.immutable).to.be.false; // a process that may write can have it by now
    expect(writing.state).to.equal('claiming');
    rogue.say('declines-what-it-took 0');
    expect(await writing.claimed).to.equal('revoked');
  });
});
