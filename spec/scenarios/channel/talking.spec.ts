import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Channel } from 'vmoffer';
import { contextSwitches } from '../../support/activity.js';
import { until } from '../../support/barriers.js';
import { openTo } from '../../support/channels.js';
import { startObedient, type Obedient } from '../../support/obedient.js';
import { requires, type Need } from '../../support/requires.js';

const MESSAGE = new Uint8Array(8);
/** A loop that has given timers no turn for this long gives none at all. */
const MOST_MS = 5000;

const twoCores: Need = {
  what: 'two cores',
  remedy: 'run on a machine with two cores, and without taskset',
  isMet: () => availableParallelism() > 1,
};
const taskset: Need = {
  what: 'taskset',
  remedy: 'install util-linux',
  isMet: () => ['/usr/bin/taskset', '/bin/taskset'].some(existsSync),
};

/** Pins the main thread of a process to cores, listed in the kernel's form. */
function pin(pid: number, cores: string): void {
  expect(spawnSync('taskset', ['-pc', cores, String(pid)]).status).to.equal(0);
}

/** The cores on which this process's main thread may run. */
function allowedCores(): string {
  const [, list = ''] = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return list;
}

/** Sends `count` messages to a process that echoes them, and waits for each echo. */
async function roundTrips(channel: Channel, count: number): Promise<void> {
  let left = count;
  void channel.send(MESSAGE);
  for await (const { bytes } of channel) {
    expect(bytes).to.have.lengthOf(MESSAGE.length);
    if (--left === 0) return;
    void channel.send(MESSAGE);
  }
}

async function openToEcho(peer: Obedient): Promise<Channel> {
  const { channel, theirs } = await openTo(peer);
  await peer.call('echo', theirs);
  return channel;
}

/** Repeats the step until timers have had `enough` turns, or too long. Returns how many turns they had. */
async function turnsDuring(step: () => Promise<unknown>, enough: number): Promise<number> {
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const end = performance.now() + MOST_MS;
  while (turns < enough && performance.now() < end) await step();
  clearInterval(timer);
  return turns;
}

describe('two sides that talk', () => {
  const cores = allowedCores();
  afterEach(() => {
    if (taskset.isMet()) pin(process.pid, cores);
  });

  it('look for each other instead of sleeping, also after a pause in which they have slept', async function () {
    requires(this, taskset, twoCores);
    await using peer = await startObedient();
    const channel = await openToEcho(peer);
    // On a busy machine the scheduler may put both on one core, where they rightly sleep.
    pin(process.pid, '0');
    pin(peer.pid, '1');
    for (let pause = 0; pause < 3; pause++) {
      await until('a thousand round trips have put the other side to sleep a hundred times at most', async () => {
        const before = contextSwitches(peer.pid);
        await roundTrips(channel, 1000);
        return contextSwitches(peer.pid) - before <= 100;
      });
      await roundTripsSlowly(channel);
    }
    await channel.close();
  });

  /** With pauses longer than any look. */
  async function roundTripsSlowly(channel: Channel): Promise<void> {
    for (let trip = 0; trip < 10; trip++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      await roundTrips(channel, 1);
    }
  }

  it('give the rest of their programs its turn', async () => {
    await using peer = await startObedient();
    const channel = await openToEcho(peer);
    expect(await turnsDuring(() => roundTrips(channel, 500), 10)).to.be.at.least(10);
    await channel.close();
  });

  it('go on talking when they are moved to one core, and apart again', async function () {
    requires(this, taskset, twoCores);
    await using peer = await startObedient();
    await using other = await startObedient();
    const [theirs, others] = await Promise.all([
      peer.call('openChannel', other.pid),
      other.call('acceptChannel', peer.pid),
    ]);
    for (const [peersCore, othersCore] of [
      ['0', '1'],
      ['0', '0'],
      ['1', '1'],
      ['1', '0'],
    ] as const) {
      for (const [{ pid }, core] of [[peer, peersCore] as const, [other, othersCore] as const]) {
        pin(pid, core);
      }
      for (let turn = 0; turn < 3; turn++) {
        const received = other.call('receiveNumbered', others, 0, 2000);
        await peer.call('sendNumbered', theirs, 0, 2000);
        await received;
      }
    }
    await peer.call('closeChannel', theirs);
  });
});

describe('a sender that finds room each time it looks', () => {
  it('gives the rest of its program its turn', async () => {
    await using peer = await startObedient();
    const { channel, theirs } = await openTo(peer, { slots: 2 });
    const received = peer.call('receiveTexts', theirs);
    const sendSome = async () => {
      for (let count = 0; count < 100; count++) await channel.send(MESSAGE);
    };
    expect(await turnsDuring(sendSome, 10)).to.be.at.least(10);
    await channel.close();
    await received;
  });
});
