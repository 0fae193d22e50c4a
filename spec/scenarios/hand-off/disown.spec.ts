import { expect } from 'chai';
import { allocate, vmClaim, vmClaimSync, vmOffer, VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W, type Offer } from 'vmoffer';
import { until } from '../../support/barriers.js';
import { heldBytes, holdersOf, objectDescriptors } from '../../support/holders.js';
import { mappingAt } from '../../support/mappings.js';
import { startObedient, type Obedient } from '../../support/obedient.js';
import { expectPages, fillPages, isZeroed, PAGE } from '../../support/pages.js';
import { Pipe } from '../../support/pipe.js';
import { needs, requires } from '../../support/requires.js';
import { describeForUsers } from '../../support/users.js';
import { rejectionOf, thrownBy } from '../../support/vmo-error.js';
import { startWorker } from '../../support/worker.js';

const SEED = 301;
const PAGES = 64;
const SHARED = VMO_GRANT_R | VMO_GRANT_W;
const MIB = 2 ** 20;

describeForUsers('memory that is disowned', (user) => {
  let source: Obedient;
  let claimer: Obedient;
  beforeEach(async () => {
    source = await startObedient();
    claimer = await startObedient({ user });
  });
  afterEach(async () => {
    await source[Symbol.asyncDispose]();
    await claimer[Symbol.asyncDispose]();
  });

  for (const flags of [VMO_GRANT_R, SHARED]) {
    it(`granting ${flags === SHARED ? 'R and W' : 'R'} arrives as the same object, and its source has none`, async () => {
      const { region } = await source.call('allocate', PAGES, SEED);
      const inode = await source.call('inode', region);
      const { address, offer } = await source.call('offer', claimer.pid, region, flags | VMO_DISOWN);
      expect(holdersOf(inode, [source.pid, claimer.pid])).to.deep.equal([source.pid]);
      const claim = await claimer.call('claim', source.pid, address);
      expect(holdersOf(inode, [source.pid, claimer.pid])).to.deep.equal([claimer.pid]);
      expect(objectDescriptors(source.pid)).to.equal(0);
      expect(await claimer.call('inode', claim.region)).to.equal(inode);
      expect(await claimer.call('difference', claim.region, SEED)).to.be.undefined;
      expect(await source.call('claimed', offer)).to.equal('claimed');
      expect(await source.call('disowned', region)).to.be.true;
    });
  }

  it('cannot be offered or viewed by its source again', async () => {
    const { region } = await source.call('allocate', PAGES, SEED);
    const { address } = await source.call('offer', claimer.pid, region, SHARED | VMO_DISOWN);
    await claimer.call('claim', source.pid, address);
    await rejectionOf(source.call('offer', claimer.pid, region, VMO_GRANT_R), 'ERR_VMO_NOT_OWNED');
    await rejectionOf(source.call('offerPages', claimer.pid, region, 0, 1, VMO_GRANT_R), 'ERR_VMO_NOT_OWNED');
    await rejectionOf(source.call('read', region, 0), 'ERR_VMO_NOT_OWNED');
  });

  it('ends every other offer of it as revoked', async () => {
    await using third = await startObedient();
    const { region } = await source.call('allocate', PAGES, SEED);
    const whole = await source.call('offer', third.pid, region, SHARED);
    const part = await source.call('offerPages', third.pid, region, 8, 4, VMO_GRANT_R);
    const elsewhere = await source.call('offer', third.pid, (await source.call('allocate', 1)).region, VMO_GRANT_R);
    const { address } = await source.call('offer', claimer.pid, region, SHARED | VMO_DISOWN);
    await claimer.call('claim', source.pid, address);
    for (const { offer } of [whole, part]) expect(await source.call('claimed', offer)).to.equal('revoked');
    for (const { address: revoked } of [whole, part]) {
      await rejectionOf(third.call('claim', source.pid, revoked), 'ERR_VMO_NOT_OFFERED');
    }
    expect(await source.call('stateOf', elsewhere.offer)).to.equal('pending');
  });

  for (const ending of ['released', 'killed'] as const) {
    it(`is ERR_VMO_BUSY while a live claim shares it, and no longer once that is ${ending}`, async () => {
      await using sharer = await startObedient();
      const { region } = await source.call('allocate', PAGES, SEED);
      const share = await source.call('offer', sharer.pid, region, SHARED);
      const shared = await sharer.call('claim', source.pid, share.address);
      const { address, offer } = await source.call('offer', claimer.pid, region, SHARED | VMO_DISOWN);
      await rejectionOf(claimer.call('claim', source.pid, address), 'ERR_VMO_BUSY');
      expect(await source.call('stateOf', offer)).to.equal('pending');
      expect(await source.call('difference', region, SEED)).to.be.undefined;
      if (ending === 'released') await sharer.call('release', shared.region);
      else sharer.kill('SIGKILL');
      await source.call('released', share.offer);
      const claim = await claimer.call('claim', source.pid, address);
      expect(await claimer.call('difference', claim.region, SEED)).to.be.undefined;
    });
  }

  it('outlives its source', async () => {
    const { region } = await source.call('allocate', PAGES, SEED);
    const { address } = await source.call('offer', claimer.pid, region, SHARED | VMO_DISOWN);
    const claim = await claimer.call('claim', source.pid, address);
    source.kill('SIGKILL');
    await source.ended;
    expect(await claimer.call('difference', claim.region, SEED)).to.be.undefined;
    await claimer.call('writeAll', claim.region, 7);
  });

  it('goes to the first of two processes to which it is disowned', async () => {
    await using second = await startObedient();
    const { region } = await source.call('allocate', PAGES, SEED);
    const claimers = [claimer, second];
    const offers = await Promise.all(claimers.map(({ pid }) => source.call('offer', pid, region, SHARED | VMO_DISOWN)));
    const address = offers[0]?.address ?? 0n;
    const outcomes = await Promise.allSettled(claimers.map((each) => each.call('claim', source.pid, address)));
    expect(outcomes.map(({ status }) => status)).to.have.members(['fulfilled', 'rejected']);
    const endings = await Promise.all(offers.map(({ offer }) => source.call('claimed', offer)));
    expect(endings).to.have.members(['claimed', 'revoked']);
  });
});

