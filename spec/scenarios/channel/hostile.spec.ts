import { expect } from 'chai';
import { setImmediate as turn } from 'node:timers/promises';
import { Channel, VmoError, type VmoErrorCode } from 'vmoffer';
import {
  CLOSED_WORD,
  CORE_WORD,
  HEAD_WORD,
  READER_SLEEPS_WORD,
  ringWrittenBy,
  TAIL_WORD,
  WRITER_SLEEPS_WORD,
  type RingSize,
  type Side,
} from '#ts/channel/ring/layout.js';
import type { HostileChannelCommands } from '../../../fixtures/hostile-channel.js';
import { startFixture, type Child } from '../../support/child.js';
import { Random, runSeed } from '../../support/random.js';
import { rejectionOf, thrownBy } from '../../support/vmo-error.js';

type Hostile = Child<HostileChannelCommands>;

const SIZE: RingSize = { slots: 4, slotBytes: 120 };
const SEEDS_A_SIDE = 40;
const STEPS = 3000;

function startHostileChannel(): Promise<Hostile> {
  return startFixture<HostileChannelCommands>('hostile-channel');
}

/** Makes a channel to the hostile process, which opens or accepts it. */
async function channelTo(hostile: Hostile, itsSide: Side): Promise<Channel> {
  const itself = itsSide === 'opener' ? hostile.call('open', process.pid, SIZE) : hostile.call('accept');
  const options = { whenFull: 'fail' } as const;
  const mine =
    itsSide === 'opener' ? Channel.accept(hostile.pid, options) : Channel.open(hostile.pid, { ...SIZE, ...options });
  const [channel] = await Promise.all([mine, itself]);
  return channel;
}

function send(channel: Channel): boolean | Promise<boolean> {
  return channel.send(Uint8Array.of(1, 2, 3));
}

