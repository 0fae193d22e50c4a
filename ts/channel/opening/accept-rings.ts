import { Claim } from '../../claim.js';
import { IncomingOfferIterator } from '../../incoming-offer-iterator.js';
import { addon } from '../../load-addon.js';
import { log } from '../../log.js';
import type { NativeClaim, NativeOfferRecord } from '../../native.js';
import { MIB } from '../../units.js';
import { claimOffered } from '../claim-offered.js';
import { checkRegionBytes, readHeader } from '../ring/layout.js';
import { bringIn, type Rings } from '../ring/rings.js';
import { whatFailed } from './accept-failure.js';

const MOST_TO_BRING_IN = 4 * MIB;

/** The channels offered to this process, those that stand and those that come, before they are accepted. */
export function offeredRings(
  from: number | undefined,
  signal: AbortSignal | undefined,
): IncomingOfferIterator<NativeOfferRecord> {
  return new IncomingOfferIterator({ kind: 'channel', from }, (record) => record, signal);
}

/**
 * Takes the memory of an offered channel and looks at it.
 *
 * @throws {VmoError} as vmClaim; ERR_VMO_PROTOCOL when it is none.
 */
export async function claimRings({ srcPid, address }: NativeOfferRecord, giveUp?: AbortSignal): Promise<Rings> {
  // By the kernel, page by page: until the memory has been looked at, it may be anybody's and of any length.
  const { native, bell } = await claimOffered(srcPid, address, { paging: 'kernel', kind: 'channel' }, giveUp);
  const region = Claim.of(native);
  try {
    if (!bell) throw new Error('a channel was claimed without its bell');
    checkRegionBytes(region.byteLength);
    const size = readHeader(new Int32Array(region.buffer), addon().pageSize);
    // Not without end: it may be memory that has never been touched, and then this process would pay for it.
    if (region.byteLength <= MOST_TO_BRING_IN) await bringInWhatThereIsRoomFor(native);
    log.channel('accepted from %d: %o', srcPid, size);
    const { currentCore } = addon();
    return { side: 'acceptor', peerPid: srcPid, region, bell, currentCore, ...size };
  } catch (error) {
    bell?.close();
    region.release();
    throw error;
  }
}

/** The channel has been claimed, and there is no second one: what does not come now comes when it is touched. */
async function bringInWhatThereIsRoomFor(native: NativeClaim): Promise<void> {
  try {
    await bringIn(native);
  } catch (error) {
    if (whatFailed(error) !== 'own') throw error;
    log.channel('not brought in: %o', error);
  }
}
