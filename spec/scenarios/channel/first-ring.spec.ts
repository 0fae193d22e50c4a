import { expect } from 'chai';
import { setImmediate as turn } from 'node:timers/promises';
import { Channel } from 'vmoffer';
import { parked, probe } from '../../support/probe.js';
import { needs, requires } from '../../support/requires.js';

/** As many as a promise that has been resolved by another thread needs, and more. */
const TURNS = 1000;

describe('the opener of a channel', () => {
  before(function () {
    requires(this, needs.probe);
  });
  afterEach(() => {
    probe().unpark('source.dropped');
  });

  it('has no bell to ring before the acceptor has been told that the channel is its own', async () => {
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