describe('a hostile side of a channel', () => {
  let hostile: Hostile;
  beforeEach(async () => {
    hostile = await startHostileChannel();
  });
  afterEach(() => hostile[Symbol.asyncDispose]());

  const theirs = ringWrittenBy('opener', SIZE);
  const mine = ringWrittenBy('acceptor', SIZE);
  const slot = theirs.firstSlot / 4;

  const received: [what: string, words: [at: number, value: number][]][] = [
    ['says that it has written more than there is room for', [[theirs.firstWord + HEAD_WORD, SIZE.slots + 1]]],
    ['takes back what it has not written', [[theirs.firstWord + HEAD_WORD, -1]]],
    [
      'sends a message longer than a slot',
      [
        [slot, SIZE.slotBytes + 1],
        [theirs.firstWord + HEAD_WORD, 1],
      ],
    ],
    [
      'sends a message of negative length',
      [
        [slot, -1],
        [theirs.firstWord + HEAD_WORD, 1],
      ],
    ],
    [
      'sends a message of no kind',
      [
        [slot + 1, 3],
        [theirs.firstWord + HEAD_WORD, 1],
      ],
    ],
    [
      'encloses something of no length',
      [
        [slot + 1, 1],
        [theirs.firstWord + HEAD_WORD, 1],
      ],
    ],
    [
      'encloses something at no address',
      [
        [slot, 24],
        [slot + 1, 1],
        [theirs.firstWord + HEAD_WORD, 1],
      ],
    ],
    ['closes with another number', [[theirs.firstWord + CLOSED_WORD, 7]]],
  ];
  for (const [what, words] of received) {
    it(`that ${what} breaks it, in both directions`, async () => {
      const channel = await channelTo(hostile, 'opener');
      for (const [at, value] of words) await hostile.call('poke', at, value);
      thrownBy(() => channel.receive(), 'ERR_VMO_PROTOCOL');
      thrownBy(() => channel.receive(), 'ERR_VMO_PROTOCOL');
      thrownBy(() => send(channel), 'ERR_VMO_PROTOCOL');
      await rejectionOf(channel.readable(), 'ERR_VMO_PROTOCOL');
      await rejectionOf(channel.messages().next(), 'ERR_VMO_PROTOCOL');
      expect(channel.ended).to.be.true;
      await channel.close();
    });
  }

  it('that takes back messages it has sent breaks it', async () => {
    const channel = await channelTo(hostile, 'opener');
    await hostile.call('poke', theirs.firstWord + HEAD_WORD, 2);
    expect(channel.receive()?.bytes).to.have.lengthOf(0);
    channel.receive();
    await hostile.call('poke', theirs.firstWord + HEAD_WORD, 1);
    thrownBy(() => channel.receive(), 'ERR_VMO_PROTOCOL');
    await channel.close();
  });

  for (const [what, tail] of [
    ['says that it has read what was not sent', SIZE.slots + 1],
    ['says that it has read less than nothing', -1],
  ] as const) {
    it(`that ${what} breaks it`, async () => {
      const channel = await channelTo(hostile, 'opener');
      await hostile.call('poke', mine.firstWord + TAIL_WORD, tail);
      thrownBy(() => {
        while (send(channel) === true);
      }, 'ERR_VMO_PROTOCOL');
      thrownBy(() => channel.receive(), 'ERR_VMO_PROTOCOL');
      await channel.close();
    });
  }

  it('that breaks it wakes all waits, with the error', async () => {
    const channel = await channelTo(hostile, 'opener');
    while (send(channel) === true);
    const waits = [channel.readable(), channel.writable(), channel.messages().next()].map((wait) =>
      rejectionOf(wait, 'ERR_VMO_PROTOCOL'),
    );
    await hostile.call('poke', theirs.firstWord + HEAD_WORD, 77);
    await hostile.call('ring');
    await Promise.all(waits);
    await channel.close();
  });

  it('that writes any number as its sleep, or changes the header, changes nothing', async () => {
    const channel = await channelTo(hostile, 'opener');
    for (const word of [0, 1, 2, 3]) await hostile.call('poke', word, -1);
    for (const value of [-1, 2, 1]) {
      await hostile.call('poke', mine.firstWord + READER_SLEEPS_WORD, value);
      await hostile.call('poke', theirs.firstWord + WRITER_SLEEPS_WORD, value);
      expect(send(channel)).to.be.true;
    }
    await hostile.call('poke', theirs.firstWord + HEAD_WORD, 1);
    expect(channel.receive()?.bytes).to.have.lengthOf(0);
    await channel.close();
  });

  it('that claims to run on any core changes nothing', async () => {
    const channel = await channelTo(hostile, 'opener');
    for (const [turns, core] of [0, -1, 1, 2, 2 ** 31 - 1, -(2 ** 31)].entries()) {
      await hostile.call('poke', theirs.firstWord + CORE_WORD, core);
      const waiting = channel.readable();
      await hostile.call('poke', theirs.firstWord + HEAD_WORD, turns + 1);
      await hostile.call('ring');
      expect(await waiting).to.be.true;
      expect(channel.receive()?.bytes).to.have.lengthOf(0);
      expect(channel.receive()).to.equal(undefined);
    }
    await channel.close();
  });

  it('that changes a message while it is being claimed breaks it', async () => {
    const channel = await channelTo(hostile, 'opener');
    for (const [at, value] of [
      [slot, 24],
      [slot + 1, 1],
      [slot + 2, 4096],
      [slot + 4, 4096],
    ] as const) {
      await hostile.call('poke', at, value);
    }
    const next = slot + theirs.strideBytes / 4;
    for (const offset of [0, 1, 2, 4]) await hostile.call('poke', next + offset, [24, 1, 8192, 0, 4096][offset] ?? 0);
    await hostile.call('poke', theirs.firstWord + HEAD_WORD, 2);
    await channel.readable();
    await hostile.call('poke', next + 1, 0);
    thrownBy(() => channel.receive()?.bytes, 'ERR_VMO_NOT_OFFERED');
    expect(channel.receive()?.bytes, 'bytes now, though it was memory before').to.have.lengthOf(24);
    await hostile.call('poke', slot + 2 * (theirs.strideBytes / 4), 24);
    await hostile.call('poke', slot + 2 * (theirs.strideBytes / 4) + 1, 1);
    await hostile.call('poke', slot + 2 * (theirs.strideBytes / 4) + 2, 4096);
    await hostile.call('poke', slot + 2 * (theirs.strideBytes / 4) + 4, 4096);
    await hostile.call('poke', theirs.firstWord + HEAD_WORD, 3);
    thrownBy(() => channel.receive(), 'ERR_VMO_PROTOCOL');
    await channel.close();
  });

  it('that hangs up is gone', async () => {
    const channel = await channelTo(hostile, 'opener');
    const waiting = rejectionOf(channel.readable(), 'ERR_VMO_PEER_GONE');
    await hostile.call('hangUp');
    await waiting;
    await channel.close();
  });

  it('that rings for ever does not stop the event loop', async () => {
    const channel = await channelTo(hostile, 'opener');
    const waiting = channel.readable();
    void hostile.call('flood').catch(() => undefined);
    for (let turns = 0; turns < 1000; turns++) await turn();
    await hostile.call('poke', theirs.firstWord + HEAD_WORD, 1);
    expect(await waiting).to.be.true;
    await channel.close();
  });

  const headers: [what: string, header: RingSize, extraPages: number][] = [
    ['more slots than it has', { slots: 400, slotBytes: 120 }, 0],
    ['slots of another length', { slots: 4, slotBytes: 9000 }, 0],
    ['slots without end', { slots: 2 ** 31 - 1, slotBytes: 2 ** 31 - 1 }, 0],
    ['no slots', { slots: 0, slotBytes: 120 }, 0],
    ['memory that is too long', SIZE, 1],
    ['memory that no channel has', SIZE, 2 ** 17],
  ];
  for (const [what, header, extraPages] of headers) {
    it(`that opens it with ${what} is refused`, async () => {
      const accepting = rejectionOf(Channel.accept(hostile.pid), 'ERR_VMO_PROTOCOL');
      await hostile.call('open', process.pid, SIZE, header, extraPages);
      await accepting;
    });
  }

  it('that opens something else does not keep others from being accepted', async () => {
    await hostile.call('ring');
    void hostile.call('open', process.pid, SIZE, { slots: 0, slotBytes: 0 });
    await using friend = await startHostileChannel();
    void friend.call('open', process.pid, SIZE);
    for await (const channel of Channel.accept()) {
      expect(channel.peerPid).to.equal(friend.pid);
      await channel.close();
      break;
    }
  });
});

