import { expect } from 'chai';
import { allocate, VMO_DROP_W, VMO_GRANT_R, VMO_GRANT_W, vmOffer } from 'vmoffer';
import { startHostile } from '../../support/child.js';
import { startObedient } from '../../support/obedient.js';
import { PAGE } from '../../support/pages.js';

describe('an offer whose claim is declined when its source has lost what it grants', () => {
  it('ends as revoked: a right to write that was given up meanwhile is not granted', async () => {
    await using reader = await startObedient();
    using region = allocate(PAGE);
    await using rogue = await startHostile('rogue_claimer', [process.pid]);
    const writing = vmOffer(rogue.pid, region, VMO_GRANT_R | VMO_GRANT_W);
    rogue.say(`takes-and-stays-silent ${region.address}`);
    await rogue.event('result');
    const reading = vmOffer(reader.pid, region, VMO_GRANT_R | VMO_DROP_W);
    const claim = await reader.call('claim', process.pid, reading.address);
    expect(claim.immutable).to.be.false; // a writer may have it by now
    expect(writing.state).to.equal('claiming');
    rogue.say('declines-what-it-took 0');
    expect(await writing.claimed).to.equal('revoked');
  });
});
