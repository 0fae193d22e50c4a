import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { VMO_GRANT_R } from 'vmoffer';
import { until } from '../support/barriers.js';
import { startHostile, type Child } from '../support/child.js';
import { startObedient, type Obedient } from '../support/obedient.js';

const MIB = 2 ** 20;
/** A hundred offers each. */
const PACKETS = 8000;
/** Less than these take with forty bytes each, and more than a collector lets lie about. */
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

  /** An honest source's offers come through, although the rogue's wait. */
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
      it(`keeps few of a source's that tells unasked (${behaviour}; its own broker: ${broker})`, async () => {
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

  it('reads no more of a list without end than it takes, and goes on when it has taken some', async () => {
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

  it('loses none of an honest source that is ahead of it', async () => {
    await using honest = await startObedient();
    const iteration = await watcher.call('beginToWatch', honest.pid);
    const { region } = await honest.call('allocate', 6000);
    await honest.call('offerEachPage', watcher.pid, region, 6000, VMO_GRANT_R);
    const first = await watcher.event<number>('first');
    const rest = await watcher.call('nextOf', iteration, 5999);
    expect([first, ...rest]).to.deep.equal(Array.from({ length: 6000 }, (_, index) => first + index));
  });

  it('loses none when the source has come later, and tells on its own', async () => {
    const iteration = await watcher.call('beginToWatch');
    await using honest = await startObedient();
    const { region } = await honest.call('allocate', 6000);
    await honest.call('offerEachPage', watcher.pid, region, 6000, VMO_GRANT_R);
    const first = await watcher.event<number>('first');
    const rest = await watcher.call('nextOf', iteration, 5999);
    expect([first, ...rest]).to.deep.equal(Array.from({ length: 6000 }, (_, index) => first + index));
  });

  it('takes from its sources in turn', async () => {
    await using rogue = await startHostile('unasked', [watcher.pid, 'none']);
    const iteration = await watcher.call('beginToWatch');
    await sent(rogue, 'growing', 8);
    await watcher.event('first');
    await using honest = await startObedient();
    const { region } = await honest.call('allocate', 1);
    const { id } = await honest.call('offer', watcher.pid, region, VMO_GRANT_R);
    const heard = (await honest.call('list')).some((offer) => offer.id === id);
    expect(heard).to.be.true;
    await expectToHearOthers(); // its broker has heard what came before
    expect(await watcher.call('nextOf', iteration, 10)).to.include(id);
  });

  it('lists so many of one process, however many brokers it has', async () => {
    await using rogue = await startHostile('unasked', [watcher.pid, 'many-of-four']);
    const listed = await watcher.call('list');
    expect(listed.filter(({ srcPid }) => srcPid === rogue.pid).length).to.be.within(10_000, 65_536);
  });
});
