/**
 * npm run fuzz -- rings: the other side of a channel writes anything anywhere into the rings, and rings when it likes. What comes of it
 * is an error that a peer can cause, and nothing is left behind.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { Channel, VmoError, type VmoErrorCode } from 'vmoffer';
import type { RingSize, Side } from '#ts/channel/ring/layout.js';
import type { HostileChannelCommands } from '../fixtures/hostile-channel.js';
import { startFixture, type Child } from '../spec/support/child.js';
import { collectGarbage } from '../spec/support/garbage.js';
import { expectHonestClaim } from '../spec/support/honest-claim.js';
import type { Random } from '../spec/support/random.js';
import { runBatches } from './batches.js';
import { backTo, weightOf, type Weight } from './weight.js';

type Hostile = Child<HostileChannelCommands>;

const ROUNDS = 10;
const STEPS = 2000;
/** The errors that one side can cause at the other: it breaks the channel, ends, or encloses memory that it does not offer. */
const ALLOWED: readonly VmoErrorCode[] = ['ERR_VMO_PROTOCOL', 'ERR_VMO_PEER_GONE', 'ERR_VMO_NOT_OFFERED'];
const SIZES: readonly RingSize[] = [
  { slots: 2, slotBytes: 120 },
  { slots: 4, slotBytes: 120 },
  { slots: 16, slotBytes: 1016 },
];

async function channelTo(hostile: Hostile, itsSide: Side, size: RingSize): Promise<Channel> {
  const options = { whenFull: 'fail' } as const;
  const [channel] = await Promise.all(
    itsSide === 'opener'
      ? [Channel.accept(hostile.pid, options), hostile.call('open', process.pid, size)]
      : [Channel.open(hostile.pid, { ...size, ...options }), hostile.call('accept')],
  );
  return channel;
}

function isAllowed(error: unknown): boolean {
  return error instanceof VmoError && ALLOWED.includes(error.code);
}

/** Whether the channel still works. */
function attempt(action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (!isAllowed(error)) throw error;
    return (error as VmoError).code === 'ERR_VMO_NOT_OFFERED';
  }
}

function receive(channel: Channel): void {
  const message = channel.receive();
  if (!message) return;
  const length = message.bytes.length;
  if (!message.region && length > channel.slotBytes) throw new Error(`a message of ${length} bytes is in a slot`);
  message.release();
}

/** For a wait that ends by itself soon. */
async function wait(channel: Channel, random: Random): Promise<void> {
  const signal = AbortSignal.timeout(1 + random.below(5));
  try {
    await (random.below(2) === 0 ? channel.readable({ signal }) : channel.writable({ signal }));
  } catch (error) {
    if (!isAllowed(error) && (error as Error).name !== 'TimeoutError') throw error;
  }
}

async function use(channel: Channel, random: Random): Promise<void> {
  const { slotBytes } = channel;
  for (let steps = 0; steps < STEPS; steps++) {
    const isSound = attempt(() => {
      void channel.send(new Uint8Array(random.below(slotBytes + 1)));
      channel.reserve(random.below(slotBytes))?.fill(1);
      if (random.below(2) === 0) void channel.sendMany([Uint8Array.of(1), Uint8Array.of(2)]);
      receive(channel);
    });
    if (!isSound) return;
    if (steps % 4 === 0) await turn();
    if (random.below(50) === 0) await wait(channel, random);
  }
}

async function abuse(hostile: Hostile, random: Random): Promise<void> {
  const size = random.pick(SIZES);
  const channel = await channelTo(hostile, random.pick(['opener', 'acceptor'] as const), size);
  const scribbling = hostile.call('scribble', size, random.below(2 ** 31));
  await use(channel, random);
  await hostile.call('stop');
  await scribbling;
  await hostile.call('hangUp');
  await channel.close();
}

async function attackOnce(random: Random): Promise<void> {
  await using hostile = await startFixture<HostileChannelCommands>('hostile-channel');
  for (let round = 0; round < ROUNDS; round++) await abuse(hostile, random);
}

let before: Weight;

async function runBatch(random: Random): Promise<void> {
  await attackOnce(random);
  await expectHonestClaim();
  collectGarbage();
  await backTo(before, process.pid);
}

async function main(): Promise<void> {
  await expectHonestClaim();
  await (await startFixture<HostileChannelCommands>('hostile-channel'))[Symbol.asyncDispose]();
  before = weightOf(process.pid);
  process.exit(await runBatches('rings', runBatch));
}

void main();