describe('a side that writes random words anywhere', () => {
  const ALLOWED: VmoErrorCode[] = ['ERR_VMO_PROTOCOL', 'ERR_VMO_PEER_GONE'];

  /** Checks that a thrown error is one that a peer can cause. */
  function attempt(action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      if (!(error instanceof VmoError) || !ALLOWED.includes(error.code)) throw error;
      return false;
    }
  }

  async function useWhileItLasts(channel: Channel, random: Random): Promise<number> {
    let steps = 0;
    for (; steps < STEPS; steps++) {
      const isSound = attempt(() => {
        void channel.send(new Uint8Array(random.below(SIZE.slotBytes + 1)));
        channel.reserve(random.below(SIZE.slotBytes))?.fill(1);
        if (random.below(2) === 0) void channel.sendMany([Uint8Array.of(1), Uint8Array.of(2)]);
        lookAt(channel);
      });
      if (!isSound) break;
      if (steps % 4 === 0) await turn();
    }
    return steps;
  }

  function lookAt(channel: Channel): void {
    const message = channel.receive();
    if (!message) return;
    try {
      expect(message.bytes.length).to.be.at.most(SIZE.slotBytes);
    } catch (error) {
      if (!(error instanceof VmoError)) throw error; // an enclosure that was never offered
    }
    message.release();
  }

  for (const itsSide of ['opener', 'acceptor'] as const) {
    it(`as ${itsSide} causes errors, and nothing else (seed ${runSeed})`, async function () {
      this.timeout(60_000);
      const random = new Random(runSeed);
      await using hostile = await startHostileChannel();
      let steps = 0;
      let broken = 0;
      for (let round = 0; round < SEEDS_A_SIDE; round++) {
        const channel = await channelTo(hostile, itsSide);
        const scribbling = hostile.call('scribble', SIZE, random.below(2 ** 31));
        const taken = await useWhileItLasts(channel, random);
        steps += taken;
        if (taken < STEPS) broken++;
        await hostile.call('stop');
        await scribbling;
        await hostile.call('hangUp');
        await channel.close();
      }
      expect(steps, 'some steps were taken').to.be.greaterThan(SEEDS_A_SIDE);
      expect(broken, 'some channels were broken').to.be.greaterThan(0);
    });
  }
});
