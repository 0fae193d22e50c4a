import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { VMO_GRANT_R, type ClaimOptions } from 'vmoffer';
import { until } from '../support/barriers.js';
import { startObedient, type Obedient } from '../support/obedient.js';
import { PAGE } from '../support/pages.js';
import { needs, requires, type Need } from '../support/requires.js';

const PAGES = 4096;
const SEED = 9;
/** Pages far apart, at varying distances. */
const FAR = [2500, 7, 1563, 3750, 833];

const taskset: Need = {
  what: 'taskset and two cores',
  remedy: 'install util-linux; run on a machine with two cores',
  isMet: () => ['/usr/bin/taskset', '/bin/taskset'].some(existsSync) && availableParallelism() > 1,
};

/** Lets the process offer a region to itself, and claim it. */
async function claimOwn(user: Obedient, region: number, options: ClaimOptions = {}) {
  const ownPid = await user.call('ownPid');
  const { address } = await user.call('offer', ownPid, region, VMO_GRANT_R);
  return user.call('claimSync', ownPid, address, options);
}

/** Moves the process's main thread to a core. */
function pin(user: Obedient, core: number): void {
  expect(spawnSync('taskset', ['-pc', String(core), String(user.pid)]).status).to.equal(0);
}

/** Lets the process claim its own memory and read all of it, page by page. */
async function readAll(user: Obedient): Promise<void> {
  const { region } = await user.call('allocate', PAGES, SEED);
  const claim = await claimOwn(user, region, { paging: 'userfault' });
  expect(await user.call('difference', claim.region, SEED)).to.equal(undefined);
}

describe('the threads that bring pages', () => {
  before(function () {
    requires(this, needs.userfault, taskset);
  });

  it('stay on the only core that the process may use, and need no helper there', async () => {
    for (const core of [0, 1]) {
      await using user = await startObedient({ wrapper: ['taskset', '-c', String(core)] });
      await readAll(user);
      const cores = await user.call('coresOfThreads');
      expect(cores['vmo-pager']).to.deep.equal([core]);
      expect(cores).not.to.have.property('vmo-ahead');
    }
  });

  it("stay on the cores that the process may use, and the helper avoids the pager's core", async () => {
    await using user = await startObedient({ wrapper: ['taskset', '-c', '0,1'] });
    await readAll(user);
    const { 'vmo-pager': pager = [], 'vmo-ahead': ahead = [] } = await user.call('coresOfThreads');
    for (const core of [...pager, ...ahead]) expect([0, 1]).to.include(core);
    expect(ahead).to.have.lengthOf(1);
  });
});

describe('the thread that answers faults, while it rests,', () => {
  before(function () {
    requires(this, needs.userfault, taskset);
  });

  it('comes to the core of a thread that asks for a view of a claim', async () => {
    await using user = await startObedient();
    await readAll(user); // starts the thread, which may run on both cores
    const { region } = await user.call('allocate', PAGES, SEED);
    for (const core of [0, 1, 0]) {
      pin(user, core);
      const claim = await claimOwn(user, region, { paging: 'userfault' });
      await user.call('openView', claim.region);
      expect((await user.call('coresOfThreads'))['vmo-pager']).to.deep.equal([core]);
    }
  });
});

describe('the thread that watches a claim which was left to the kernel', () => {
  before(function () {
    requires(this, needs.fullUserfault, taskset);
  });

  it('looks from the core of the thread that touches the claim, and brings the rest from another', async () => {
    await using user = await startObedient();
    await readAll(user); // starts the threads, which may run on both cores
    const { region } = await user.call('allocate', PAGES, SEED);
    const coresOfHelper = async () => (await user.call('coresOfThreads'))['vmo-ahead'] ?? [];
    for (const core of [0, 1, 0]) {
      pin(user, core);
      const claim = await claimOwn(user, region);
      for (const page of FAR) await user.call('read', claim.region, page * PAGE);
      expect((await user.call('stats', claim.region)).timesLeftToKernel).to.equal(1);
      await until('the helper waits beside the reader', async () => {
        const cores = await coresOfHelper();
        return cores.length === 1 && cores[0] === core;
      });
      expect(await user.call('difference', claim.region, SEED, 0, PAGES / 2)).to.equal(undefined);
      await until('the rest is there', async () => (await user.call('residentPages', claim.region)) === PAGES);
      expect(await coresOfHelper()).to.not.be.empty.and.to.not.include(core);
    }
  });
});

describe('the thread that a release waits for', () => {
  before(function () {
    requires(this, needs.userfault, taskset);
  });

  it('is woken on the core of the thread that releases', async () => {
    await using user = await startObedient();
    for (const core of [0, 1, 0]) {
      pin(user, core);
      const { region } = await user.call('allocate', 1, SEED);
      await user.call('release', region);
      expect((await user.call('coresOfThreads'))['vmo-stale']).to.deep.equal([core]);
    }
  });
});
