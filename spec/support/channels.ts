/** Channels with both ends in this process, or one of them in another. */
import { Channel, type ChannelOptions } from 'vmoffer';
import type { Obedient } from './obedient.js';

export interface Ends {
  opened: Channel;
  accepted: Channel;
}

/** Opens a channel with both ends here. They are closed at the end of the scope. */
export async function openBothEnds(options?: ChannelOptions): Promise<Ends & AsyncDisposable> {
  const [opened, accepted] = await Promise.all([
    Channel.open(process.pid, options),
    Channel.accept(process.pid, options?.whenFull === undefined ? {} : { whenFull: options.whenFull }),
  ]);
  return {
    opened,
    accepted,
    async [Symbol.asyncDispose]() {
      await Promise.all([opened.close(), accepted.close()]);
    },
  };
}

/** Opens a channel to the peer: one end here, and the number of the other one there. */
export async function openTo(peer: Obedient, options?: ChannelOptions): Promise<{ channel: Channel; theirs: number }> {
  const [channel, theirs] = await Promise.all([
    Channel.open(peer.pid, options),
    peer.call('acceptChannel', process.pid),
  ]);
  return { channel, theirs };
}

/** The texts of all messages up to the end. */
export async function receiveTexts(channel: Channel): Promise<string[]> {
  const texts: string[] = [];
  for await (const { bytes } of channel) texts.push(Buffer.from(bytes).toString());
  return texts;
}

/** Sends until the ring is full, and returns how many messages that took. REQUIRES: whenFull is 'fail'. */
export function fillUp(channel: Channel): number {
  let count = 0;
  while (channel.send(Uint8Array.of(count)) === true) count++;
  return count;
}
