import { expect } from 'chai';
import { Channel } from 'vmoffer';
import { until } from '../../support/barriers.js';
import { openDescriptors } from '../../support/fds.js';
import { collectGarbage } from '../../support/garbage.js';
import { enoughDescriptors } from '../../support/limits.js';
import { objectMappings } from '../../support/mappings.js';
import { expectNumbered, numbered } from '../../support/numbered.js';
import { startObedient } from '../../support/obedient.js';
import { requires } from '../../support/requires.js';
import { threadNames } from '../../support/threads.js';

const CHANNELS = 500;

/** Leaves out the threads that close received descriptors, which come and go. */
function lastingThreads(): string[] {
  return threadNames().filter((name) => name !== 'vmo-closer');
}

describe(`${CHANNELS} channels at once`, () => {
  before(function () {
    // The memory object, the bell and the claim's connection. The first and the last may also be in flight.
    requires(this, enoughDescriptors(CHANNELS * 4 + 200));
  });

  it('carry their messages, without a thread of their own, and leave no descriptor', async function () {
    this.timeout(60_000);
    await using peer = await startObedient();
    void peer.call('serveChannels', process.pid).catch(() => undefined);
    // The second turn finds that process's broker if the first did not, and keeps a connection to it.
    for (const turn of ['first', 'second']) {
      const channel = await Channel.open(peer.pid, { slots: 2 });
      expect(channel.slots, turn).to.equal(2);
      await channel.close();
    }
    const threads = lastingThreads();
    const before = { descriptors: openDescriptors().size, mappings: objectMappings().length };
    const channels = await Promise.all(
      Array.from({ length: CHANNELS }, () => Channel.open(peer.pid, { slots: 4, slotBytes: 120 })),
    );
    for (const [number, channel] of channels.entries()) await channel.send(numbered(number, 100));
    await Promise.all(
      channels.map(async (channel, number) => {
        expect(await channel.readable()).to.be.true;
        expectNumbered(channel.receive()?.bytes ?? new Uint8Array(), number, 100);
      }),
    );
    expect(lastingThreads()).to.deep.equal(threads);
    for (const channel of channels) await channel.close();
    await until('nothing is left', () => {
      collectGarbage();
      return openDescriptors().size <= before.descriptors && objectMappings().length <= before.mappings;
    });
  });
});
