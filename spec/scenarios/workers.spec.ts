import { expect } from 'chai';
import {
  allocate,
  vmClaim,
  vmClaimSync,
  vmListOfferSync,
  vmOffer,
  VMO_DISOWN,
  VMO_GRANT_R,
  VMO_GRANT_W,
} from 'vmoffer';
import type { ObedientCommands } from '../../fixtures/obedient.js';
import { until } from '../support/barriers.js';
import { startFixture } from '../support/child.js';
import { objectMappings } from '../support/mappings.js';
import { startObedient, type Obedient } from '../support/obedient.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { parked, probe, type Checkpoint } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';
import { brokerSocketsOf } from '../support/sockets.js';
import { stop } from '../support/stopped.js';
import { rejectionOf } from '../support/vmo-error.js';
import { startWorker, type FixtureWorker } from '../support/worker.js';

const SEED = 111;
const RW = VMO_GRANT_R | VMO_GRANT_W;

describe('a worker thread', () => {
  it('claims what the main thread offers, and both write one memory', async () => {
    await using worker = await startWorker();
    using region = allocate(4 * PAGE);
    fillPages(region.view(), SEED);
    vmOffer(process.pid, region, RW);
    const claim = await worker.call('claim', process.pid, region.address);
    expect(await worker.call('difference', claim.region, SEED)).to.be.undefined;
    await worker.call('write', claim.region, 5, 99);
    expect(region.view()[5]).to.equal(99);
  });

  it('offers what the main thread claims', async () => {
    await using worker = await startWorker();
    const { region } = await worker.call('allocate', 4, SEED);
    const { address } = await worker.call('offer', process.pid, region, VMO_GRANT_R);
    using claim = vmClaimSync(process.pid, address);
    expectPages(claim.view(), SEED);
  });

  for (const way of ['claim', 'claimSync'] as const) {
    it(`takes memory from another worker with ${way}`, async () => {
      await using first = await startWorker();
      await using second = await startWorker();
      const { region } = await first.call('allocate', 4, SEED);
      const { address } = await first.call('offer', process.pid, region, VMO_GRANT_R);
      const claim = await second.call(way, process.pid, address);
      expect(await second.call('difference', claim.region, SEED)).to.be.undefined;
    });
  }

  it('claims from another process', async () => {
    await using source = await startObedient();
    await using worker = await startWorker();
    const { region } = await source.call('allocate', 4, SEED);
    const { address } = await source.call('offer', process.pid, region, VMO_GRANT_R);
    const claim = await worker.call('claim', source.pid, address);
    expect(await worker.call('difference', claim.region, SEED)).to.be.undefined;
  });

  it('offers to another process', async () => {
    await using claimer = await startObedient();
    await using worker = await startWorker();
    const { region } = await worker.call('allocate', 4, SEED);
    const { address } = await worker.call('offer', claimer.pid, region, VMO_GRANT_R);
    const claim = await claimer.call('claim', process.pid, address);
    expect(await claimer.call('difference', claim.region, SEED)).to.be.undefined;
  });

  it('hears offers to the process, as the main thread does', async () => {
    await using source = await startObedient();
    await using workers = await startWorker();
    await workers.call('watch', source.pid);
    const { region } = await source.call('allocate', 1);
    const { address } = await source.call('offer', process.pid, region, VMO_GRANT_R);
    expect(await workers.event('incoming')).to.include({ srcPid: source.pid, address });
    expect(vmListOfferSync().some((offer) => offer.address === address)).to.be.true;
  });

  it('can claim and touch at the same time as others', async () => {
    const workers = await Promise.all([startWorker(), startWorker(), startWorker()]);
    try {
      const regions = await Promise.all(workers.map((worker, index) => worker.call('allocate', 600, index)));
      const offers = await Promise.all(
        workers.map((worker, index) => worker.call('offer', process.pid, regions[index]?.region ?? 0, VMO_GRANT_R)),
      );
      const rounds = workers.map(async (worker, index) => {
        const from = (index + 1) % workers.length;
        const claim = await worker.call('claim', process.pid, offers[from]?.address ?? 0n);
        return worker.call('difference', claim.region, from);
      });
      expect(await Promise.all(rounds)).to.deep.equal([undefined, undefined, undefined]);
    } finally {
      for (const worker of workers) await worker.terminate();
    }
  });
});

