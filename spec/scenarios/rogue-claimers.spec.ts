import { expect } from 'chai';
import { allocate, vmOffer, VMO_GRANT_R, VMO_GRANT_W, type Offer, type Region } from 'vmoffer';
import { until } from '../support/barriers.js';
import { startHostile, type Child } from '../support/child.js';
import { openDescriptors } from '../support/fds.js';
import { expectHonestClaim } from '../support/honest-claim.js';
import { startObedient } from '../support/obedient.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { needs, requires } from '../support/requires.js';

const SEED = 41;
const PAGES = 4;

const NOT_OFFERED = { is: 'refused', code: 3 };
const MALFORMED = { is: 'refused', code: 10 };
const HUNG_UP = { is: 'hung-up' };

/** The replies to a rogue that got no terms. The offer made to it must stand afterwards. */
const REPLIES: Record<string, object> = {
  'speaks-nonsense': MALFORMED,
  'sends-one-byte': MALFORMED,
  'sends-a-long-packet': HUNG_UP,
  'claims-with-half-an-address': MALFORMED,
  'claims-for-a-transfer-that-is-none': MALFORMED,
  'has-another-version': MALFORMED,
  'maps-before-it-claims': HUNG_UP,
  'says-done': HUNG_UP,
  'sends-terms': HUNG_UP,
  'declines-before-it-claims': HUNG_UP,
  'sends-descriptors': HUNG_UP,
  'announces-what-it-has-not': HUNG_UP,
};

