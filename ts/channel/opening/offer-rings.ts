import { VmoError } from '../../errors.js';
import { VMO_GRANT_R, VMO_GRANT_W } from '../../flags.js';
import { promiseOf } from '../../keep-alive.js';
import { addon } from '../../load-addon.js';
import { log } from '../../log.js';
import type { NativeOffer } from '../../native.js';
import { Region } from '../../region.js';
import type { CheckedChannelOptions } from '../options.js';
import { regionBytes, writeHeader } from '../ring/layout.js';
import { bringIn, type Rings } from '../ring/rings.js';

/** Makes the memory of a channel, offers it, and waits until it is accepted. */
export async function offerRings(destPid: number, options: CheckedChannelOptions): Promise<Rings> {
  const native = addon();
  options.signal?.throwIfAborted();
  const { slots, slotBytes } = options;
  const memory = native.allocate(regionBytes(options, native.pageSize), false, false);
  const region = Region.of(memory);
  try {
    await bringIn(memory);
    options.signal?.throwIfAborted();
    writeHeader(new Int32Array(region.buffer), options);
    const flags = VMO_GRANT_R | VMO_GRANT_W;
    const offer = native.offer(destPid, region.address, region.byteLength, flags, 'channel');
    log.channel('open to %d: %d slots of %d bytes', destPid, slots, slotBytes);
    await accepted(offer, options);
    const bell = offer.takeBell();
    if (!bell) throw gone(destPid);
    const { currentCore } = native;
    return { side: 'opener', peerPid: destPid, region, bell, currentCore, slots, slotBytes };
  } catch (error) {
    region.release();
    throw error;
  }
}

/** Rejects if the offer is given up. Then nobody can accept it any more: a claim that has begun fails or hangs up. */
function accepted(offer: NativeOffer, { signal, timeoutMs }: CheckedChannelOptions): Promise<undefined> {
  let letGo: (() => void) | undefined;
  const ended = promiseOf<undefined>((resolve, reject) => {
    offer.onEnded((ending) => {
      if (ending === 'claimed') resolve(undefined);
      else reject(gone(offer.destPid));
    });
    const giveUp = (why: unknown) => {
      offer.withdraw();
      reject(why);
    };
    const onAbort = () => {
      giveUp(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort);
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            giveUp(notAccepted(offer, timeoutMs));
          }, timeoutMs);
    letGo = () => {
      signal?.removeEventListener('abort', onAbort);
      clearTimeout(timer);
    };
  });
  return ended.finally(() => letGo?.());
}

function notAccepted({ destPid }: NativeOffer, timeoutMs: number): Error {
  return new VmoError(
    'ERR_VMO_TIMEOUT',
    `process ${destPid} has not accepted the channel within ${timeoutMs} ms; it must call Channel.accept, in the same network namespace`,
    { pid: destPid },
  );
}

function gone(pid: number): Error {
  return new VmoError('ERR_VMO_PEER_GONE', `process ${pid} has ended before it accepted the channel`, { pid });
}