describe('a worker thread that ends', () => {
  it('releases its regions and claims', async () => {
    const before = objectMappings().length;
    const worker = await startWorker();
    using region = allocate(4 * PAGE);
    fillPages(region.view(), SEED);
    const offer = vmOffer(process.pid, region, VMO_GRANT_R);
    const claim = await worker.call('claim', process.pid, region.address);
    await worker.call('difference', claim.region, SEED);
    await worker.call('allocate', 4, SEED);
    await worker.terminate();
    await offer.released;
    expect(objectMappings()).to.have.lengthOf(before + 1);
    expectPages(region.view(), SEED);
  });

  it('leaves other threads their share of its memory', async () => {
    const worker = await startWorker();
    const { region } = await worker.call('allocate', 600, SEED);
    const { address } = await worker.call('offer', process.pid, region, VMO_GRANT_R);
    using claim = vmClaimSync(process.pid, address);
    await worker.terminate();
    expectPages(claim.view(), SEED);
  });

  it('leaves the offers that it has made standing', async () => {
    const worker = await startWorker();
    const { region } = await worker.call('allocate', 4, SEED);
    const { address } = await worker.call('offer', process.pid, region, VMO_GRANT_R);
    await worker.terminate();
    using claim = await vmClaim(process.pid, address);
    expectPages(claim.view(), SEED);
  });

  it('leaves the claims and offers of the main thread alone', async () => {
    await using peer = await startObedient();
    using region = allocate(600 * PAGE);
    fillPages(region.view(), SEED);
    vmOffer(process.pid, region, VMO_GRANT_R);
    using claim = await vmClaim(process.pid, region.address);
    const worker = await startWorker();
    await worker.call('allocate', 1);
    await worker.terminate();
    expectPages(claim.view(), SEED);
    vmOffer(peer.pid, region, VMO_GRANT_R);
    const received = await peer.call('claim', process.pid, region.address);
    expect(await peer.call('difference', received.region, SEED)).to.be.undefined;
  });

  it('gives up a claim that is under way, and the offer stands', async () => {
    await using source = await startObedient();
    const { region } = await source.call('allocate', 4, SEED);
    const { address } = await source.call('offer', process.pid, region, VMO_GRANT_R);
    await stop(source);
    const worker = await startWorker();
    const pending = worker.call('claim', source.pid, address).catch((error: unknown) => error);
    await worker.call('capabilities'); // answered after the claim has begun
    await worker.terminate();
    expect(await pending).to.be.an('error');
    // The broker's thread, which gives the claim up, answers this afterwards.
    await rejectionOf(vmClaim(process.pid, BigInt(PAGE)), 'ERR_VMO_NOT_OFFERED');
    source.kill('SIGCONT');
    using claim = await vmClaim(source.pid, address);
    expectPages(claim.view(), SEED);
  });

  describe('while its claim is held up at the source', () => {
    before(function () {
      requires(this, needs.probe);
    });

    async function claimHeldUpAt(checkpoint: Checkpoint, source: Obedient, flags: number) {
      const { region } = await source.call('allocate', 4, SEED);
      const { address, offer } = await source.call('offer', process.pid, region, flags);
      await source.call('park', checkpoint);
      const worker = await startWorker();
      const failed = worker.call('claim', source.pid, address).then(
        () => expect.fail('the worker has its claim'),
        () => undefined,
      );
      await source.call('parked', checkpoint);
      return { worker, failed, region, address, offer };
    }

    async function keepBusy(worker: FixtureWorker<ObedientCommands>): Promise<void> {
      await Promise.all([worker.event('spinning'), worker.call('spin')]);
    }

    it('leaves disowned memory to the next claim', async () => {
      await using source = await startObedient();
      const { worker, failed, address, offer } = await claimHeldUpAt('source.dropped', source, RW | VMO_DISOWN);
      await worker.terminate();
      await failed;
      const claiming = vmClaim(source.pid, address);
      await source.call('unpark', 'source.dropped');
      using claim = await claiming;
      expectPages(claim.view(), SEED);
      expect(await source.call('claimed', offer)).to.equal('claimed');
    });

    it('leaves disowned memory to the next claim that it was too busy to see come', async () => {
      await using source = await startObedient();
      const { worker, failed, address, offer } = await claimHeldUpAt('source.dropped', source, RW | VMO_DISOWN);
      await keepBusy(worker);
      await source.call('unpark', 'source.dropped');
      // The brokers of both processes, which conclude the claim, answer this afterwards.
      await rejectionOf(vmClaim(source.pid, BigInt(PAGE)), 'ERR_VMO_NOT_OFFERED');
      await worker.terminate();
      await failed;
      using claim = vmClaimSync(source.pid, address);
      expectPages(claim.view(), SEED);
      expect(await source.call('claimed', offer)).to.equal('claimed');
    });

    it('uses up no offer whose terms come after its end', async () => {
      await using source = await startObedient();
      const { worker, failed, address } = await claimHeldUpAt('source.asked', source, VMO_GRANT_R);
      await worker.call('capabilities'); // it has left the claim to the loop by now
      probe().park('claim.terms');
      await source.call('unpark', 'source.asked');
      await parked('claim.terms');
      await worker.terminate();
      await failed;
      probe().unpark('claim.terms');
      using claim = await vmClaim(source.pid, address);
      expectPages(claim.view(), SEED);
    });

    it('lets go of shared memory that it was too busy to see come', async () => {
      await using source = await startObedient();
      const { worker, failed, region, offer } = await claimHeldUpAt('source.asked', source, VMO_GRANT_R);
      await keepBusy(worker);
      await source.call('unpark', 'source.asked');
      expect(await source.call('claimed', offer)).to.equal('claimed');
      await worker.terminate();
      await failed;
      await source.call('released', offer);
      expect(await source.call('difference', region, SEED)).to.be.undefined;
    });
  });

  it('stops watching', async () => {
    const worker = await startWorker();
    await worker.call('watch', process.pid);
    await worker.terminate();
    using region = allocate(PAGE);
    const offer = vmOffer(process.pid, region, VMO_GRANT_R);
    await until('the offer is listed', () => vmListOfferSync().some(({ id }) => id === offer.id));
    offer.cancel();
  });
});