describe('a source with a rogue claimer', () => {
  let region: Region;
  let rogue: Child;
  let offer: Offer;
  let descriptors: number;
  before(expectHonestClaim);
  beforeEach(async () => {
    region = allocate(PAGES * PAGE);
    fillPages(region.view(), SEED);
    rogue = await startHostile('rogue_claimer', [process.pid]);
    offer = vmOffer(rogue.pid, region, VMO_GRANT_R);
    descriptors = openDescriptors().size;
  });
  afterEach(async () => {
    expectPages(region.view(), SEED);
    region.release();
    await rogue[Symbol.asyncDispose]();
    await offer.released;
  });

  async function resultOf(behaviour: string, address = region.address): Promise<unknown> {
    rogue.say(`${behaviour} ${address}`);
    return rogue.event('result');
  }

  /** Checks that its broker still answers, and still has the offer. */
  async function expectStanding(): Promise<void> {
    expect(offer.state).to.equal('pending');
    expect(await resultOf('takes-and-acknowledges')).to.deep.include({ is: 'done' });
    expect(await offer.claimed).to.equal('claimed');
  }

  it('hands the rogue its memory if it behaves', async () => {
    expect(await resultOf('claims')).to.deep.include({ is: 'terms', descriptors: 1 });
  });

  for (const [behaviour, reply] of Object.entries(REPLIES)) {
    it(`hangs up or refuses when it ${behaviour.replaceAll('-', ' ')}, and the offer stands`, async () => {
      const result = await resultOf(behaviour);
      if (!(behaviour === 'sends-descriptors' && needs.refusalOfDescriptors.isMet()))
        expect(result).to.deep.equal(reply);
      else expect(result).to.deep.equal({ is: 'refused by the kernel' });
      await until('no descriptor is left', () => openDescriptors().size <= descriptors);
      await expectStanding();
    });
  }

  it('refuses it memory that was offered to another, as if nothing were there', async () => {
    await using honest = await startObedient();
    using other = allocate(PAGE);
    vmOffer(honest.pid, other, VMO_GRANT_R);
    expect(await resultOf('claims', other.address)).to.deep.equal(NOT_OFFERED);
    expect(await resultOf('claims', other.address + 0x1000_0000n)).to.deep.equal(NOT_OFFERED);
    await honest.call('claim', process.pid, other.address);
  });

  it('lets the offer stand when it claims and declines at once, whether or not the terms were sent by then', async () => {
    expect(await resultOf('claims-and-declines-at-once'))
      .to.have.property('is')
      .that.is.oneOf(['hung-up', 'terms']);
    await until('the offer stands', () => offer.state === 'pending');
    await expectStanding();
  });

  it('lets the offer stand when it takes the descriptor and declines', async () => {
    expect(await resultOf('takes-and-declines')).to.deep.equal(HUNG_UP);
    await expectStanding();
  });

  for (const behaviour of ['takes-and-stays-silent', 'takes-and-hangs-up']) {
    it(`has everything it had when it ${behaviour.replaceAll('-', ' ')} and ends`, async () => {
      await resultOf(behaviour);
      rogue.kill('SIGKILL');
      expect(await offer.claimed).to.equal('expired');
      await offer.released;
      expectPages(region.view(), SEED);
    });
  }

  it('serves others while it is flooded with connections', async () => {
    await using honest = await startObedient();
    vmOffer(honest.pid, region, VMO_GRANT_R);
    await resultOf('opens-a-thousand-connections');
    const claim = await honest.call('claim', process.pid, region.address);
    expect(await honest.call('difference', claim.region, SEED)).to.be.undefined;
    rogue.kill('SIGKILL');
    await until('the connections are gone', () => openDescriptors().size <= descriptors + 10);
  });

  it('grants R in such a way that no user can write, least of all another one', async function () {
    requires(this, needs.root);
    await using nobody = await startHostile('rogue_claimer', [process.pid], { user: 'nobody' });
    vmOffer(nobody.pid, region, VMO_GRANT_R);
    nobody.say(`attacks ${region.address}`);
    expect(await nobody.event('result')).to.deep.equal({
      write: 'EBADF',
      'map shared for writing': 'EACCES',
      'reopen for writing': 'EACCES',
      'make it shorter': 'EINVAL',
      'make it longer': 'EINVAL',
      'seal against writing': 'EPERM',
      'seal against future writing': 'EPERM',
    });
  });

  it('grants W in such a way that the memory can be neither resized nor sealed against the source', async () => {
    using shared = allocate(PAGES * PAGE);
    vmOffer(rogue.pid, shared, VMO_GRANT_R | VMO_GRANT_W);
    const result = await resultOf('attacks', shared.address);
    expect(result).to.deep.include({
      'make it shorter': 'EPERM',
      'make it longer': 'EPERM',
      'seal against writing': 'EPERM',
      'seal against future writing': 'EPERM',
    });
  });
});

describe('a source whose claimer lives on, and', () => {
  const behaviours = [
    'takes-and-acknowledges-another',
    'takes-and-claims-again',
    'takes-and-lists',
    'takes-and-hangs-up',
    'takes-and-stays-silent',
  ];
  const started = new Map<string, { rogue: Child; offer: Offer; state: string; region: Region }>();

  /** All at once, because each waits out the source's patience. */
  before(async () => {
    for (const behaviour of behaviours) {
      const region = allocate(PAGE);
      const rogue = await startHostile('rogue_claimer', [process.pid]);
      const offer = vmOffer(rogue.pid, region, VMO_GRANT_R);
      rogue.say(`${behaviour} ${region.address}`);
      await until('the source has answered', () => offer.state !== 'pending');
      started.set(behaviour, { rogue, offer, state: offer.state, region });
    }
  });
  after(async () => {
    for (const { rogue, offer, region } of started.values()) {
      await rogue[Symbol.asyncDispose]();
      await offer.released;
      region.release();
    }
  });

  for (const behaviour of behaviours) {
    it(`${behaviour.replaceAll('-', ' ')}, counts the offer as claimed in the end`, async () => {
      const { offer, state } = started.get(behaviour) ?? expect.fail('it was not started');
      expect(state).to.equal('claiming');
      expect(await offer.claimed).to.equal('claimed');
    });
  }
});
