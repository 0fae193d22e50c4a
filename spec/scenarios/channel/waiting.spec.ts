import { expect } from 'chai';
import { setTimeout as pause } from 'node:timers/promises';
import { Channel, vmListOfferSync } from 'vmoffer';
import { until } from '../../support/barriers.js';
import { fillUp, openBothEnds, openTo } from '../../support/channels.js';
import { startObedient } from '../../support/obedient.js';
import { contextSwitches, processorTime } from '../../support/activity.js';
import { runProgram } from '../../support/program.js';
import { rejectionOf } from '../../support/vmo-error.js';

async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it was to be aborted'),
    (reason: unknown) => reason,
  );
}

describe('a side that waits', () => {
  it('is woken by a message', async () => {
    await using ends = await openBothEnds();
    const waiting = ends.accepted.readable();
    setImmediate(() => void ends.opened.send(Uint8Array.of(1)));
    expect(await waiting).to.be.true;
  });

  it('is woken by room', async () => {
    await using ends = await openBothEnds({ slots: 2, whenFull: 'fail' });
    fillUp(ends.opened);
    const waiting = ends.opened.writable();
    setImmediate(() => {
      ends.accepted.receive()?.release();
    });
    await waiting;
    expect(fillUp(ends.opened)).to.equal(1);
  });

  it('in another process is woken each time', async () => {
    await using peer = await startObedient();
    const { channel, theirs } = await openTo(peer);
    await peer.call('echo', theirs);
    for (let turn = 0; turn < 200; turn++) {
      await channel.send(Uint8Array.of(turn));
      await channel.readable();
      expect(channel.receive()?.bytes).to.deep.equal(Uint8Array.of(turn));
    }
    await channel.close();
  });

  it('stops waiting when its signal aborts', async () => {
    await using ends = await openBothEnds({ slots: 2, whenFull: 'fail' });
    const abort = new AbortController();
    const { signal } = abort;
    fillUp(ends.opened);
    const waits = [
      ends.opened.readable({ signal }),
      ends.opened.messages({ signal }).next(),
      ends.opened.writable({ signal }),
    ].map(reasonOf);
    setImmediate(() => {
      abort.abort('enough');
    });
    expect(await Promise.all(waits)).to.deep.equal(['enough', 'enough', 'enough']);
    expect(await reasonOf(ends.opened.readable({ signal }))).to.equal('enough');
    expect(await reasonOf(ends.opened.writable({ signal }))).to.equal('enough');
    expect(await reasonOf(ends.opened.messages({ signal }).next())).to.equal('enough');
    expect(ends.accepted.receive()?.bytes, 'nothing is lost').to.deep.equal(Uint8Array.of(0));
  });

  it('shares the messages with other waits of its side', async () => {
    await using ends = await openBothEnds();
    const waits = [ends.accepted.readable(), ends.accepted.readable()];
    setImmediate(() => void ends.opened.send(Uint8Array.of(1)));
    expect(await Promise.all(waits)).to.deep.equal([true, true]);
  });

  it('lets the rest of the program run when messages never stop', async () => {
    await using ends = await openBothEnds({ slots: 64, whenFull: 'fail' });
    let turns = 0;
    const turn = setInterval(() => turns++, 0);
    fillUp(ends.opened);
    for await (const message of ends.accepted) {
      message.release();
      fillUp(ends.opened);
      if (turns === 3) break;
    }
    while (turns < 6 && (await ends.accepted.readable())) {
      ends.accepted.receive();
      fillUp(ends.opened);
    }
    clearInterval(turn);
  });
});

describe('an idle channel', () => {
  it('uses no processor time on either side, whether somebody waits or not', async () => {
    await using peer = await startObedient();
    for (const isWaiting of [false, true]) {
      const { channel, theirs } = await openTo(peer);
      await peer.call('sendText', theirs, 'started');
      await channel.readable();
      channel.receive();
      const waiting = isWaiting ? peer.call('readableChannel', theirs) : undefined;
      // Checks that nothing happens, so there is no event to wait for. Now and then V8 cleans up by itself.
      await until('a third of a second has passed in which none of its threads ran', async () => {
        const before = { switches: contextSwitches(peer.pid), time: processorTime(peer.pid) };
        await pause(300);
        return contextSwitches(peer.pid) === before.switches && processorTime(peer.pid) === before.time;
      });
      await channel.send(Buffer.from('end'));
      await waiting;
      await channel.close();
    }
  });
});