describe('the range that a source has disowned', () => {
  it('reads as zeros and discards writes until its buffer is detached', async () => {
    using region = allocate(PAGES * PAGE);
    const view = region.view();
    fillPages(view, SEED);
    const offer = vmOffer(process.pid, region, SHARED | VMO_DISOWN);
    using claim = vmClaimSync(process.pid, offer.address);
    expect(view.byteLength).to.equal(PAGES * PAGE);
    expect(isZeroed(view)).to.be.true;
    view.fill(0xee);
    expectPages(claim.view(), SEED);
    expect(mappingAt(region.address)?.name).not.to.include('memfd');
    thrownBy(() => region.buffer, 'ERR_VMO_NOT_OWNED');
    expect(await offer.claimed).to.equal('claimed');
    await until('the buffer is detached', () => view.byteLength === 0);
  });

  it('fails a read(2) in flight with EFAULT, which then writes nowhere', async function () {
    requires(this, needs.userfault);
    using pipe = new Pipe();
    using region = allocate(PAGES * PAGE);
    const view = region.view();
    fillPages(view, SEED);
    const reading = pipe.readInto(view.subarray(0, 100)).catch((error: unknown) => error);
    await pipe.isBeingRead();
    const offer = vmOffer(process.pid, region, SHARED | VMO_DISOWN);
    using claim = vmClaimSync(process.pid, offer.address);
    await offer.claimed;
    await until('the buffer is detached', () => view.byteLength === 0);
    pipe.write(Buffer.alloc(100, 0xee));
    expect(await reading).to.have.property('code', 'EFAULT');
    expectPages(claim.view(), SEED);
  });

  it('may be touched at any time by its worker, which finds its bytes or zeros', async () => {
    await using worker = await startWorker();
    const { region, address } = await worker.call('allocate', PAGES, SEED);
    const touching = worker.call('touchUntilGone', region);
    await worker.event('touching');
    const offer = vmOffer(process.pid, address, PAGES * PAGE, SHARED | VMO_DISOWN) as Offer;
    using claim = await vmClaim(process.pid, offer.address);
    expect(await offer.claimed).to.equal('claimed');
    expect(await touching).to.be.undefined;
    expectPages(claim.view(), SEED);
  });

  it('is gone when the claim is made, although the source is busy and cannot detach its buffer', async () => {
    await using source = await startObedient();
    const { region } = await source.call('allocate', PAGES, SEED);
    const { address } = await source.call('offer', process.pid, region, SHARED | VMO_DISOWN);
    const inode = await source.call('inode', region);
    await source.call('spin');
    using claim = await vmClaim(source.pid, address);
    expect(holdersOf(inode, [source.pid])).to.be.empty;
    expectPages(claim.view(), SEED);
  });
});

describe('256 MiB that are disowned', () => {
  it('take the memory of one buffer before, at each step and after', async function () {
    requires(this, needs.probe);
    const before = heldBytes([process.pid]);
    await using source = await startObedient();
    const { region } = await source.call('allocate', (256 * MIB) / PAGE);
    await source.call('writeAll', region, 1);
    const { address } = await source.call('offer', process.pid, region, SHARED | VMO_DISOWN);
    const expectOneBuffer = () => expect(heldBytes([source.pid, process.pid]) - before).to.equal(256 * MIB);
    expectOneBuffer();
    const steps = ['source.asked', 'source.terms-sent', 'source.acknowledged', 'source.dropped'] as const;
    for (const step of steps) await source.call('park', step);
    const pending = vmClaim(source.pid, address, { timeoutMs: 60_000 });
    for (const step of steps) {
      await source.call('parked', step);
      expectOneBuffer();
      await source.call('unpark', step);
    }
    using claim = await pending;
    expect(Buffer.from(claim.buffer).indexOf(0)).to.equal(-1);
    expectOneBuffer();
  });
});
