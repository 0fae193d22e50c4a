import { expect } from 'chai';
import { allocate, VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W, vmClaimSync, vmOffer, type ClaimOptions } from 'vmoffer';
import { askWhatIsHeld } from '#ts/held-claims.js';
import type { NativeHeldClaim, NativeHeldReport } from '#ts/native.js';
import { until } from '../support/barriers.js';
import { NOBODY, startHostile } from '../support/child.js';
import { openDescriptors } from '../support/fds.js';
import { startObedient, type Obedient } from '../support/obedient.js';
import { addressOfPage, claimOwn } from '../support/own-claim.js';
import { enoughDescriptors } from '../support/limits.js';
import { fillPages, PAGE } from '../support/pages.js';
import { parked, probe, touchOnThread } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';
import { resume, stop } from '../support/stopped.js';
import { runs } from '../support/wrappers.js';

const SEED = 211;
const MANY = 10_000;
/** Descriptors for honest processes that come meanwhile. */
const A_FEW = 50;
const IN_NEW_USERS = ['unshare', '--user'];
const AS_ROOT_IN_THERE = ['unshare', '--user', '--map-root-user'];

function reportIn(reports: NativeHeldReport[], pid: number): NativeHeldReport {
  return (
    reports.find((report) => report.pid === pid) ?? expect.fail(`process ${pid} is not among those that were asked`)
  );
}

async function reportOf(pid: number): Promise<NativeHeldReport> {
  return reportIn(await askWhatIsHeld(), pid);
}

async function heldBy(pid: number): Promise<NativeHeldClaim[]> {
  const { answer, claims } = await reportOf(pid);
  expect(answer).to.equal('told');
  return claims;
}

describe('what a process holds', () => {
  let holder: Obedient;
  beforeEach(async () => {
    holder = await startObedient();
  });
  afterEach(() => holder[Symbol.asyncDispose]());

  /** Lets the holder claim some pages of this process, all of which have been written. */
  async function give(pageCount: number, options: ClaimOptions = {}, flags = VMO_GRANT_R) {
    const region = allocate(pageCount * PAGE);
    fillPages(region.view(), SEED);
    const offer = vmOffer(holder.pid, region, flags);
    const claim = await holder.call('claim', process.pid, region.address, options);
    return { claim, region, offer };
  }

  it('is listed claim by claim, in the order of the claims', async () => {
    const first = await give(1);
    const second = await give(3, { transfer: 'pull' }, VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN);
    const third = await give(2, { paging: 'kernel' }, VMO_GRANT_R | VMO_GRANT_W);
    const claims = await heldBy(holder.pid);
    const facts = claims.map(({ address, byteLength, srcPid, flags, kind, transfer, paging }) => {
      return { address, byteLength, srcPid, flags, kind, transfer, paging };
    });
    const expected = [first, second, third].map(({ claim: { address, byteLength, flags, transfer, paging } }) => {
      return { address, byteLength, srcPid: process.pid, flags, kind: 'memory', transfer, paging };
    });
    expect(facts).to.deep.equal(expected);
    for (const { region } of [first, second, third]) region.release();
  });

  it('has the same counts as stats()', async function () {
    requires(this, needs.userfault);
    const { claim, region } = await give(64, { paging: 'userfault' });
    expect(await holder.call('difference', claim.region, SEED)).to.be.undefined;
    const [{ faultLatency, ...told } = expect.fail('it holds nothing')] = await heldBy(holder.pid);
    const { faultLatency: latency, supply, ...stats } = await holder.call('stats', claim.region);
    expect(supply).to.deep.equal({ asked: 0, supplied: 0, failed: 0 });
    expect(told).to.deep.include(stats);
    expect(faultLatency).to.deep.equal({ p50: latency.p50, p99: latency.p99 });
    expect(stats.faults).to.be.greaterThan(0);
    region.release();
  });

  it('has no counts if the kernel pages it, and is resident all the same', async () => {
    const { claim, region } = await give(4, { paging: 'eager' });
    const [told] = await heldBy(holder.pid);
    expect(told).to.deep.include({ faults: 0, pagesByFault: 0, residentPages: 4, pagesLookedAt: 4 });
    expect(told?.cells).to.deep.equal([255, 255, 255, 255]);
    expect(await holder.call('residentPages', claim.region)).to.equal(4);
    region.release();
  });

  it('shows where pages are resident', async function () {
    requires(this, needs.userfault);
    const { claim, region } = await give(128, { paging: 'userfault' });
    await holder.call('difference', claim.region, SEED, 96, 32);
    const [{ cells, residentPages, pagesLookedAt } = expect.fail('it holds nothing')] = await heldBy(holder.pid);
    expect(pagesLookedAt).to.equal(128);
    expect(residentPages).to.equal(await holder.call('residentPages', claim.region));
    expect(cells).to.have.lengthOf(64);
    expect(cells.slice(0, 32).every((share) => share === 0)).to.be.true;
    expect(cells.slice(-16)).to.deep.equal(Array.from({ length: 16 }, () => 255));
    region.release();
  });

  it('is told without installing a page', async () => {
    const { claim, region } = await give(256);
    for (let round = 0; round < 3; round++) await heldBy(holder.pid);
    expect(await holder.call('residentPages', claim.region)).to.equal(0);
    region.release();
  });

  it('does not include a released claim, not even while its ArrayBuffer exists', async () => {
    const { claim, region } = await give(1);
    const kept = await give(1);
    await holder.call('release', claim.region);
    expect((await heldBy(holder.pid)).map(({ address }) => address)).to.deep.equal([kept.claim.address]);
    region.release();
    kept.region.release();
  });

  it('does not include memory that was passed on; the next process holds it', async () => {
    await using next = await startObedient();
    const { claim, region } = await give(2, {}, VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN);
    await holder.call('offer', next.pid, claim.region, VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN);
    const onward = await next.call('claim', holder.pid, claim.address);
    const reports = await askWhatIsHeld();
    expect(reportIn(reports, holder.pid).claims).to.be.empty;
    const [told] = reportIn(reports, next.pid).claims;
    expect(told).to.deep.include({ address: onward.address, srcPid: holder.pid, byteLength: 2 * PAGE });
    region.release();
  });

  it('is told by a process that has only claimed synchronously, and never offered or listed', async () => {
    using region = allocate(PAGE);
    vmOffer(holder.pid, region, VMO_GRANT_R);
    const { address } = await holder.call('claimSync', process.pid, region.address);
    expect((await heldBy(holder.pid)).map((claim) => claim.address)).to.deep.equal([address]);
  });

  it('has a new number for each claim at the same address', async () => {
    const numbers = new Set<number>();
    for (let round = 0; round < 3; round++) {
      const { claim, region } = await give(1);
      for (const { number } of await heldBy(holder.pid)) numbers.add(number);
      await holder.call('release', claim.region);
      region.release();
    }
    expect(numbers.size).to.equal(3);
  });

  it('leaves out a process that has ended', async () => {
    holder.kill('SIGKILL');
    await holder.ended;
    expect((await askWhatIsHeld()).map(({ pid }) => pid)).to.not.include(holder.pid);
  });

  it('is awaited for a second at most if the process is stopped', async () => {
    const { region } = await give(1);
    await stop(holder);
    const reports = await askWhatIsHeld();
    expect(reportIn(reports, holder.pid)).to.deep.equal({ pid: holder.pid, answer: 'none', claims: [] });
    expect(reportIn(reports, process.pid).answer).to.equal('told');
    resume(holder);
    expect(await heldBy(holder.pid)).to.have.lengthOf(1);
    region.release();
  });
});