describe('a process with a channel', () => {
  it('ends when nobody waits on it, and not before when somebody does', async () => {
    for (const [way, output] of [
      ['idle', 'open\n'],
      ['reading', 'open\nreceived\n'],
      ['writing', 'open\nsent\n'],
    ] as const) {
      const end = await runProgram(`node out/js/fixtures/channel-keeps-alive.js ${way}`);
      expect(end, way).to.deep.equal({ code: 0, output, errors: '' });
    }
  });
});

describe('opening a channel', () => {
  it('is given up by its signal', async () => {
    expect(await reasonOf(Channel.open(process.pid, { signal: AbortSignal.abort('before') }))).to.equal('before');
    const abort = new AbortController();
    const opening = reasonOf(Channel.open(process.pid, { signal: abort.signal }));
    setImmediate(() => {
      abort.abort('meanwhile');
    });
    expect(await opening).to.equal('meanwhile');
  });

  it('is given up after its time', async () => {
    const error = await rejectionOf(Channel.open(process.pid, { timeoutMs: 20 }), 'ERR_VMO_TIMEOUT');
    expect(error.message).to.include('Channel.accept').and.to.include('20 ms');
  });

  it('fails when there is no such process, and when it ends before it accepts', async () => {
    const peer = await startObedient();
    const opening = rejectionOf(Channel.open(peer.pid), 'ERR_VMO_PEER_GONE');
    await until('it is offered', () => vmListOfferSync().some(({ destPid }) => destPid === peer.pid));
    await peer[Symbol.asyncDispose]();
    await opening;
    await rejectionOf(Channel.open(peer.pid), 'ERR_VMO_NO_PROCESS');
  });

  it('takes only valid arguments', async () => {
    await rejectionOf(Channel.open(0), 'ERR_VMO_INVALID_ARGUMENT');
    await rejectionOf(Channel.open(process.pid, { slots: 1 }), 'ERR_VMO_INVALID_ARGUMENT');
    await rejectionOf(Channel.accept(-1), 'ERR_VMO_INVALID_ARGUMENT');
    expect(() => Channel.accept({ from: 0 })).to.throw('from');
    expect(() => Channel.accept(null as never)).to.throw('options');
    expect(() => new (Channel as unknown as new () => Channel)()).to.throw();
  });
});

describe('accepting channels', () => {
  it('is given up by its signal', async () => {
    const abort = new AbortController();
    const waits = [
      reasonOf(Channel.accept(process.pid, { signal: abort.signal })),
      reasonOf(Channel.accept({ signal: abort.signal })[Symbol.asyncIterator]().next()),
    ];
    setImmediate(() => {
      abort.abort('enough');
    });
    expect(await Promise.all(waits)).to.deep.equal(['enough', 'enough']);
  });

  it('gets all channels, from one process or from all, in turn', async () => {
    await using peer = await startObedient();
    const mine = [0, 1, 2].map(() => Channel.open(process.pid));
    const theirs = peer.call('openChannel', process.pid);
    const accepted: Channel[] = [];
    for await (const channel of Channel.accept({ from: process.pid })) {
      if (accepted.push(channel) === 3) break;
    }
    expect(accepted.map(({ peerPid }) => peerPid)).to.deep.equal([process.pid, process.pid, process.pid]);
    for await (const channel of Channel.accept()) {
      expect(channel.peerPid).to.equal(peer.pid);
      accepted.push(channel);
      break;
    }
    await theirs;
    for (const channel of [...accepted, ...(await Promise.all(mine))]) await channel.close();
  });

  it('takes the sizes from the opener', async () => {
    await using ends = await openBothEnds({ slots: 5, slotBytes: 77 });
    expect(ends.accepted).to.include({ slots: 5, slotBytes: 77, peerPid: process.pid, ended: false });
  });
});
