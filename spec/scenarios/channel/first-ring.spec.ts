import { expect } from 'chai';
import { setImmediate as turn } from 'node:timers/promises';
import { Channel } from 'vmoffer';
import { parked, probe } from '../../support/probe.js';
import { needs, requires } from '../../support/requires.js';

/** More turns of the event loop than it takes to settle a promise that another thread resolves. */
const TURNS = 1000;

describe('the opener of a channel', () => {
  before(function () {
    requires(this, needs.probe);
  });
  afterEach(() => {
    probe().unpark('source.dropped');
  });

  it('has no bell to ring before the acceptor has been told that it has the channel', async () => {
    probe().park('source.dropped');
    let isOpen = false;
    const opening = Channel.open(process.pid).then((channel) => {
      isOpen = true;
      return channel;
    });
    const accepting = Channel.accept(process.pid);
    await parked('source.dropped');
    for (let turns = 0; turns < TURNS; turns++) await turn();
    expect(isOpen).to.be.false;
    probe().unpark('source.dropped');
    for (const channel of await Promise.all([opening, accepting])) await channel.close();
  });
});
