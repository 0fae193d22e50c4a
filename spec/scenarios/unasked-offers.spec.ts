import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { VMO_GRANT_R } from 'vmoffer';
import { until } from '../support/barriers.js';
import { startHostile, type Child } from '../support/child.js';
import { startObedient, type Obedient } from '../support/obedient.js';

const MIB = 2 ** 20;
/** A hundred offers each. */
const PACKETS = 8000;
/** Less than these would take with forty bytes each, and more than uncollected garbage. */
const ENOUGH = 20 * MIB;

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

describe('a process that is told of more offers than it takes', () => {
  let watcher: Obedient;
  beforeEach(async () => {
    watcher = await startObedient();
    await watcher.call('list');
  });
  afterEach(() => watcher[Symbol.asyncDispose]());

  async function sent(rogue: Child, behaviour: string, packets: number): Promise<number> {
    rogue.say(`${behaviour} ${packets}`);
    return rogue.event<number>('sent');
  }

  /** Checks that an honest source's offers come through, although the rogue's wait. */
  async function expectToHearOthers(): Promise<void> {
    await using honest = await startObedient();
    const iteration = await watcher.call('beginToWatch', honest.pid);
    const { region } = await honest.call('allocate', 1);
    const { id } = await honest.call('offer', watcher.pid, region, VMO_GRANT_R);
    expect(await watcher.event('first')).to.equal(id);
    expect(iteration).to.be.a('number');
  }

  for (const behaviour of ['growing', 'in-series', 'old']) {
    for (const broker of ['none', 'silent']) {
      it(`keeps few offers of a source that announces unasked (${behaviour}; its own broker: ${broker})`, async () => {
        await using rogue = await startHostile('unasked', [watcher.pid, broker]);
        await watcher.call('beginToWatch');
        await sent(rogue, behaviour, 10);
        const before = residentBytes(watcher.pid);
        await sent(rogue, behaviour, PACKETS);
        expect(residentBytes(watcher.pid) - before).to.be.below(ENOUGH);
        await expectToHearOthers();
      });
    }
  }

  it('reads no more of an endless list than it takes, and goes on when it has taken some', async () => {
    await using rogue = await startHostile('unasked', [watcher.pid, 'many']);
    const iteration = await watcher.call('beginToWatch', rogue.pid);
    await watcher.event('first');
    let last = -1;
    await until('it is read no more', async () => last === (last = await sent(rogue, 'read', 0)));
    expect(last).to.be.within(5, 200);
    const ids = await watcher.call('nextOf', iteration, 10 * 1024);
    expect(ids).to.deep.equal(Array.from({ length: 10 * 1024 }, (_, index) => index + 2));
    await expectToHearOthers();
  });

  it('loses no offer of an honest source that is faster than it', async () => {
    await using honest = await startObedient();
    const iteration = await watcher.call('beginToWatch', honest.pid);
    const { region } = await honest.call('allocate', 6000);
    await honest.call('offerEachPage', watcher.pid, region, 6000, VMO_GRANT_R);
    const first = await watcher.event<number>('first');
    const rest = await watcher.call('nextOf', iteration, 5999);
    expect([first, ...rest]).to.deep.equal(Array.from({ length: 6000 }, (_, index) => first + index));
  });

  it('loses no offer of a source that came later and announces by itself', async () => {
    const iteration = await watcher.call('beginToWatch');
    await using honest = await startObedient();
    const { region } = await honest.call('allocate', 6000);
    await honest.call('offerEachPage', watcher.pid, region, 6000, VMO_GRANT_R);
    const first = await watcher.event<number>('first');
    const rest = await watcher.call('nextOf', iteration, 5999);
    expect([first, ...rest]).to.deep.equal(Array.from({ length: 6000 }, (_, index) => first + index));
  });

  it('takes offers from its sources in turn', async () => {
    await using rogue = await startHostile('unasked', [watcher.pid, 'none']);
    const iteration = await watcher.call('beginToWatch');
    await sent(rogue, 'growing', 8);
    await watcher.event('first');
    await using honest = await startObedient();
    const { region } = await honest.call('allocate', 1);
    const { id } = await honest.call('offer', watcher.pid, region, VMO_GRANT_R);
    const heard = (await honest.call('list')).some((offer) => offer.id === id);
    expect(heard).to.be.true;
    await expectToHearOthers(); // so its broker has read everything that came before
    expect(await watcher.call('nextOf', iteration, 10)).to.include(id);
  });

  it('lists at most 65 536 offers of one process, even if it has several brokers', async () => {
    await using rogue = await startHostile('unasked', [watcher.pid, 'many-of-four']);
    const listed = await watcher.call('list');
    expect(listed.filter(({ srcPid }) => srcPid === rogue.pid).length).to.be.within(10_000, 65_536);
  });
});