describe('a process', () => {
  for (const { title, program } of [
    {
      title: 'outlives workers that are terminated while they claim and touch memory',
      program: 'terminates-busy-workers',
    },
    {
      title: 'outlives workers that are terminated while the addon reads their arguments',
      program: 'terminates-workers-in-arguments',
    },
    { title: 'outlives workers that end while others claim from them', program: 'workers-come-and-go' },
    {
      title: 'may use the library in a worker alone, which ends, and then in another',
      program: 'uses-library-in-workers-alone',
    },
    { title: 'may end while its workers use the library', program: 'ends-with-busy-workers' },
  ]) {
    it(title, async function () {
      this.timeout(60_000);
      await using child = await startFixture(program);
      expect(await child.ended).to.deep.include({ code: 0, signal: null, stderr: '' });
    });
  }

  it('outlives a worker that is terminated during a fault', async function () {
    requires(this, needs.probe, needs.userfault);
    await using child = await startFixture('terminates-worker-in-a-fault');
    expect(await child.ended).to.deep.include({ code: 0, signal: null, stderr: '' });
  });

  for (const [how, code, stderr] of [
    ['exit', 0, /^$/],
    ['return', 0, /^$/],
    ['throw', 1, /on purpose/],
  ] as const) {
    it(`may end during a fault of a worker, with an offer open (${how})`, async function () {
      requires(this, needs.probe, needs.userfault);
      await using child = await startFixture('ends-in-a-fault', { args: [how] });
      const ending = await child.ended;
      expect(ending).to.include({ code, signal: null });
      expect(ending.stderr).to.match(stderr);
      expect(brokerSocketsOf(child.pid)).to.be.empty;
    });
  }

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    it(`may be ended by ${signal} during a fault of a worker`, async function () {
      requires(this, needs.probe, needs.userfault);
      await using child = await startFixture('ends-in-a-fault', { args: ['wait'] });
      await child.event('parked');
      child.kill(signal);
      expect(await child.ended).to.deep.include({ code: null, signal });
      expect(brokerSocketsOf(child.pid)).to.be.empty;
    });
  }
});
