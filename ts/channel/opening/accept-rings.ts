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

/** The channels that are offered to this process, now or later, as offers that nobody has accepted yet. */
export function offeredRings(
  from: number | undefined,
  signal: AbortSignal | undefined,
): IncomingOfferIterator<NativeOfferRecord> {
  return new IncomingOfferIterator({ kind: 'channel', from }, (record) => record, signal);
}

/**
 * Claims the memory of an offered channel and checks its header.
 *
 * @throws {VmoError} as vmClaim; ERR_VMO_PROTOCOL if the memory is not a valid channel.
 */
export async function claimRings({ srcPid, address }: NativeOfferRecord, giveUp?: AbortSignal): Promise<Rings> {
  // Until the header has been checked, the memory may be anything, of any length. Kernel paging brings in no more than is touched.
  const { native, bell } = await claimOffered(srcPid, address, { paging: 'kernel', kind: 'channel' }, giveUp);
  const region = Claim.of(native);
  try {
    if (!bell) throw new Error('a channel was claimed without its bell');
    checkRegionBytes(region.byteLength);
    const size = readHeader(new Int32Array(region.buffer), addon().pageSize);
    // The limit is there because the pages may not exist yet: bringing them in would charge all of them to this process.
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

/** A lack of memory is no failure here: the channel is claimed already, and missing pages arrive when they are touched. */
async function bringInWhatThereIsRoomFor(native: NativeClaim): Promise<void> {
  try {
    await bringIn(native);
  } catch (error) {
    if (whatFailed(error) !== 'own') throw error;
    log.channel('not brought in: %o', error);
  }
}
