import { promiseOf } from './keep-alive.js';
import type { OfferKind, OfferState } from './kinds.js';
import { addon } from './load-addon.js';
import { log } from './log.js';
import type { NativeOfferList } from './native.js';

/** How long the other processes may take to answer. One that takes longer is left out. */
const LIST_TIMEOUT_MS = 1000;

/**
 * One offer that this process has made or that is made to it, from {@link vmListOffer}. It is a snapshot.
 *
 * @category Listing
 */
export interface OfferRecord {
  /** The offer's number, unique within its source process. */
  id: number;
  /** The pid of the process that made it. */
  srcPid: number;
  /** The pid of the process that may claim it. */
  destPid: number;
  /** The address of its first byte in the source process. */
  address: bigint;
  /** Its length in bytes. */
  byteLength: number;
  /** What it grants and drops: `VMO_*` bits. */
  flags: number;
  /** What it is for. */
  kind: OfferKind;
  /** Whether its pages are brought when they are touched. */
  supplied: boolean;
  /** `'sent'`: this process made it. `'received'`: it is made to this process. An offer to oneself is listed both ways. */
  direction: 'sent' | 'received';
  /** Where it stands. */
  state: OfferState;
}

/**
 * Lists the offers that this process has made and those that are made to it.
 *
 * To learn of the offers made to this process, it asks the other processes in the same network namespace that use this library.
 * A process that does not answer within a second is left out. The list has at most 65536 offers of each process and at most
 * 262144 of all together: a process that would have more than is left for the others is cut short.
 *
 * @returns a promise of the list. It rejects with ERR_VMO_TOO_MANY if this process has too few descriptors left to ask.
 *
 * @example
 * const [offer] = (await vmListOffer()).filter(({ direction }) => direction === 'received');
 * if (offer) await vmClaim(offer.srcPid, offer.address);
 *
 * @category Listing
 */
export async function vmListOffer(): Promise<OfferRecord[]> {
  const list = await promiseOf<NativeOfferList>((resolve, reject) => {
    addon().list(LIST_TIMEOUT_MS, (error, found) => {
      if (found) resolve(found);
      else reject(error);
    });
  });
  return traced(list);
}

/**
 * {@link vmListOffer}, but this thread waits for the answers.
 *
 * @returns the list.
 * @throws {VmoError} ERR_VMO_TOO_MANY if this process has too few descriptors left to ask.
 *
 * @example
 * const standing = vmListOfferSync().filter(({ direction, state }) => direction === 'sent' && state === 'pending');
 *
 * @category Listing
 */
export function vmListOfferSync(): OfferRecord[] {
  return traced(addon().listSync(LIST_TIMEOUT_MS));
}

function traced({ records, missed }: NativeOfferList): OfferRecord[] {
  log.list('%d offers', records.length);
  if (missed > 0) log.list('%d names of processes could not be asked: too many, or their queues are full', missed);
  return records;
}
