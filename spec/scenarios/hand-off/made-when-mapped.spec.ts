import { expect } from 'chai';
import {
  allocate,
  VMO_DISOWN,
  VMO_DROP_W,
  VMO_GRANT_R,
  VMO_GRANT_W,
  vmListOfferSync,
  vmOffer,
  type Region,
} from 'vmoffer';
import { startObedient, type Obedient } from '../../support/obedient.js';
import { fillPages, PAGE } from '../../support/pages.js';
import { parked, probe } from '../../support/probe.js';
import { needs, requires } from '../../support/requires.js';
import { rejectionOf, thrownBy } from '../../support/vmo-error.js';

const SEED = 613;
const PAGES = 4;
const SHARED = VMO_GRANT_R | VMO_GRANT_W;
const WAYS = ['claim', 'claimSync'] as const;

describe('a claim of an offer that drops nothing', () => {
  let claimer: Obedient;
  let bystander: Obedient;
  let region: Region;
  before(function () {
    requires(this, needs.probe);
  });
  beforeEach(async () => {
    region = allocate(PAGES * PAGE);
    fillPages(region.view(), SEED);
    [claimer, bystander] = await Promise.all([startObedient(), startObedient()]);
  });
  afterEach(async () => {
    probe().unpark('source.acknowledged');
    probe().unpark('source.asked');
    await claimer[Symbol.asyncDispose]();
    await bystander[Symbol.asyncDispose]();
    region.release();
  });

  for (const way of WAYS) {
    for (const flags of [VMO_GRANT_R, SHARED]) {
      it(`is made when it is mapped, whatever its source is doing (${way}, flags ${flags})`, async () => {
        const offer = vmOffer(claimer.pid, region, flags);
        probe().park('source.acknowledged');
        const claim = await claimer.call(way, process.pid, offer.address);
        await parked('source.acknowledged');
        expect(await claimer.call('difference', claim.region, SEED)).to.be.undefined;
        await claimer.call('release', claim.region);
        probe().unpark('source.acknowledged');
        expect(await offer.claimed).to.equal('claimed');
        await offer.released;
      });
    }

    it(`waits for its source if it asks for immutable memory (${way})`, async () => {
      const offer = vmOffer(claimer.pid, region, VMO_GRANT_R);
      probe().park('source.acknowledged');
      const options = { immutable: true, timeoutMs: 100 };
      await rejectionOf(claimer.call(way, process.pid, offer.address, options), 'ERR_VMO_TIMEOUT');
    });

    it(`waits for its source if the source drops a right (${way})`, async () => {
      const offer = vmOffer(claimer.pid, region, VMO_GRANT_R | VMO_DROP_W);
      probe().park('source.acknowledged');
      await rejectionOf(claimer.call(way, process.pid, offer.address, { timeoutMs: 100 }), 'ERR_VMO_TIMEOUT');
    });
  }

  /** The claimer has acknowledged. This process's broker has not read that yet, because it is parked at another claim. */
  async function claimUnheard(flags: number) {
    const offer = vmOffer(claimer.pid, region, flags);
    await claimer.call('park', 'claim.mapped');
    const claimed = claimer.call('claim', process.pid, offer.address);
    await claimer.call('parked', 'claim.mapped');
    probe().park('source.asked');
    bystander.call('claim', process.pid, 0x1000n).catch(() => undefined);
    await parked('source.asked');
    await claimer.call('unpark', 'claim.mapped');
    return { offer, claim: await claimed };
  }

  it('is known to its source as soon as the source can have learned of it', async () => {
    const { offer } = await claimUnheard(VMO_GRANT_R);
    probe().unpark('source.asked');
    expect(offer.state).to.equal('claimed');
  });

  it('lets its address be offered again from then on', async () => {
    await claimUnheard(VMO_GRANT_R);
    probe().unpark('source.asked');
    const again = vmOffer(claimer.pid, region, VMO_GRANT_R);
    expect(again.cancel()).to.be.true;
  });

  it('can no longer be cancelled from then on, by address or by offer', async () => {
    const { offer } = await claimUnheard(VMO_GRANT_R);
    probe().unpark('source.asked');
    expect(vmOffer(claimer.pid, region.address, 0, 0)).to.be.false;
    thrownBy(() => offer.cancel(), 'ERR_VMO_TOO_LATE');
  });

  it('is in no list from then on, and cannot be claimed twice', async () => {
    const { offer, claim } = await claimUnheard(VMO_GRANT_R);
    probe().unpark('source.asked');
    const lists = vmListOfferSync().filter(
      ({ address, direction }) => address === offer.address && direction === 'sent',
    );
    expect(lists).to.deep.equal([]);
    await rejectionOf(claimer.call('claim', process.pid, offer.address), 'ERR_VMO_NOT_OFFERED');
    await claimer.call('release', claim.region);
    await offer.released;
  });

  it('stays held after a second claim of it has made the source read the acknowledgement', async () => {
    const { offer, claim } = await claimUnheard(VMO_GRANT_R);
    await claimer.call('park', 'claim.ask');
    const second = rejectionOf(claimer.call('claim', process.pid, offer.address), 'ERR_VMO_NOT_OFFERED');
    await claimer.call('parked', 'claim.ask');
    await claimer.call('unpark', 'claim.ask');
    await claimer.call('immutable', claim.region); // by now the source has been asked
    probe().unpark('source.asked');
    await second;
    await using other = await startObedient();
    const exclusive = vmOffer(other.pid, region, SHARED | VMO_DISOWN);
    await rejectionOf(other.call('claim', process.pid, exclusive.address), 'ERR_VMO_BUSY');
    exclusive.cancel();
    await claimer.call('release', claim.region);
    await offer.released;
  });

  it('counts if the claimer has passed the memory on and ended before its source has learned of it', async () => {
    const { offer, claim } = await claimUnheard(SHARED);
    await using third = await startObedient();
    const onward = await claimer.call('offer', third.pid, claim.region, VMO_GRANT_R);
    const { region: passed } = await third.call('claim', claimer.pid, onward.address);
    claimer.kill('SIGKILL');
    await claimer.ended;
    probe().unpark('source.asked');
    expect(await offer.claimed).to.equal('claimed');
    thrownBy(() => offer.cancel(), 'ERR_VMO_TOO_LATE');
    await using fourth = await startObedient();
    const exclusive = vmOffer(fourth.pid, region, SHARED | VMO_DISOWN);
    await rejectionOf(fourth.call('claim', process.pid, exclusive.address), 'ERR_VMO_BUSY');
    await third.call('release', passed);
    await offer.released;
  });
});
