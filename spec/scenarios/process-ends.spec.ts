import { expect } from 'chai';
import { allocate, vmClaim, vmOffer, VMO_GRANT_R, VMO_GRANT_W } from 'vmoffer';
import { until } from '../support/barriers.js';
import { startFixture, type Ending } from '../support/child.js';
import { heldBytes } from '../support/holders.js';
import { startObedient, type Obedient } from '../support/obedient.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { sharedMemoryBytes } from '../support/shared-memory.js';
import { brokerSocketsOf } from '../support/sockets.js';
import { resume, stop } from '../support/stopped.js';
import { describeForUsers } from '../support/users.js';

const SEED = 121;
const PAGES = 600;
const MIB = 2 ** 20;

interface Way {
  name: string;
  end: (child: Obedient) => unknown;
  expected: Partial<Ending>;
}

const WAYS: Way[] = [
  {
    name: 'normally',
    end: (child) => {
      child.disconnect();
    },
    expected: { code: 0, signal: null, stderr: '' },
  },
  { name: 'by process.exit()', end: (child) => child.call('exit', 3), expected: { code: 3, signal: null, stderr: '' } },
  {
    name: 'by an uncaught exception',
    end: (child) => child.call('throwUncaught', 'on purpose'),
    expected: { code: 1, signal: null },
  },
  {
    name: 'by SIGTERM',
    end: (child) => {
      child.kill('SIGTERM');
    },
    expected: { code: null, signal: 'SIGTERM', stderr: '' },
  },
  {
    name: 'by SIGKILL',
    end: (child) => {
      child.kill('SIGKILL');
    },
    expected: { code: null, signal: 'SIGKILL', stderr: '' },
  },
];

async function expectEnd(child: Obedient, { end, expected }: Way): Promise<void> {
  expect(brokerSocketsOf(child.pid)).to.have.lengthOf(1);
  await end(child);
  expect(await child.ended).to.deep.include(expected);
  expect(brokerSocketsOf(child.pid)).to.be.empty;
}

describeForUsers('a process that ends', (user) => {
  for (const way of WAYS) {
    describe(way.name, () => {
      let child: Obedient;
      beforeEach(async () => {
        child = await startObedient({ user });
      });
      afterEach(() => child[Symbol.asyncDispose]());

      it('with offers open leaves nothing behind', async () => {
        for (const destPid of [process.pid, child.pid]) {
          const { region } = await child.call('allocate', PAGES, SEED);
          await child.call('offer', destPid, region, VMO_GRANT_R);
        }
        await expectEnd(child, way);
      });

      it('with a claim half read releases it', async () => {
        using region = allocate(PAGES * PAGE);
        fillPages(region.view(), SEED);
        const offer = vmOffer(child.pid, region, VMO_GRANT_R);
        const claim = await child.call('claim', process.pid, region.address);
        expect(await child.call('difference', claim.region, SEED, 0, 3)).to.be.undefined;
        await expectEnd(child, way);
        await offer.released;
        expectPages(region.view(), SEED);
      });

      it('with its memory claimed leaves it to the claimer', async () => {
        const { region } = await child.call('allocate', PAGES, SEED);
        const { address } = await child.call('offer', process.pid, region, VMO_GRANT_R);
        using claim = await vmClaim(child.pid, address);
        expectPages(claim.view(0, PAGE), SEED);
        await expectEnd(child, way);
        expectPages(claim.view(), SEED);
      });
    });
  }
});

