import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import { Channel, vmClaim, vmListOfferSync } from 'vmoffer';
import { until } from '../../support/barriers.js';
import { startObedient, type Obedient } from '../../support/obedient.js';
import { resume, stop } from '../../support/stopped.js';
import { rejectionOf } from '../../support/vmo-error.js';
import { withDescriptors } from '../../support/wrappers.js';

const FEW_DESCRIPTORS = withDescriptors(128);
/** More channels than an acceptor remembers for one process. */
const FLOOD = 300;
/** More channels than 128 descriptors are enough for. */
const BURST = 150;

function offeredBy(pid: number): number {
  return vmListOfferSync().filter(
    ({ kind, srcPid, direction }) => kind === 'channel' && srcPid === pid && direction === 'received',
  ).length;
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Waits until this process and the other one have finished their background work. */
async function settle(other: Obedient): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await other.call('list');
}

async function expectEcho(caller: Obedient, pid: number): Promise<void> {
  const channel = await caller.call('openChannel', pid);
  await caller.call('sendText', channel, 'hello');
  await caller.call('readableChannel', channel);
}

describe('accepting channels from all processes', () => {
  let opener: Obedient;
  let honest: Obedient;
  beforeEach(async () => {
    opener = await startObedient();
    honest = await startObedient();
  });
  afterEach(async () => {
    await opener[Symbol.asyncDispose]();
    await honest[Symbol.asyncDispose]();
  });

  async function flood(count = FLOOD): Promise<void> {
    await opener.call('openMany', process.pid, count);
    await until('all are offered', () => offeredBy(opener.pid) === count);
  }

  /** The returned promise settles when the channel is accepted. */
  function openFromHonest(): Promise<number> {
    const opened = honest.call('openChannel', process.pid);
    opened.catch(() => undefined);
    return opened;
  }

  describe('with few descriptors', () => {
    let server: Obedient;
    beforeEach(async () => {
      server = await startObedient({ wrapper: FEW_DESCRIPTORS });
      void server.call('serveChannels').catch(() => undefined);
    });
    afterEach(() => server[Symbol.asyncDispose]());

    async function fillUp(): Promise<void> {
      await opener.call('openMany', server.pid, BURST);
      await until('it has no descriptors for more', () => descriptorsOf(server.pid) > 120);
      for (let turn = 0; turn < 200; turn++) await opener.call('capabilities'); // by now it has tried to get the channels that it cannot have
    }

    it('serves a burst of more channels than it has descriptors for', async () => {
      await fillUp();
      const served = expectEcho(honest, server.pid);
      await opener.call('closeMany');
      for (let opened = 0; opened < BURST; opened++) await opener.event('opened');
      await served;
    });

    it('serves an honest process once a greedy one has ended', async () => {
      await fillUp();
      const served = expectEcho(honest, server.pid);
      served.catch(() => undefined);
      opener.kill('SIGKILL');
      await opener.ended;
      await served;
      await expectEcho(honest, server.pid);
    });
  });

  it('takes turns: an honest process does not wait behind a whole flood', async () => {
    await flood();
    const opened = openFromHonest();
    await until('the honest one is offered', () => offeredBy(honest.pid) === 1);
    const acceptor = Channel.accept()[Symbol.asyncIterator]();
    const first: (number | undefined)[] = [];
    for (let turn = 0; turn < 3; turn++) {
      const { value } = (await acceptor.next()) as IteratorYieldResult<Channel>;
      first.push(value.peerPid);
      await value.close();
    }
    expect(first).to.include(honest.pid);
    await opened;
    await acceptor.return?.();
  });

  it('accepts all of a flood, although it does not remember all of it', async () => {
    await flood();
    let accepted = 0;
    for await (const channel of Channel.accept({ from: opener.pid })) {
      void channel.close();
      if (++accepted === FLOOD) break;
    }
    expect(offeredBy(opener.pid)).to.equal(0);
  });

  it('claims nothing before the program asks for it', async () => {
    await flood(20);
    const acceptor = Channel.accept({ from: opener.pid })[Symbol.asyncIterator]();
    for (const left of [19, 18]) {
      const { value } = (await acceptor.next()) as IteratorYieldResult<Channel>;
      await settle(opener);
      expect(offeredBy(opener.pid)).to.equal(left);
      await value.close();
    }
    await acceptor.return?.();
  });

  it('leaves channels that it has not taken to the next acceptor', async () => {
    await flood(5);
    const accepted: Channel[] = [];
    for (let acceptor = 0; acceptor < 5; acceptor++) {
      for await (const channel of Channel.accept({ from: opener.pid })) {
        accepted.push(channel);
        await settle(opener);
        break;
      }
    }
    expect(offeredBy(opener.pid)).to.equal(0);
    expect(accepted).to.have.lengthOf(5);
    for (const channel of accepted) await channel.close();
  });

  it('gives as many as the program asks for at once', async () => {
    await flood(40);
    const acceptor = Channel.accept({ from: opener.pid })[Symbol.asyncIterator]();
    const results = await Promise.all(Array.from({ length: 40 }, () => acceptor.next()));
    for (const { value } of results) await (value as Channel).close();
    await acceptor.return?.();
  });

  it('continues beside many sources that do not answer, and accepts their channels when they do', async () => {
    const silent = await Promise.all(Array.from({ length: 20 }, () => startObedient()));
    try {
      for (const process_ of silent) await process_.call('openMany', process.pid, 1);
      await until('all are offered', () => silent.every(({ pid }) => offeredBy(pid) === 1));
      for (const process_ of silent) await stop(process_);
      const opened = openFromHonest();
      const pids = new Set<number>();
      for await (const channel of Channel.accept()) {
        pids.add(channel.peerPid);
        void channel.close();
        if (pids.size === 1) {
          expect([...pids]).to.deep.equal([honest.pid]);
          for (const process_ of silent) resume(process_);
        }
        if (pids.size === silent.length + 1) break;
      }
      await opened;
    } finally {
      for (const process_ of silent) await process_[Symbol.asyncDispose]();
    }
  });

  it('accepts the channel of a process that was stopped for longer than a claim waits', async () => {
    await flood(2);
    const acceptor = Channel.accept({ from: opener.pid })[Symbol.asyncIterator]();
    await ((await acceptor.next()) as IteratorYieldResult<Channel>).value.close();
    await stop(opener);
    const next = acceptor.next();
    await rejectionOf(vmClaim(opener.pid, 0x1000n, { timeoutMs: 5200 }), 'ERR_VMO_TIMEOUT'); // more patient than next() is
    resume(opener);
    await ((await next) as IteratorYieldResult<Channel>).value.close();
    await acceptor.return?.();
  });

  it('loses none between several acceptors', async () => {
    await flood(60);
    const accepted: Channel[] = [];
    const acceptors = Array.from({ length: 4 }, () => Channel.accept({ from: opener.pid })[Symbol.asyncIterator]());
    await Promise.all(
      acceptors.map(async (acceptor) => {
        for (let turn = 0; turn < 15; turn++)
          accepted.push(((await acceptor.next()) as IteratorYieldResult<Channel>).value);
      }),
    );
    expect(accepted).to.have.lengthOf(60);
    for (const channel of accepted) await channel.close();
    for (const acceptor of acceptors) await acceptor.return?.();
  });
});
