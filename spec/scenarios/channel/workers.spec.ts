import { expect } from 'chai';
import { Channel, type ChannelOptions } from 'vmoffer';
import { until } from '../../support/barriers.js';
import { openDescriptors } from '../../support/fds.js';
import { objectMappings } from '../../support/mappings.js';
import { expectNumbered, lengthOf, numbered } from '../../support/numbered.js';
import { startObedient } from '../../support/obedient.js';
import { rejectionOf } from '../../support/vmo-error.js';
import { startWorker, type FixtureWorker } from '../../support/worker.js';
import type { ObedientCommands } from '../../../fixtures/obedient.js';

type ObedientWorker = FixtureWorker<ObedientCommands>;

async function openToWorker(worker: ObedientWorker, options?: ChannelOptions) {
  const [channel, theirs] = await Promise.all([
    Channel.open(process.pid, options),
    worker.call('acceptChannel', process.pid),
  ]);
  return { channel, theirs };
}

async function expectMessages(channel: Channel, count: number): Promise<void> {
  let number = 0;
  for await (const { bytes } of channel) {
    expectNumbered(bytes, number, lengthOf(number, channel.slotBytes));
    if (++number === count) return;
  }
}

describe('a channel between threads', () => {
  it('opened by the main thread carries messages both ways', async () => {
    await using worker = await startWorker();
    const { channel, theirs } = await openToWorker(worker, { slots: 8, slotBytes: 200 });
    const sent = worker.call('sendNumbered', theirs, 0, 500);
    await expectMessages(channel, 500);
    await sent;
    const received = worker.call('receiveNumbered', theirs, 0, 500);
    for (let number = 0; number < 500; number++) await channel.send(numbered(number, lengthOf(number, 200)));
    await received;
    await channel.close();
  });

  it('opened by a worker is accepted by the main thread', async () => {
    await using worker = await startWorker();
    const [theirs, channel] = await Promise.all([worker.call('openChannel', process.pid), Channel.accept(process.pid)]);
    await worker.call('sendText', theirs, 'from the worker');
    await channel.readable();
    expect(Buffer.from(channel.receive()?.bytes ?? []).toString()).to.equal('from the worker');
    await channel.close();
  });

  it('connects two workers, and a worker with another process', async () => {
    await using first = await startWorker();
    await using second = await startWorker();
    const [opened, accepted] = await Promise.all([
      first.call('openChannel', process.pid),
      second.call('acceptChannel', process.pid),
    ]);
    await Promise.all([first.call('sendNumbered', opened, 0, 300), second.call('receiveNumbered', accepted, 0, 300)]);
    await using peer = await startObedient();
    const [toPeer, fromWorker] = await Promise.all([
      first.call('openChannel', peer.pid),
      peer.call('acceptChannel', process.pid),
    ]);
    await Promise.all([first.call('sendNumbered', toPeer, 0, 300), peer.call('receiveNumbered', fromWorker, 0, 300)]);
  });
});

describe('a worker that is terminated', () => {
  it('is gone for the other side, once its messages have been received', async () => {
    const worker = await startWorker();
    const { channel, theirs } = await openToWorker(worker);
    await worker.call('sendText', theirs, 'last words');
    await worker.terminate();
    await channel.readable();
    expect(Buffer.from(channel.receive()?.bytes ?? []).toString()).to.equal('last words');
    await rejectionOf(channel.readable(), 'ERR_VMO_PEER_GONE');
    await channel.close();
  });

  for (const [what, use] of [
    ['waits for a message', (worker: ObedientWorker, theirs: number) => worker.call('readableChannel', theirs)],
    ['waits for room', (worker: ObedientWorker, theirs: number) => worker.call('sendNumbered', theirs, 0, 9999, 10)],
    ['does nothing', () => Promise.resolve()],
  ] as const) {
    it(`while it ${what} leaves nothing behind`, async () => {
      const before = { descriptors: openDescriptors().size, mappings: objectMappings().length };
      for (let round = 0; round < 3; round++) {
        const worker = await startWorker();
        const { channel, theirs } = await openToWorker(worker, { slots: 2 });
        const using = use(worker, theirs).catch((error: unknown) => error);
        await worker.call('ownPid');
        await worker.terminate();
        await using;
        await rejectionOf(drain(channel), 'ERR_VMO_PEER_GONE');
        await channel.close();
      }
      await until('nothing is left', () => {
        return openDescriptors().size <= before.descriptors && objectMappings().length <= before.mappings;
      });
    });
  }
});

async function drain(channel: Channel): Promise<void> {
  for await (const message of channel) message.release();
}
