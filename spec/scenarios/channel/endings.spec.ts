import { expect } from 'chai';
import { type Channel, VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W } from 'vmoffer';
import { until } from '../../support/barriers.js';
import { fillUp, openBothEnds, openTo, receiveTexts } from '../../support/channels.js';
import { openDescriptors } from '../../support/fds.js';
import { collectGarbage } from '../../support/garbage.js';
import { objectMappings } from '../../support/mappings.js';
import { expectNumbered, numbered } from '../../support/numbered.js';
import { startObedient } from '../../support/obedient.js';
import { rejectionOf, thrownBy } from '../../support/vmo-error.js';

const MOVE = VMO_DISOWN | VMO_GRANT_R | VMO_GRANT_W;

function text(words: string): Uint8Array {
  return Buffer.from(words);
}

describe('a channel that is closed', () => {
  it('delivers the sent messages to the other side, and then ends its iteration', async () => {
    await using peer = await startObedient();
    const { channel, theirs } = await openTo(peer);
    for (const word of ['one', 'two', 'three']) await channel.send(text(word));
    await channel.close();
    expect(await peer.call('receiveTexts', theirs)).to.deep.equal(['one', 'two', 'three']);
  });

  it('wakes the other side, whatever it waits for', async () => {
    const ends = await openBothEnds({ slots: 2, whenFull: 'fail' });
    fillUp(ends.accepted);
    const reading = ends.accepted.readable();
    const writing = rejectionOf(ends.accepted.writable(), 'ERR_VMO_PEER_GONE');
    const iterating = ends.accepted.messages().next();
    await ends.opened.close();
    expect(await reading).to.be.false;
    expect(await iterating).to.deep.equal({ value: undefined, done: true });
    expect((await writing).message).to.include('closed');
    expect(ends.accepted.ended).to.be.true;
    expect(ends.accepted.receive()).to.equal(undefined);
  });

  it('ends the waits of its own side', async () => {
    const ends = await openBothEnds({ slots: 2, whenFull: 'fail' });
    fillUp(ends.opened);
    const reading = ends.opened.readable();
    const writing = rejectionOf(ends.opened.writable(), 'ERR_VMO_INVALID_ARGUMENT');
    const closing = ends.opened.close();
    expect(await reading).to.be.false;
    await writing;
    await closing;
    expect(ends.opened.close()).to.equal(closing);
    expect(ends.opened.ended).to.be.true;
    expect(ends.opened.receive()).to.equal(undefined);
    expect(await ends.opened.readable()).to.be.false;
    for (const use of [
      () => ends.opened.send(text('late')),
      () => ends.opened.sendMany([text('late')]),
      () => ends.opened.reserve(1),
      () => {
        ends.opened.commit();
      },
    ]) {
      expect(thrownBy(use, 'ERR_VMO_INVALID_ARGUMENT').message).to.include('closed by this side');
    }
    await ends.accepted.close();
  });

  it('still delivers messages that wait for room, and those that did not fit a slot', async () => {
    const ends = await openBothEnds({ slots: 2, slotBytes: 56 });
    const sent = [text('1'), text('2'), numbered(3, 9000), text('4')].map((bytes) => ends.opened.send(bytes));
    let isClosed = false;
    const closing = ends.opened.close().then(() => (isClosed = true));
    const lengths: number[] = [];
    for await (const { bytes } of ends.accepted) {
      if (bytes.length === 9000) expectNumbered(bytes, 3, 9000);
      if (lengths.push(bytes.length) < 3) expect(isClosed, 'it waits for its messages').to.be.false;
    }
    expect(lengths).to.deep.equal([1, 1, 9000, 1]);
    await closing;
    for (const result of sent) expect(await result).to.be.true;
    await ends.accepted.close();
  });

  it('does not wait for a side that has also closed', async () => {
    const ends = await openBothEnds({ slots: 2, slotBytes: 56 });
    const before = objectMappings().length;
    void ends.opened.send(numbered(0, 9000));
    const lost = ends.opened.send(text('fits'));
    const waiting = Promise.resolve(ends.opened.send(text('waits')));
    await Promise.all([rejectionOf(waiting, 'ERR_VMO_PEER_GONE'), ends.accepted.close(), ends.opened.close()]);
    expect(lost).to.be.true;
    expect(objectMappings()).to.have.lengthOf(before - 2);
  });

  it('by `using` or `await using` is closed', async () => {
    const ends = await openBothEnds();
    {
      using opened = ends.opened;
      await opened.send(text('last'));
    }
    expect(await receiveTexts(ends.accepted)).to.deep.equal(['last']);
    {
      await using accepted = ends.accepted;
      expect(accepted.ended).to.be.true;
    }
  });

  it('leaves no descriptor and no mapping on either side', async () => {
    await using peer = await startObedient();
    const useChannel = async () => {
      const { channel, theirs } = await openTo(peer);
      await peer.call('echo', theirs);
      for (const length of [10, 100_000]) {
        await channel.send(numbered(1, length));
        await channel.readable();
        expectNumbered(channel.receive()?.bytes ?? new Uint8Array(), 1, length);
      }
      await channel.close();
    };
    const counts = async () => {
      collectGarbage();
      const here = { descriptors: openDescriptors().size, mappings: objectMappings().length };
      return [here, await peer.call('holdings')].flatMap(({ descriptors, mappings }) => [descriptors, mappings]);
    };
    await useChannel(); // from here on, the things exist that last as long as the process
    let before = await counts();
    let looksAlike = 0;
    await until('it has come to rest', async () => {
      const now = await counts();
      looksAlike = now.join() === before.join() ? looksAlike + 1 : 0;
      before = now;
      return looksAlike === 10;
    });
    await useChannel();
    await until('nothing is left', async () => (await counts()).every((count, at) => count <= (before[at] ?? 0)));
  });
});

