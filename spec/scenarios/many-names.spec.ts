import { expect } from 'chai';
import { VMO_GRANT_R, type OfferRecord } from 'vmoffer';
import { startHostile } from '../support/child.js';
import { enoughDescriptors } from '../support/limits.js';
import { startObedient } from '../support/obedient.js';
import { requires } from '../support/requires.js';
import { describeForUsers } from '../support/users.js';
import { withDescriptors } from '../support/wrappers.js';

const HALF = 10_000;
const FEW_DESCRIPTORS = withDescriptors(64);

interface Incoming {
  srcPid: number;
  address: bigint;
}

/** The names at which a hostile process listens. */
const ATTACKS = [
  { title: 'slots of their own', kind: 'own', count: 1500 },
  { title: 'names of theirs in many pid namespaces', kind: 'spread', count: 1500 },
  { title: 'slots of processes that live', kind: 'living', count: 3000 },
  { title: 'names of processes that are not there', kind: 'dead', count: 3000 },
  { title: 'names of no form', kind: 'formless', count: 3000 },
  { title: 'slots of others, where the queue is full', kind: 'full', count: 300 },
  { title: 'a name for each of many processes, none of which answers', kind: 'silent', count: 40 },
] as const;

describeForUsers('names without end, listened at', (user) => {
  for (const { title, kind, count } of ATTACKS) {
    describe(`(${title})`, () => {
      const start = () => startHostile('many_names', [kind, count], { user });

      for (const way of ['list', 'listSync'] as const) {
        it(`do not keep an honest process from being found with 64 descriptors (${way})`, async () => {
          await using one = await start();
          await using other = await start();
          await using honest = await startObedient();
          await using asker = await startObedient({ wrapper: FEW_DESCRIPTORS });
          const { region } = await honest.call('allocate', 1);
          const { address } = await honest.call('offer', asker.pid, region, VMO_GRANT_R);
          const found: OfferRecord[] = await asker.call(way);
          expect(found.map(({ srcPid }) => srcPid)).to.deep.equal([honest.pid]);
          expect(found[0]?.address).to.equal(address);
          expect([one.pid, other.pid]).to.not.include(honest.pid);
        });
      }

      it('do not make a watcher with 64 descriptors deaf to standing or new offers', async () => {
        await using one = await start();
        await using other = await start();
        await using honest = await startObedient();
        await using watcher = await startObedient({ wrapper: FEW_DESCRIPTORS });
        const { region } = await honest.call('allocate', 2);
        const standing = await honest.call('offer', watcher.pid, region, VMO_GRANT_R);
        await watcher.call('watch');
        expect(await watcher.event<Incoming>('incoming')).to.include({ srcPid: honest.pid, address: standing.address });
        const { region: second } = await honest.call('allocate', 1);
        const next = await honest.call('offer', watcher.pid, second, VMO_GRANT_R);
        expect(await watcher.event<Incoming>('incoming')).to.include({ srcPid: honest.pid, address: next.address });
        await using late = await startObedient();
        const { region: third } = await late.call('allocate', 1);
        const last = await late.call('offer', watcher.pid, third, VMO_GRANT_R);
        expect(await watcher.event<Incoming>('incoming')).to.include({ srcPid: late.pid, address: last.address });
        expect([one.pid, other.pid]).to.not.include(honest.pid);
      });
    });
  }
});

describe('names that take no connection', () => {
  it('are logged, by a list and by a watcher', async () => {
    await using names = await startHostile('many_names', ['full', 20]);
    await using asker = await startObedient({ env: { DEBUG: 'vmoffer:list,vmoffer:incoming' } });
    await asker.call('list');
    await asker.call('watch');
    await asker.call('list'); // by now the watcher has tried them, too
    asker.kill('SIGKILL');
    const { stderr } = await asker.ended;
    expect(stderr).to.match(/20 names of processes could not be asked/);
    expect(stderr).to.match(/20 names of processes take no connection now/);
    expect(names.pid).to.be.above(0);
  });
});

describe('twenty thousand names', () => {
  it('cost an asker nothing but time', async function () {
    requires(this, enoughDescriptors(HALF + 100));
    await using one = await startHostile('many_names', ['living', HALF]);
    await using other = await startHostile('many_names', ['spread', HALF]);
    await using honest = await startObedient();
    await using asker = await startObedient({ wrapper: FEW_DESCRIPTORS });
    const { region } = await honest.call('allocate', 1);
    await honest.call('offer', asker.pid, region, VMO_GRANT_R);
    const found = await asker.call('list');
    expect(found.map(({ srcPid }) => srcPid)).to.deep.equal([honest.pid]);
    expect([one.pid, other.pid]).to.not.include(honest.pid);
  });
});
