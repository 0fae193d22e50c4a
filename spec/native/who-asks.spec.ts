import { expect } from 'chai';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { allocate, Claim, vmClaim, vmOffer, VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W, type Region } from 'vmoffer';
import { startObedient } from '../support/obedient.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { probe } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';
import { stop } from '../support/stopped.js';
import { rejectionOf } from '../support/vmo-error.js';
import { startWorker } from '../support/worker.js';

const SEED = 3;
const PATIENCE_MS = 10_000;
const LONGER_THAN_A_SPEC_MS = 120_000;

for (const asker of ['their own thread', 'the broker']) {
  describe(`claims that ${asker} asks for`, () => {
    specsOfClaims(asker === 'the broker');
  });
}

function specsOfClaims(isBrokerToAsk: boolean): void {
  let region: Region;

  before(function () {
    requires(this, needs.probe);
    probe().deny('claims made by their own thread', isBrokerToAsk);
  });
  after(() => {
    if (needs.probe.isMet()) probe().deny('claims made by their own thread', false);
  });
  beforeEach(() => {
    region = allocate(PAGE);
    fillPages(region.view(), SEED);
  });

  afterEach(() => {
    region.release();
  });

  function offerOwn(flags: number = VMO_GRANT_R) {
    return vmOffer(process.pid, region, flags);
  }

  it('are made while that thread is busy with something else', async () => {
    const offer = offerOwn();
    const pending = vmClaim(process.pid, offer.address);
    while (offer.state !== 'claimed') continue;
    using claim = await pending;
    expectPages(claim.view(), SEED);
  });

  it('are all made when they are made together', async () => {
    const regions = Array.from({ length: 64 }, (_, index) => {
      const each = allocate(PAGE);
      fillPages(each.view(), index);
      return each;
    });
    const offers = regions.map((each) => vmOffer(process.pid, each, VMO_GRANT_R));
    const claims = await Promise.all(offers.map(({ address }) => vmClaim(process.pid, address)));
    for (const [index, claim] of claims.entries()) expectPages(claim.view(), index);
    for (const claim of claims) claim.release();
    await Promise.all(offers.map(({ released }) => released));
    for (const each of regions) each.release();
  });

  it('can be given up at once, and the offer can be claimed again, or has been', async () => {
    for (const flags of [VMO_GRANT_R, VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN]) {
      using memory = allocate(PAGE);
      fillPages(memory.view(), SEED);
      const offer = vmOffer(process.pid, memory, flags);
      const controller = new AbortController();
      const pending = vmClaim(process.pid, offer.address, { signal: controller.signal });
      controller.abort();
      const outcome = await pending.catch((error: unknown) => error);
      using claim = outcome instanceof Error ? await vmClaim(process.pid, offer.address) : await pending;
      expectPages(claim.view(), SEED);
    }
  });

  it('can be given up while their source is stopped', async () => {
    await using source = await startObedient();
    const { region: given } = await source.call('allocate', 1, SEED);
    const { address } = await source.call('offer', process.pid, given, VMO_GRANT_R);
    await stop(source);
    for (let round = 0; round < 20; round++) {
      const controller = new AbortController();
      const pending = vmClaim(source.pid, address, { signal: controller.signal, timeoutMs: LONGER_THAN_A_SPEC_MS });
      controller.abort();
      expect(await pending.catch((error: unknown) => error)).to.equal(controller.signal.reason);
    }
    source.kill('SIGCONT');
    using claim = await vmClaim(source.pid, address);
    expectPages(claim.view(), SEED);
  });

  it('are made while that thread is busy and other threads look for theirs', async () => {
    await using worker = await startWorker('busy-worker');
    await worker.event('busy');
    const offer = offerOwn();
    const pending = vmClaim(process.pid, offer.address);
    const end = performance.now() + PATIENCE_MS;
    while (offer.state !== 'claimed' && performance.now() < end) continue;
    expect(offer.state).to.equal('claimed');
    using claim = await pending;
    expectPages(claim.view(), SEED);
  });

  it('are refused as any others', async () => {
    const { address } = offerOwn();
    const pending = vmClaim(process.pid, address);
    await rejectionOf(vmClaim(process.pid, address + 0x1000n), 'ERR_VMO_NOT_OFFERED');
    (await pending).release();
    await rejectionOf(vmClaim(process.pid, address), 'ERR_VMO_NOT_OFFERED');
  });

  it('are made, or leave the offer standing, when their thread ends with them', async () => {
    const offer = offerOwn(VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN);
    const workerData = { address: offer.address };
    const worker = new Worker(new URL('./workers/claim-and-exit.js', import.meta.url), { workerData });
    await once(worker, 'exit');
    const outcome = await vmClaim(process.pid, offer.address).catch((error: unknown) => error);
    if (outcome instanceof Claim) {
      expectPages(outcome.view(), SEED);
      outcome.release();
    }
    expect(await offer.claimed).to.equal('claimed');
    await offer.released;
  });
}