describe('a channel whose other side', () => {
  it('dies delivers its sent messages, and then ERR_VMO_PEER_GONE', async () => {
    await using peer = await startObedient();
    const { channel, theirs } = await openTo(peer);
    for (const word of ['one', 'two']) await peer.call('sendText', theirs, word);
    peer.kill('SIGKILL');
    await peer.ended;
    const received: string[] = [];
    const error = await rejectionOf(
      (async () => {
        for await (const { bytes } of channel) received.push(Buffer.from(bytes).toString());
      })(),
      'ERR_VMO_PEER_GONE',
    );
    expect(error.pid).to.equal(peer.pid);
    expect(received).to.deep.equal(['one', 'two']);
    thrownBy(() => channel.receive(), 'ERR_VMO_PEER_GONE');
    thrownBy(() => channel.send(text('late')), 'ERR_VMO_PEER_GONE');
    await rejectionOf(channel.readable(), 'ERR_VMO_PEER_GONE');
    await channel.close();
  });

  it('dies while this side waits is gone at once', async () => {
    const peer = await startObedient();
    const { channel } = await openTo(peer, { slots: 2 });
    const waits = [0, 1, 2, 3]
      .map((byte) => channel.send(Uint8Array.of(byte)))
      .filter((sent) => typeof sent !== 'boolean')
      .map((sent) => rejectionOf(sent, 'ERR_VMO_PEER_GONE'));
    expect(waits).to.have.lengthOf(2);
    const reading = rejectionOf(channel.readable(), 'ERR_VMO_PEER_GONE');
    await peer[Symbol.asyncDispose]();
    await Promise.all([...waits, reading, rejectionOf(channel.writable(), 'ERR_VMO_PEER_GONE')]);
    await channel.close();
  });

  it('dies is noticed even if the event loop never runs', async () => {
    const peer = await startObedient();
    const { channel } = await openTo(peer, { slots: 2, whenFull: 'fail' });
    const { channel: other } = await openTo(peer, { slots: 2, whenFull: 'fail' });
    fillUp(channel);
    process.kill(peer.pid, 'SIGKILL');
    thrownBy(() => {
      while (channel.receive() === undefined);
    }, 'ERR_VMO_PEER_GONE');
    fillUp(other);
    thrownBy(() => {
      while (other.send(text('more')) === false);
    }, 'ERR_VMO_PEER_GONE');
    await peer[Symbol.asyncDispose]();
    await Promise.all([channel.close(), other.close()]);
  });

  it('closes is noticed even if the event loop never runs', async () => {
    const ends = await openBothEnds();
    await ends.opened.send(text('last'));
    void ends.opened.close();
    let received = 0;
    while (!ends.accepted.ended) if (ends.accepted.receive()) received++;
    expect(received).to.equal(1);
  });

  it('dies with memory that it had sent: those messages are errors, and the others arrive', async () => {
    const peer = await startObedient();
    const { channel, theirs } = await openTo(peer);
    await peer.call('sendText', theirs, 'before');
    await peer.call('sendPages', theirs, 4, 1, MOVE);
    await peer.call('sendText', theirs, 'after');
    await peer[Symbol.asyncDispose]();
    const received: (string | undefined)[] = [];
    await rejectionOf(
      (async () => {
        for await (const message of channel) {
          try {
            received.push(Buffer.from(message.bytes).toString());
          } catch (error) {
            received.push((error as { code?: string }).code);
          }
        }
      })(),
      'ERR_VMO_PEER_GONE',
    );
    expect(received[0]).to.equal('before');
    expect(received[1]).to.match(/^ERR_VMO_(NO_PROCESS|PEER_GONE)$/);
    expect(received.slice(2)).to.deep.equal(['after']);
    await channel.close();
  });

  it('is killed amid its messages: those that arrive are whole, without a gap', async () => {
    for (let round = 0; round < 5; round++) {
      const peer = await startObedient();
      const { channel, theirs } = await openTo(peer, { slots: 16, slotBytes: 1000 });
      peer.call('sendNumbered', theirs, 0, 1_000_000, 1000).catch(() => undefined);
      let number = 0;
      await rejectionOf(
        (async () => {
          for await (const { bytes } of channel) {
            expectNumbered(bytes, number, 1000);
            if (++number === 90 + round) peer.kill('SIGKILL');
          }
        })(),
        'ERR_VMO_PEER_GONE',
      );
      expect(number).to.be.at.least(90 + round);
      await peer.ended;
      await channel.close();
    }
  });
});

describe('a channel that is garbage', () => {
  /** Returns one end. Only a pending wait refers to the other end. */
  async function keepAccepted(): Promise<Channel> {
    return (await openBothEnds()).accepted;
  }

  async function keepOpened(): Promise<{ opened: Channel; waiting: Promise<boolean> }> {
    const { opened, accepted } = await openBothEnds();
    return { opened, waiting: accepted.readable() };
  }

  it('ends for the other side', async () => {
    const accepted = await keepAccepted();
    let isOver = false;
    const ended = rejectionOf(accepted.readable(), 'ERR_VMO_PEER_GONE').finally(() => (isOver = true));
    await until('it has ended', () => {
      collectGarbage();
      return isOver;
    });
    await ended;
    await accepted.close();
  });

  it('is not collected while somebody waits on it', async () => {
    const { opened, waiting } = await keepOpened();
    for (let turn = 0; turn < 5; turn++) {
      collectGarbage();
      await new Promise(setImmediate);
    }
    await opened.send(text('still there'));
    expect(await waiting).to.be.true;
    await opened.close();
  });
});
