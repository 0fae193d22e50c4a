import { expect } from 'chai';
import { vmClaim, VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W, vmOffer, allocate, type Claim } from 'vmoffer';
import { until } from '../support/barriers.js';
import { objectDescriptors } from '../support/holders.js';
import { startObedient, type Obedient } from '../support/obedient.js';
import { fillPages, PAGE } from '../support/pages.js';
import { needs, requires } from '../support/requires.js';
import { rejectionOf } from '../support/vmo-error.js';

const SEED = 613;
const PAGES = 4;
const DISOWNED = VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN;
const IMPATIENT = { timeoutMs: 100 };

/** The broker's thread is held up, by whatever means, until the spec lets it go. */
describe("a thread that waits for its own process's broker, whose thread is held up,", () => {
  let waiting: Obedient;
  before(function () {
    requires(this, needs.probe);
  });
  beforeEach(async () => {
    waiting = await startObedient();
  });
  afterEach(() => waiting[Symbol.asyncDispose]());

  /** Holds the broker up by a claim of this process. Resolves to a function that lets it go. */
  async function heldUp(): Promise<() => Promise<void>> {
    const { region } = await waiting.call('allocate', 1);
    const { address } = await waiting.call('offer', process.pid, region, VMO_GRANT_R);
    await waiting.call('park', 'source.asked');
    const claim: Promise<Claim> = vmClaim(waiting.pid, address);
    await waiting.call('parked', 'source.asked');
    return async () => {
      await waiting.call('unpark', 'source.asked');
      (await claim).release();
      await waiting.call('release', region);
    };
  }

  function expectNothingLeft(): Promise<void> {
    return until('no memory is left', () => objectDescriptors(waiting.pid) === 0);
  }

  async function expectItSaysSo(answer: Promise<unknown>): Promise<void> {
    const { message } = await rejectionOf(answer, 'ERR_VMO_TIMEOUT');
    expect(message).to.include('vmo-broker');
  }

  describe('for a list', () => {
    it('is told that its broker does not answer, and is told the offers afterwards', async () => {
      using region = allocate(PAGE);
      const offer = vmOffer(waiting.pid, region, VMO_GRANT_R);
      const letGo = await heldUp();
      await expectItSaysSo(waiting.call('listSync'));
      await expectItSaysSo(waiting.call('listSync'));
      await letGo();
      const received = (await waiting.call('listSync')).filter(({ direction }) => direction === 'received');
      expect(received.map(({ address }) => address)).to.deep.equal([region.address]);
      offer.cancel();
      await expectNothingLeft();
    });
  });

  describe('for a claim that has been given up before, of memory that is disowned', () => {
    let source: Obedient;
    let offer: { offer: number; address: bigint };
    let letGo: () => Promise<void>;
    beforeEach(async () => {
      source = await startObedient();
      const { region } = await source.call('allocate', PAGES, SEED);
      offer = await source.call('offer', waiting.pid, region, DISOWNED);
      await source.call('park', 'source.dropping');
      const { message } = await rejectionOf(claimSync(IMPATIENT), 'ERR_VMO_TIMEOUT');
      expect(message).to.not.include('vmo-broker');
      letGo = await heldUp();
      await expectItSaysSo(claimSync(IMPATIENT));
    });
    afterEach(() => source[Symbol.asyncDispose]());

    const claimSync = (options = {}) => waiting.call('claimSync', source.pid, offer.address, options);

    async function sourceGoesOn(): Promise<void> {
      await source.call('unpark', 'source.dropping');
      expect(await source.call('claimed', offer.offer)).to.equal('claimed');
    }

    /** Checks that the whole memory is there, and that releasing it frees everything. */
    async function expectMemory({ region }: { region: number }): Promise<void> {
      expect(await waiting.call('difference', region, SEED)).to.be.undefined;
      await waiting.call('release', region);
      await expectNothingLeft();
    }

    for (const way of ['claim', 'claimSync'] as const) {
      const claimed = () => waiting.call(way, source.pid, offer.address);

      it(`gets the memory with the next ${way} if the claim was made before the thread went on`, async () => {
        await sourceGoesOn();
        await letGo();
        await expectMemory(await claimed());
        await source.call('released', offer.offer);
      });

      it(`gets the memory with the next ${way} if the claim was made after the thread went on`, async () => {
        await letGo();
        await sourceGoesOn();
        await expectMemory(await claimed());
        await source.call('released', offer.offer);
      });

      it(`gets the memory with the next ${way} if the source has died meanwhile`, async () => {
        source.kill('SIGKILL');
        await source.ended;
        await letGo();
        await expectMemory(await claimed());
      });

      it(`gets the memory with the next ${way} if it has asked for it again and again`, async () => {
        for (let turn = 0; turn < 3; turn++) await expectItSaysSo(claimSync(IMPATIENT));
        await sourceGoesOn();
        await letGo();
        await expectMemory(await claimed());
        await source.call('released', offer.offer);
      });
    }
  });

  it('does not wait for its broker in any other call', async () => {
    using given = allocate(PAGES * PAGE);
    fillPages(given.view(), SEED);
    const first = vmOffer(waiting.pid, given, VMO_GRANT_R);
    const early = await waiting.call('claim', process.pid, first.address);
    const offered = await waiting.call('allocate', PAGES, SEED);
    const pending = await waiting.call('offer', process.pid, offered.region, VMO_GRANT_R);
    const letGo = await heldUp();

    expect(await waiting.call('difference', early.region, SEED)).to.be.undefined;
    await waiting.call('prefetch', early.region);
    await waiting.call('residentPages', early.region);
    await waiting.call('stats', early.region);
    await waiting.call('release', early.region);
    await first.released;

    const second = vmOffer(waiting.pid, given, VMO_GRANT_R);
    const late = await waiting.call('claimSync', process.pid, second.address);
    expect(await waiting.call('difference', late.region, SEED)).to.be.undefined;
    await waiting.call('release', late.region);
    await second.released;

    const { region } = await waiting.call('allocate', PAGES, SEED);
    const part = await waiting.call('offerPages', process.pid, region, 1, 2, VMO_GRANT_R);
    expect(await waiting.call('cancel', part.offer)).to.be.true;
    await waiting.call('offer', process.pid, region, VMO_GRANT_R);
    await waiting.call('release', region);
    expect(await waiting.call('stateOf', pending.offer)).to.equal('pending');
    expect(await waiting.call('cancelAt', process.pid, pending.address)).to.be.true;
    await waiting.call('release', offered.region);

    await letGo();
  });

  it('gets memory of its own that it has claimed in vain as soon as its broker goes on', async () => {
    const own = await waiting.call('allocate', PAGES, SEED);
    const { address, offer } = await waiting.call('offer', waiting.pid, own.region, DISOWNED);
    const letGo = await heldUp();
    const claimSync = (options = {}) => waiting.call('claimSync', waiting.pid, address, options);
    await rejectionOf(claimSync(IMPATIENT), 'ERR_VMO_TIMEOUT');
    await expectItSaysSo(claimSync(IMPATIENT));
    await letGo();
    const { region } = await claimSync();
    expect(await waiting.call('difference', region, SEED)).to.be.undefined;
    await waiting.call('release', region);
    await waiting.call('released', offer);
    await expectNothingLeft();
  });
});