describe('what this process holds is told', () => {
  it('while its pager is busy with a fault', async function () {
    requires(this, needs.probe, needs.userfault);
    using region = allocate(64 * PAGE);
    fillPages(region.view(), SEED);
    using claim = claimOwn(region, VMO_GRANT_R, { paging: 'userfault' });
    probe().park('pager.fault');
    const touched = touchOnThread(addressOfPage(claim, 9));
    await parked('pager.fault');
    const told = (await heldBy(process.pid)).find(({ address }) => address === claim.address);
    expect(told).to.deep.include({ faults: 0, residentPages: 0 });
    probe().unpark('pager.fault');
    await touched;
  });

  it('of a claim of a TiB as of others, by sampling', async () => {
    using region = allocate(2 ** 40);
    using claim = claimOwn(region);
    claim.view(0, 1)[0];
    const told = (await heldBy(process.pid)).find(({ address }) => address === claim.address);
    expect(told).to.deep.include({ byteLength: 2 ** 40, pagesLookedAt: 4096 });
    expect(told?.cells).to.have.lengthOf(64);
  });
});

describe('ten thousand claims of one process', () => {
  it('are told completely and once each, while it goes on serving others', async function () {
    this.timeout(120_000);
    requires(this, enoughDescriptors(16_000));
    await using holder = await startObedient();
    await using first = await startObedient();
    await using second = await startObedient();
    for (const [source, options] of [
      [first, {}],
      [second, { transfer: 'pull', paging: 'eager' }],
    ] as const) {
      const addresses = await source.call('offerMany', holder.pid, MANY / 2, VMO_GRANT_R);
      await holder.call('claimMany', source.pid, addresses, options);
    }
    const { region } = await holder.call('allocate', 1, SEED);
    const offer = await holder.call('offer', process.pid, region, VMO_GRANT_R);
    const asked = heldBy(holder.pid);
    vmClaimSync(holder.pid, offer.address).release();
    const claims = await asked;
    expect(new Set(claims.map(({ number }) => number)).size).to.equal(MANY);
    expect(new Set(claims.map(({ address }) => address)).size).to.equal(MANY);
    expect(claims.every(({ cells }) => cells.length === 1)).to.be.true;
  });
});

