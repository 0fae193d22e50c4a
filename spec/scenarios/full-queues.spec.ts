import { expect } from 'chai';
import { setTimeout as pause } from 'node:timers/promises';
import { VMO_GRANT_R } from 'vmoffer';
import { processorTime } from '../support/activity.js';
import { startHostile } from '../support/child.js';
import { startObedient } from '../support/obedient.js';
import { needs, requires } from '../support/requires.js';

const OFFERS = 10_000;
const TICKS_IN_HALF_A_SECOND = 50;

describe('a destination whose queue of connections is full', () => {
  it('is tried again for all offers together, and told of them when there is room', async () => {
    await using destination = await startHostile('full_queue');
    await using source = await startObedient();
    const { region } = await source.call('allocate', OFFERS);
    await source.call('offerEachPage', destination.pid, region, OFFERS, VMO_GRANT_R);
    const before = processorTime(source.pid);
    await pause(500); // counts activity that nothing triggers, so there is no event to wait for
    expect(processorTime(source.pid) - before).to.be.lessThan(TICKS_IN_HALF_A_SECOND / 10);
    destination.say('there is room');
    await destination.event('told');
  });
});

describe('a destination that has no room for its source', () => {
  it('is told of the same offer later', async () => {
    await using destination = await startHostile('hangs_up', ['refuses']);
    await using source = await startObedient();
    const { region } = await source.call('allocate', 1);
    await source.call('offer', destination.pid, region, VMO_GRANT_R);
    await destination.event('told');
  });
});

describe('a destination that hangs up on its source before that has said anything', () => {
  it('is told when there is another offer', async function () {
    requires(this, needs.probe);
    await using destination = await startHostile('hangs_up');
    await using source = await startObedient();
    const { region } = await source.call('allocate', 2);
    await source.call('park', 'source.reached');
    await source.call('offerPages', destination.pid, region, 0, 1, VMO_GRANT_R);
    await source.call('parked', 'source.reached');
    await destination.event('hung-up');
    await source.call('unpark', 'source.reached');
    await source.call('offerPages', destination.pid, region, 1, 1, VMO_GRANT_R);
    await destination.event('told');
  });
});
