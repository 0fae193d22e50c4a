/** Works that open channels, and get back what they send over them. */
import { Channel, type Message } from 'vmoffer';
import { expectNumbered, lengthOf, numbered } from '../../spec/support/numbered.js';
import { anyPeer, count, isEndOfPeer, Wrong, type Scene } from '../scene.js';

const OPEN_MS = 30_000;
const MOST_MESSAGES = 200;
const SIZES = [
  { slots: 2, slotBytes: 120 },
  { slots: 16, slotBytes: 1024 },
  { slots: 128, slotBytes: 1024 },
  { slots: 8, slotBytes: 8184 },
];

export async function talk(scene: Scene): Promise<void> {
  try {
    const channel = await Channel.open(anyPeer(scene), { ...scene.random.pick(SIZES), timeoutMs: OPEN_MS });
    const messages = scene.random.below(MOST_MESSAGES);
    await Promise.all([sendAll(channel, messages), expectEchoes(channel, messages)]);
    await channel.close();
    count(scene, 'channel');
  } catch (error) {
    if (!isEndOfPeer(error)) throw error;
    count(scene, 'channel whose peer had ended');
  }
}

async function sendAll(channel: Channel, messages: number): Promise<void> {
  for (let number = 0; number < messages; number++) {
    await channel.send(numbered(number, lengthOf(number, channel.slotBytes)));
  }
}

async function expectEchoes(channel: Channel, messages: number): Promise<void> {
  if (messages === 0) return;
  let number = 0;
  for await (const { bytes } of channel) {
    expectNumbered(bytes, number, lengthOf(number, channel.slotBytes));
    if (++number === messages) return;
  }
  throw new Wrong(`a channel ended after ${number} of ${messages} messages`);
}

/** Sends every message back, as a region if it came as one, until the other side closes or ends. */
export async function echo(channel: Channel): Promise<void> {
  try {
    for await (const message of channel) await sendBack(channel, message);
    await channel.close();
  } catch (error) {
    if (!isEndOfPeer(error)) throw error;
    await channel.close();
  }
}

async function sendBack(channel: Channel, { bytes }: Message): Promise<void> {
  await channel.send(bytes);
}