describe('who may ask what a process holds:', () => {
  async function heldIn(asker: Obedient, pid: number): Promise<NativeHeldReport> {
    return reportIn(await asker.call('held'), pid);
  }

  before(function () {
    requires(this, needs.root);
  });

  it('its own user', async () => {
    await using holder = await startObedient({ user: 'nobody' });
    await holder.call('claimOwn');
    await using asker = await startObedient({ user: 'nobody' });
    expect((await heldIn(asker, holder.pid)).claims).to.have.lengthOf(1);
  });

  it('root', async () => {
    await using holder = await startObedient({ user: 'nobody' });
    await holder.call('claimOwn');
    expect((await reportOf(holder.pid)).claims).to.have.lengthOf(1);
  });

  it('no other user, who learns only that it was refused', async () => {
    await using holder = await startObedient();
    await holder.call('claimOwn');
    await using asker = await startObedient({ user: 'nobody' });
    expect(await heldIn(asker, holder.pid)).to.deep.equal({ pid: holder.pid, answer: 'refused', claims: [] });
  });

  it('no other user who asks by hand', async () => {
    await using asker = await startHostile('rogue_claimer', [process.pid], { user: 'nobody' });
    asker.say('inspects 0');
    expect(await asker.event('result')).to.deep.equal({ is: 'refused', code: 5 });
  });

  it('no other user who is root in their own user namespace', async function () {
    requires(this, runs(AS_ROOT_IN_THERE));
    await using holder = await startObedient();
    await holder.call('claimOwn');
    await using asker = await startObedient({ user: 'nobody', wrapper: AS_ROOT_IN_THERE });
    expect((await heldIn(asker, holder.pid)).answer).to.equal('refused');
  });

  it('no user without a number in its user namespace, although the kernel shows both users with the same number', async function () {
    requires(this, runs(IN_NEW_USERS));
    await using holder = await startObedient({ wrapper: IN_NEW_USERS });
    expect(await holder.call('uid')).to.equal(NOBODY);
    await holder.call('claimOwn');
    await using asker = await startObedient({ user: 'nobody' });
    expect((await heldIn(asker, holder.pid)).answer).to.equal('refused');
    expect((await reportOf(holder.pid)).answer).to.equal('refused');
  });
});

describe('a process that is asked what it holds by a rogue', () => {
  it('hangs up or refuses if it asks in the wrong way', async () => {
    await using rogue = await startHostile('rogue_claimer', [process.pid]);
    for (const [behaviour, result] of [
      ['inspects-too-much', { is: 'refused', code: 10 }],
      ['tells-what-it-was-not-asked', { is: 'hung-up' }],
    ] as const) {
      rogue.say(`${behaviour} 0`);
      expect(await rogue.event('result'), behaviour).to.deep.equal(result);
    }
  });

  it('serves others while a thousand of its answers are left unread', async () => {
    using region = allocate(1000 * PAGE);
    using held = claimOwn(region);
    await using honest = await startObedient();
    const rogue = await startHostile('rogue_claimer', [process.pid]);
    const descriptors = openDescriptors().size;
    rogue.say('asks-a-thousand-times-and-reads-nothing 0');
    await rogue.event('result');
    vmOffer(honest.pid, region, VMO_GRANT_R);
    await honest.call('claim', process.pid, region.address);
    const told = await heldBy(process.pid);
    expect(told.map(({ address }) => address)).to.include(held.address);
    await rogue[Symbol.asyncDispose]();
    await until('the connections are gone', () => openDescriptors().size <= descriptors + A_FEW);
  });
});

describe('among the processes that are asked what they hold, a rogue that', () => {
  for (const behaviour of [
    'speaks-nonsense',
    'hangs-up-at-once',
    'refuses-with-code-0',
    'never-answers',
    'holds-without-end',
    'holds-less-than-it-says',
    'holds-more-than-it-says',
    'holds-more-than-fits',
    'tells-half-and-hangs-up',
    'tells-half-and-falls-silent',
    'tells-of-offers',
    'tells-with-a-descriptor',
  ]) {
    it(`${behaviour.replaceAll('-', ' ')} counts as a process that has told nothing`, async () => {
      await using rogue = await startHostile('rogue_source', [behaviour]);
      const reports = await askWhatIsHeld();
      expect(reportIn(reports, rogue.pid)).to.deep.equal({ pid: rogue.pid, answer: 'none', claims: [] });
      expect(reportIn(reports, process.pid).answer).to.equal('told');
    });
  }
});