describe('a process that ends without being asked', () => {
  for (const which of ['claim', 'claimed', 'list', 'progress', 'incoming']) {
    it(`by process.exit() in a callback (${which}) has that exit code`, async () => {
      await using child = await startFixture('ends-in-callback', { args: [which, 'exit'] });
      expect(await child.ended).to.deep.include({ code: 7, signal: null, stderr: '' });
      expect(brokerSocketsOf(child.pid)).to.be.empty;
    });

    it(`by an exception in a callback (${which}) says so`, async () => {
      await using child = await startFixture('ends-in-callback', { args: [which, 'throw'] });
      const { code, stderr } = await child.ended;
      expect(code).to.equal(1);
      expect(stderr).to.include('thrown in a callback');
    });
  }

  for (const way of WAYS.filter(({ name }) => name !== 'normally')) {
    it(`${way.name} with a claim under way leaves the offer standing`, async () => {
      await using source = await startObedient();
      await using child = await startObedient();
      await using third = await startObedient();
      const { region } = await source.call('allocate', 4, SEED);
      const toChild = await source.call('offer', child.pid, region, VMO_GRANT_R);
      await source.call('offer', third.pid, region, VMO_GRANT_R);
      await stop(source);
      child.call('claim', source.pid, toChild.address, { timeoutMs: 60_000 }).catch(() => undefined);
      await child.call('capabilities'); // it has come by the claim
      await expectEnd(child, way);
      resume(source);
      expect(await source.call('claimed', toChild.offer)).to.equal('expired');
      const claim = await third.call('claim', source.pid, toChild.address);
      expect(await third.call('difference', claim.region, SEED)).to.be.undefined;
    });

    it(`${way.name} while it watches leaves nothing behind`, async () => {
      await using child = await startObedient();
      await child.call('watch');
      await child.call('list');
      await expectEnd(child, way);
    });
  }
});

describe('a process stays alive', () => {
  it('while an incomingOffers is open', async () => {
    await using child = await startFixture('watches-and-claims', { args: [String(process.pid)] });
    for (let turn = 0; turn < 3; turn++) {
      using region = allocate(PAGE);
      const offer = vmOffer(child.pid, region, VMO_GRANT_R);
      expect(await offer.claimed).to.equal('claimed');
    }
  });

  it('until the iteration is left', async () => {
    await using child = await startFixture('watches-and-claims', { args: [String(process.pid), '2'] });
    for (let turn = 0; turn < 2; turn++) {
      using region = allocate(PAGE);
      expect(await vmOffer(child.pid, region, VMO_GRANT_R).claimed).to.equal('claimed');
    }
    expect(await child.ended).to.deep.include({ code: 0, signal: null, stderr: '' });
  });

  it('while a claim is under way', async () => {
    await using source = await startObedient();
    await using child = await startObedient();
    const { region } = await source.call('allocate', 1);
    const { address, offer } = await source.call('offer', child.pid, region, VMO_GRANT_R);
    await stop(source);
    child.call('claim', source.pid, address, { timeoutMs: 60_000 }).catch(() => undefined);
    await child.call('capabilities'); // it has come by the claim
    child.disconnect();
    resume(source);
    expect(await source.call('claimed', offer)).to.equal('claimed');
    expect(await child.ended).to.deep.include({ code: 0, signal: null, stderr: '' });
  });

  it('while it waits for the ending of an offer', async () => {
    await using child = await startObedient();
    const { region } = await child.call('allocate', 1);
    const { address, offer } = await child.call('offer', process.pid, region, VMO_GRANT_R);
    child.call('claimed', offer).catch(() => undefined);
    await child.call('stateOf', offer);
    child.disconnect();
    (await vmClaim(child.pid, address)).release();
    expect(await child.ended).to.deep.include({ code: 0, signal: null, stderr: '' });
  });
});

describe('the memory of processes that have ended', () => {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    it(`goes back to the system after ${signal}, although it was offered and claimed`, async () => {
      await using source = await startObedient();
      await using claimer = await startObedient();
      const { region } = await source.call('allocate', (512 * MIB) / PAGE);
      await source.call('writeAll', region, 0xab);
      expect(heldBytes([source.pid])).to.be.above(500 * MIB);
      await source.call('offer', process.pid, region, VMO_GRANT_R);
      const { address } = await source.call('offer', claimer.pid, region, VMO_GRANT_R | VMO_GRANT_W);
      const claim = await claimer.call('claim', source.pid, address);
      await claimer.call('read', claim.region, 256 * MIB);
      const before = sharedMemoryBytes();
      for (const child of [source, claimer]) {
        child.kill(signal);
        await child.ended;
      }
      await until('the memory is back', () => before - sharedMemoryBytes() > 400 * MIB);
    });
  }
});
