/** A Channel, opened by one process and accepted by the other. */
import { Channel } from 'vmoffer';
import type { End, Way } from '../end.js';
import { PollingEnd, type Sending } from '../polling-end.js';
import type { Run } from '../run.js';
import { startSecond } from '../second-process.js';
import { WaitingEnd } from '../waiting-end.js';

/** Both sides poll, and never wait. */
export function pollingWay(sending: Sending): Way {
  return channelWay('fail', (channel) => new PollingEnd(channel, sending));
}

/** Both sides sleep while there is nothing to do. */
export const waitingWay = channelWay('wait', (channel) => new WaitingEnd(channel));

/** As waitingWay, but times only the send, which wakes the other side. */
export const doorbellWay = channelWay('wait', (channel) => new WaitingEnd(channel, 'send'));

function channelWay(whenFull: 'fail' | 'wait', endOf: (channel: Channel) => End): Way {
  return {
    async openFirst(run: Run) {
      const { pid = 0 } = startSecond(run);
      return endOf(await Channel.open(pid, { slots: run.slots, slotBytes: run.byteLength, whenFull }));
    },
    async openSecond(_run: Run, firstPid: number) {
      return endOf(await Channel.accept(firstPid, { whenFull }));
    },
  };
}
